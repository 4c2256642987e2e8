#include "package/kill/killed_run.hpp"

#include "support/written_repository.hpp"

#include <array>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace lastack::test {

namespace {

unsigned chosen_seed() {
    const char* given = std::getenv("LASTACK_TEST_SEED");
    return given != nullptr ? static_cast<unsigned>(std::stoul(given)) : std::random_device{}();
}

// Returns when the answer has come: by then its line is in the log, or will be soon.
void ask_for(const std::string& path, std::uint16_t port) {
    sockaddr_in address{.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const std::string request = "GET " + path + " HTTP/1.0\r\nHost: localhost\r\n\r\n";
    std::array<char, 4096> answer{};
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) < 0) {
        throw std::runtime_error("nginx is not there");
    }
    while (::recv(socket.get(), answer.data(), answer.size(), 0) > 0) {
    }
}

}  // namespace

Moments::Moments() : seed_{chosen_seed()}, random_{seed_} { std::cout << "LASTACK_TEST_SEED=" << seed_ << std::endl; }

bool run_and_kill(const std::vector<std::string>& command, const std::string& begin, const std::string& end, milliseconds moment) {
    Process process({.arguments = command});
    if (!begin.empty() && !process.wait_for_output(begin)) {
        throw std::runtime_error("no '" + begin + "' in the output:\n" + process.out() + process.err());
    }
    if (process.wait_for_output(end, moment) || !process.running()) {
        process.wait();
        return false;
    }
    process.signal_group(SIGKILL);
    return process.wait().signal == SIGKILL;
}

milliseconds time_between(const std::vector<std::string>& command, const std::string& begin, const std::string& end) {
    auto from = Clock::now();
    Process process({.arguments = command});
    const bool begun = begin.empty() || process.wait_for_output(begin);
    from = begin.empty() ? from : Clock::now();
    const bool ended = process.wait_for_output(end);
    const auto to = Clock::now();
    const auto result = process.wait();
    if (!begun || !ended || result.status != 0) {
        throw std::runtime_error("the undisturbed run fails:\n" + result.out + result.err);
    }
    return std::chrono::duration_cast<milliseconds>(to - from);
}

LogMark::LogMark(const NginxServer& nginx) : nginx_{nginx} {
    static int number = 0;
    const auto path = "/mark-" + std::to_string(++number);
    ask_for(path, nginx.port());
    const auto deadline = Clock::now() + std::chrono::seconds{10};
    for (auto lines = nginx.log(); Clock::now() < deadline; lines = nginx.wait_for_log(lines.size() + 1, milliseconds{500})) {
        if (const auto found = requests_for(lines, path); !found.empty()) {
            connection_ = found.front().connection;
            return;
        }
    }
    throw std::runtime_error("nginx did not log " + path);
}

std::vector<NginxLogLine> LogMark::requests_since(std::size_t count) const {
    const auto deadline = Clock::now() + std::chrono::seconds{3};
    auto lines = nginx_.log();
    while (true) {
        std::vector<NginxLogLine> found;
        for (const auto& line : lines) {
            if (line.connection > connection_) {
                found.push_back(line);
            }
        }
        if (found.size() >= count || Clock::now() >= deadline) {
            return found;
        }
        lines = nginx_.wait_for_log(lines.size() + 1, milliseconds{500});
    }
}

std::vector<NginxLogLine> requests_for(const std::vector<NginxLogLine>& lines, const std::string& path) {
    std::vector<NginxLogLine> found;
    for (const auto& line : lines) {
        if (line.request.starts_with("GET " + path + " ")) {
            found.push_back(line);
        }
    }
    return found;
}

Unfinished unfinished(const std::filesystem::path& file) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file.string() + ".part", missing);
    return {.size = missing ? 0 : size, .has_journal = content_of(file.string() + ".part.journal").ends_with("\nend\n")};
}

}  // namespace lastack::test
