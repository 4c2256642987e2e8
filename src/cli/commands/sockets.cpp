#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/processes.hpp"
#include "cli/progress.hpp"
#include "cli/socket_history.hpp"
#include "cli/socket_looks.hpp"
#include "cli/socket_text.hpp"
#include "cli/watched_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace lastack::cli {

namespace {

constexpr std::chrono::milliseconds judging_interval{10};
constexpr std::chrono::milliseconds showing_interval{500};
constexpr std::size_t usual_height = 24;

// Waits until one of the two is readable or the time has come; a descriptor of -1 is never readable.
void wait_until(TimePoint deadline, int first, int second) {
    std::array<pollfd, 2> polled{{{.fd = first, .events = POLLIN, .revents = 0}, {.fd = second, .events = POLLIN, .revents = 0}}};
    const auto left = std::max(Duration::zero(), deadline - Clock::now());
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    ::ppoll(polled.data(), polled.size(), &time, nullptr);
}

std::size_t terminal_height() {
    winsize size{};
    return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 ? size.ws_row : usual_height;
}

// Redraws in place what fits the terminal.
class Screen {
public:
    void draw(const std::vector<std::string>& lines) {
        std::string text = drawn_ > 0 ? fmt::format("\x1b[{}A\r\x1b[J", drawn_) : std::string{};
        const auto shown = fitted(lines, style_of(stdout).window.columns, terminal_height() - 1);
        for (const std::string& line : shown) {
            text += line + "\n";
        }
        drawn_ = shown.size();
        std::fwrite(text.data(), 1, text.size(), stdout);
        std::fflush(stdout);
    }

private:
    std::size_t drawn_ = 0;
};

std::vector<std::string> names_of(const SocketRequest& request) {
    return request.names.empty() && request.pids.empty() ? std::vector<std::string>{"lastack", "lastack-transact"} : request.names;
}

net::SocketOwners::Processes chosen(const SocketRequest& request) {
    if (request.all) {
        return &all_processes;
    }
    return [pids = request.pids, names = names_of(request)] {
        std::vector<pid_t> found = pids;
        for (const pid_t pid : names.empty() ? std::vector<pid_t>{} : all_processes()) {
            if (pid != ::getpid() && std::ranges::find(found, pid) == found.end() && is_named(program_name(pid), names)) {
                found.push_back(pid);
            }
        }
        return found;
    };
}

// One run over processes that exist already.
class ProcessWatch {
public:
    explicit ProcessWatch(Session& session)
        : session_{session},
          request_{session.arguments().sockets},
          looks_{chosen(request_), net::Quiet::wanted, request_.all ? Ownerless::show : Ownerless::leave_out},
          history_{request_.fail_after} {}

    int run() {
        for (const pid_t pid : request_.pids) {
            if (!is_process(pid)) {
                return session_.fail(fmt::format("there is no process {}", pid));
            }
        }
        redraws_ = request_.watch && !request_.json && style_of(stdout).terminal;
        const Duration interval = request_.fail_after ? judging_interval : showing_interval;
        while (true) {
            auto look = looks_.take();
            if (!look) {
                return session_.fail(look.error());
            }
            begun_ = begun_.value_or(look->begun);
            const auto events = history_.feed(*look);
            if (request_.watch) {
                follow(events, look->ended);
            }
            if (is_over(*look)) {
                return finish();
            }
            wait_until(next_look(*look, interval), session_.signals().descriptor(), -1);
            if (session_.stop().stop_requested()) {
                return request_.watch ? finish() : session_.stopped();
            }
        }
    }

private:
    [[nodiscard]] bool is_over(const Look& look) const {
        if (!history_.overdue().empty() || std::ferror(stdout) != 0) {
            return true;
        }
        if (request_.watch) {
            return !request_.pids.empty() && request_.names.empty() && std::ranges::none_of(request_.pids, &is_process);
        }
        return !request_.fail_after || look.begun - *begun_ > *request_.fail_after + judging_interval;
    }

    void follow(const std::vector<SocketEvent>& events, TimePoint now) {
        if (redraws_) {
            if (!drawn_ || now - *drawn_ >= showing_interval) {
                drawn_ = now;
                screen_.draw(socket_table(history_.sockets()));
            }
            return;
        }
        for (const SocketEvent& event : events) {
            const Duration at = now - *begun_;
            session_.print((request_.json ? event_json(event, at) : event_line(event, at)) + "\n");
        }
    }

