#include "support/server_process.hpp"

#include "base/text.hpp"
#include "support/listening_socket.hpp"
#include "support/log_file.hpp"
#include "support/tcp_states.hpp"

#include <algorithm>
#include <csignal>
#include <fstream>
#include <poll.h>
#include <stdexcept>

namespace lastack::test {

namespace {

constexpr std::chrono::seconds kStartPatience{20};
constexpr std::chrono::seconds kStopPatience{5};
constexpr int kLookAgain = 5;  // milliseconds between two looks at the kernel's tables, which cannot be waited for
constexpr int kMostPorts = 3;

std::string last_words(const std::filesystem::path& log, Process& process) {
    const auto result = process.wait(kStopPatience);
    std::string text = result.out + result.err;
    for (const auto& line : log_lines(log)) {
        text += line + "\n";
    }
    return text;
}

// A zombie has closed its descriptors already; it may wait long for an init that takes it away.
bool lives_in_group(const std::filesystem::path& process, pid_t group) {
    std::ifstream in(process / "stat");
    std::string line;
    std::getline(in, line);
    // "pid (name) state parent group ...", with anything in the name.
    const auto fields = split(line.substr(std::min(line.rfind(')') + 1, line.size())), " ");
    return fields.size() > 2 && fields[0] != "Z" && fields[0] != "X" && fields[2] == std::to_string(group);
}

// Its children have the listening socket too, and die when the kernel comes to it.
void wait_until_gone(pid_t group) {
    const auto deadline = Clock::now() + kStopPatience;
    const auto lives = [&](const std::filesystem::directory_entry& each) { return lives_in_group(each.path(), group); };
    const auto any_lives = [&] { return std::ranges::any_of(std::filesystem::directory_iterator("/proc"), lives); };
    while (any_lives() && Clock::now() < deadline) {
        ::poll(nullptr, 0, kLookAgain);
    }
}

}  // namespace

ServerProcess::ServerProcess(const std::function<ProcessOptions(std::uint16_t port)>& prepare, const std::filesystem::path& log) {
    for (int tried = 1;; ++tried) {
        // Closed again when this statement ends, and free for the program.
        port_ = local_port(listen_on("127.0.0.1").get());
        const auto options = prepare(port_);
        process_ = std::make_unique<Process>(options);
        if (listens()) {
            return;
        }
        const bool ended = !process_->running();
        const auto said = ended ? last_words(log, *process_) : std::string("it does not listen");
        process_.reset();
        // Not every program says that the port was taken, and whoever had it may be gone: so whatever the reason.
        if (tried == kMostPorts || !ended) {
            throw std::runtime_error(options.arguments.at(0) + ": " + said);
        }
    }
}

// The program's own socket: at the port itself somebody else might answer.
bool ServerProcess::listens() {
    const auto deadline = Clock::now() + kStartPatience;
    while (process_->running() && Clock::now() < deadline) {
        const auto sockets = tcp_sockets(process_->pid());
        if (std::ranges::any_of(sockets,
                                [&](const TcpSocket& each) { return each.state == TcpState::listen && each.local_port == port_; })) {
            return true;
        }
        ::poll(nullptr, 0, kLookAgain);
    }
    return false;
}

ServerProcess::~ServerProcess() {
    const auto group = process_->pid();
    process_.reset();
    wait_until_gone(group);
}

void ServerProcess::stop() {
    if (process_->running()) {
        process_->signal(SIGTERM);
        process_->wait(kStopPatience);
        wait_until_gone(process_->pid());
    }
}

}  // namespace lastack::test
