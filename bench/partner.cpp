#include "bench/partner.hpp"

#include "bench/channel.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace lastack::bench {

namespace {

bool read_line(int from, std::string& unread, std::string& line) {
    while (true) {
        if (const auto end = unread.find('\n'); end != std::string::npos) {
            line = unread.substr(0, end);
            unread.erase(0, end + 1);
            return true;
        }
        std::array<char, 4096> buffer;
        const ssize_t n = ::read(from, buffer.data(), buffer.size());
        if (n <= 0) {
            return false;
        }
        unread.append(buffer.data(), static_cast<std::size_t>(n));
    }
}

void write_line(int to, const std::string& line) {
    const std::string bytes = line + "\n";
    if (::write(to, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
        die("a line to the other process");
    }
}

}  // namespace

Partner::Partner(std::vector<std::string> arguments) {
    std::array<int, 2> orders{};
    std::array<int, 2> answers{};
    if (::pipe2(orders.data(), O_CLOEXEC) != 0 || ::pipe2(answers.data(), O_CLOEXEC) != 0) {
        die("pipe");
    }
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, orders[0], 0);
    ::posix_spawn_file_actions_adddup2(&actions, answers[1], 1);
    arguments.insert(arguments.begin(), "bench-client");
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    argv.push_back(nullptr);
    const auto program = std::filesystem::read_symlink("/proc/self/exe");  // by its name: a profiler follows it
    errno = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, argv.data(), environ);
    if (errno != 0) {
        die("the client's process");
    }
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(orders[0]);
    ::close(answers[1]);
    orders_ = orders[1];
    answers_ = answers[0];
}

Partner::~Partner() {
    ::close(orders_);
    ::close(answers_);
    ::waitpid(process_, nullptr, 0);
}

void Partner::order(const std::string& line) { write_line(orders_, line); }

std::string Partner::answer() {
    std::string line;
    if (!read_line(answers_, unread_, line)) {
        errno = ECHILD;
        die("the client's process ended before its time");
    }
    return line;
}

bool next_order(std::string& line) {
    static std::string unread;
    return read_line(0, unread, line);
}

void give_answer(const std::string& line) { write_line(1, line); }

}  // namespace lastack::bench