    int finish() {
        if (!request_.watch) {
            show();
        }
        if (looks_.owners().hidden() > 0 && !session_.quiet()) {
            session_.warn(fmt::format("{} processes of other users could not be looked into; root sees them", looks_.owners().hidden()));
        }
        for (const CloseWait& wait : history_.overdue()) {
            if (request_.json) {
                session_.print(overdue_json(wait, *request_.fail_after) + "\n");
            }
            session_.fail(overdue_sentence(wait, *request_.fail_after));
        }
        return history_.overdue().empty() && std::ferror(stdout) == 0 ? exit_status::done : exit_status::failed;
    }

    void show() {
        const auto sockets = history_.sockets();
        std::string text;
        for (const FollowedSocket& socket : request_.json ? sockets : std::vector<FollowedSocket>{}) {
            text += socket_json(socket) + "\n";
        }
        for (const std::string& line : request_.json || sockets.empty() ? std::vector<std::string>{} : socket_table(sockets)) {
            text += line + "\n";
        }
        session_.print(text);
        if (sockets.empty() && !request_.json) {
            session_.say(nothing_to_show());
        }
    }

    [[nodiscard]] std::string nothing_to_show() const {
        if (looks_.owners().processes().empty()) {
            return fmt::format("No process named {} is running.\n", printable(fmt::format("{}", fmt::join(names_of(request_), " or "))));
        }
        return "No TCP socket is open.\n";
    }

    Session& session_;
    const SocketRequest& request_;
    SocketLooks looks_;
    SocketHistory history_;
    std::optional<TimePoint> begun_;
    bool redraws_ = false;
    std::optional<TimePoint> drawn_;
    Screen screen_;
};

// One run of a command. Standard output is the command's: what is found goes to standard error, once the command has ended.
class CommandWatch {
public:
    explicit CommandWatch(Session& session)
        : session_{session},
          request_{session.arguments().sockets},
          looks_{[] { return descendants(::getpid()); }, net::Quiet::not_wanted},
          history_{request_.fail_after} {}

    int run() {
        auto command = WatchedCommand::start(session_.arguments().operands);
        if (!command) {
            session_.fail(command.error());
            return status_of_failed_start(command.error());
        }
        std::optional<Error> blind;
        while (true) {
            // What is there when the command ends is looked at a last time: orphans may hold it still.
            const auto ended = command->ended();
            auto look = looks_.take();
            if (look) {
                history_.feed(*look);
            } else {
                blind = std::move(look.error());
            }
            if (ended) {
                return blind ? session_.fail(*blind) : finish(status_of_ended(*ended));
            }
            const TimePoint now = Clock::now();
            wait_until(look ? next_look(*look, judging_interval) : now + showing_interval, command->descriptor(),
                       session_.signals().descriptor());
            pass_on_signals(*command);
        }
    }

private:
    // The terminal's signals reach the command without us.
    void pass_on_signals(const WatchedCommand& command) {
        pollfd signalled{.fd = session_.signals().descriptor(), .events = POLLIN, .revents = 0};
        std::uint64_t count = 0;
        if (::poll(&signalled, 1, 0) == 1 && ::read(signalled.fd, &count, sizeof count) == sizeof count) {
            for (const int number : session_.signals().take_own()) {
                command.signal(number);
            }
        }
    }

    int finish(int command_status) {
        const int status = history_.overdue().empty() ? command_status : exit_status::failed;
        std::string text;
        for (const CloseWait& wait : history_.overdue()) {
            if (request_.json) {
                text += overdue_json(wait, *request_.fail_after) + "\n";
            } else {
                session_.fail(overdue_sentence(wait, *request_.fail_after));
            }
        }
        if (request_.json) {
            text += summary_json(history_, request_.fail_after, status) + "\n";
        } else if (!request_.fail_after && !session_.quiet()) {
            text += summary_text(history_.summary());
        }
        std::fputs(text.c_str(), stderr);
        return status;
    }

    Session& session_;
    const SocketRequest& request_;
    SocketLooks looks_;
    SocketHistory history_;
};

}  // namespace

int run_sockets(Session& session) {
    return session.arguments().operands.empty() ? ProcessWatch{session}.run() : CommandWatch{session}.run();
}

}  // namespace lastack::cli
