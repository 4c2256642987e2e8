#include "bench/kill_run.hpp"

#include "bench/channel.hpp"
#include "bench/trial.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace lastack::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto reach_limit = 30s;
constexpr std::uint64_t longest_wait_us = 20'000;  // after the last byte: into digest, sync and rename
constexpr const char* unknown = "-";

// The client of this run, which answers with one line when it is through.
class Child {
public:
    explicit Child(std::vector<std::string> arguments) {
        std::array<int, 2> pipe{};
        if (::pipe2(pipe.data(), O_CLOEXEC) != 0) {
            die("pipe");
        }
        posix_spawn_file_actions_t actions;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawn_file_actions_adddup2(&actions, pipe[1], 1);
        arguments.insert(arguments.begin(), {"bench-kill-client", "--client"});
        std::vector<char*> argv;
        for (std::string& argument : arguments) {
            argv.push_back(argument.data());
        }
        argv.push_back(nullptr);
        const auto program = std::filesystem::read_symlink("/proc/self/exe");
        errno = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, argv.data(), environ);
        if (errno != 0) {
            die("the client's process");
        }
        ::posix_spawn_file_actions_destroy(&actions);
        ::close(pipe[1]);
        answer_ = pipe[0];
    }
    ~Child() {
        (void)join();
        ::close(answer_);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    // False when it was gone before.
    bool stand_still() {
        ::kill(process_, SIGSTOP);
        int status = 0;
        ::waitpid(process_, &status, WUNTRACED);
        joined_ = !WIFSTOPPED(status);
        return !joined_;
    }
    void give(int signal) const {
        if (!joined_) {
            ::kill(process_, signal);
            ::kill(process_, SIGCONT);
        }
    }
    [[nodiscard]] std::string join() {
        if (!joined_) {
            ::waitpid(process_, nullptr, 0);
            joined_ = true;
        }
        std::array<char, 2048> text{};
        const ssize_t n = ::read(answer_, text.data(), text.size());
        return n > 0 ? std::string{text.data(), static_cast<std::size_t>(n)} : std::string{};
    }

private:
    pid_t process_ = -1;
    int answer_ = -1;
    bool joined_ = false;
};

class KillRun {
public:
    explicit KillRun(const KillSetting& setting)
        : setting_{setting},
          server_{setting.seed, {mirror(), mirror()}},
          path_{"/file-" + std::to_string(setting.size)},
          folder_{setting.folder},
          file_{folder_.path() / "file"} {}

    KillOutcome run() {
        const bool by_signal = setting_.interruption == Interruption::sigkill || setting_.interruption == Interruption::sigint;
        const bool changes = setting_.situation == Situation::file_changed;
        const bool moves = setting_.situation == Situation::other_mirror;
        const bool is_complete = setting_.situation == Situation::complete;
        // Without a digest only the validator protects; a change under a running download can be told in no other way.
        const bool knows = moves || is_complete || ((!changes || by_signal) && mixed(setting_.seed, 2) % 2 == 0);
        const std::uint64_t offset = is_complete ? setting_.size : setting_.offset;
        server_.cut(
            0,
            {.offset = offset, .cut = kind(), .gone_afterwards = moves, .version_afterwards = changes ? std::optional{1U} : std::nullopt});
        const Content before = server_.content(path_);
        const Content after = server_.content(path_, changes ? 1 : 0);
        std::uint64_t unread = 0;
        if (by_signal) {
            unread = killed_client(before, knows);
        }
        const auto urls = !moves ? std::vector<std::size_t>{0} : by_signal ? std::vector<std::size_t>{1} : std::vector<std::size_t>{0, 1};
        finish(client(urls, knows ? &after : nullptr), after);
        if (!by_signal && !is_complete) {  // a client that has it all may be gone before
            outcome_.reached = server_.wait_for_cut(0, 0ms);
        }
        outcome_.told += outcome_.reached ? "" : "the interruption never came; ";
        if (is_complete) {
            finish(client(urls, &after), after);
        }
        const MirrorCounts counts = server_.total();
        const std::uint64_t sent = counts.body_bytes - unread;
        // What came before is of no use when the file is another one, or when the server can only send all of it.
        const bool anew = changes || setting_.situation == Situation::no_ranges;
        const std::uint64_t needed = setting_.size + (anew ? counts.bytes_until_cut - unread : 0);
        outcome_.refetched = sent > needed ? sent - needed : 0;
        return outcome_;
    }

private:
    [[nodiscard]] MirrorSetup mirror() const { return {.ranges = setting_.situation != Situation::no_ranges}; }

    [[nodiscard]] Cut kind() const {
        switch (setting_.interruption) {
            case Interruption::sigkill:
            case Interruption::sigint:
                return Cut::hold;
            case Interruption::rst:
                return Cut::rst;
            case Interruption::fin:
                return Cut::fin;
            case Interruption::stall:
                return Cut::stall;
        }
        return Cut::hold;
    }

    [[nodiscard]] std::vector<std::string> client(const std::vector<std::size_t>& mirrors, const Content* known) const {
        std::vector<std::string> arguments{file_.string(), known == nullptr ? unknown : std::to_string(known->size),
                                           known == nullptr ? unknown : known->sha256(), std::to_string(setting_.timeout.count())};
        for (const std::size_t mirror : mirrors) {
            arguments.push_back(server_.url(mirror, path_));
        }
        return arguments;
    }

    // Bytes that had left the server and that the client never read.
    std::uint64_t killed_client(const Content& content, bool knows) {
        Child child{client({0}, knows ? &content : nullptr)};
        outcome_.reached = server_.wait_for_cut(0, reach_limit);
        if (setting_.situation == Situation::complete) {
            std::this_thread::sleep_for(std::chrono::microseconds{mixed(setting_.seed, 3) % longest_wait_us});
        }
        const std::uint64_t unread = child.stand_still() ? server_.unread(0) : 0;
        child.give(setting_.interruption == Interruption::sigkill ? SIGKILL : SIGINT);
        (void)child.join();
        std::error_code ignored;
        if (std::filesystem::exists(file_, ignored) && !holds(file_, content)) {
            outcome_.wrong = true;
            outcome_.told += "a wrong file after the signal; ";
        }
        return unread;
    }

    void finish(std::vector<std::string> arguments, const Content& content) {
        const std::string answer = Child{std::move(arguments)}.join();
        const bool failed = !answer.starts_with("ok");
        std::error_code ignored;
        const bool wrong = std::filesystem::exists(file_, ignored) && !holds(file_, content);
        outcome_.failed = outcome_.failed || failed;
        outcome_.wrong = outcome_.wrong || wrong;
        outcome_.told += failed ? answer.substr(0, answer.find('\n')) + "; " : "";
        outcome_.told += wrong ? "a wrong file in the end; " : "";
    }

    KillSetting setting_;
    FaultServer server_;
    std::string path_;
    TrialFolder folder_;
    std::filesystem::path file_;
    KillOutcome outcome_;
};

}  // namespace

const char* interruption_name(Interruption interruption) {
    constexpr std::array<const char*, interruption_kinds> names{"SIGKILL", "SIGINT", "RST", "FIN", "stall"};
    return names[static_cast<std::size_t>(interruption)];
}

const char* situation_name(Situation situation) {
    constexpr std::array<const char*, situation_kinds> names{"same mirror", "other mirror", "file changed", "no ranges", "complete"};
    return names[static_cast<std::size_t>(situation)];
}

KillOutcome run_kill(const KillSetting& setting) { return KillRun{setting}.run(); }

int run_kill_client(int argc, char** argv) {
    constexpr int fixed = 6;
    if (argc <= fixed) {
        return 2;
    }
    sigset_t interrupt;
    ::sigemptyset(&interrupt);
    ::sigaddset(&interrupt, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &interrupt, nullptr);
    std::stop_source stop;
    std::thread{[&stop, interrupt] {
        int signal = 0;
        ::sigwait(&interrupt, &signal);
        stop.request_stop();
    }}.detach();
    DownloadRequest request{.urls = {argv + fixed, argv + argc}, .path = argv[2]};
    if (std::strcmp(argv[3], unknown) != 0) {
        request.size = std::strtoull(argv[3], nullptr, 10);
        request.digests = {{.algorithm = DigestAlgorithm::sha256, .hex = argv[4]}};
    }
    request.options.timeout = std::chrono::milliseconds{std::strtoll(argv[5], nullptr, 10)};
    request.options.connection.proxy.url = "";
    std::string answer;
    {
        Client client;
        const auto results = client.download({request}, nullptr, stop.get_token());
        answer = results[0] ? "ok\n" : "failed: " + describe(results[0].error()) + "\n";
    }
    (void)!::write(1, answer.data(), answer.size());
    std::_Exit(0);  // the thread that waits for a signal is not waited for
}

}  // namespace lastack::bench
