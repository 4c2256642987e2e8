#include "support/scripted_ftp.hpp"

#include "base/text.hpp"
#include "support/listening_socket.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <utility>

namespace lastack::test {

class ScriptedFtp::Session {
public:
    Session(ScriptedFtp& server, FileDescriptor control) : server_{server}, control_{std::move(control)} {}

    void run() {
        if (!server_.script_.greets) {
            (void)server_.wait(-1, 0);
            return;
        }
        say("220 ready");
        while (auto line = hear()) {
            const std::string verb = line->substr(0, line->find(' '));
            const std::string argument = line->size() > verb.size() ? line->substr(verb.size() + 1) : "";
            if (!answer(verb, argument)) {
                return;
            }
        }
    }

private:
    bool answer(const std::string& verb, const std::string& argument) {
        const FtpScript& script = server_.script_;
        if (const auto said = instead(verb)) {
            return say(*said);
        }
        if (verb == "USER") {
            return say("331 password?");
        }
        if (verb == "PASS") {
            return say("230 welcome");
        }
        if (verb == "PWD") {
            return say("257 \"/\"");
        }
        if (verb == "TYPE" || verb == "CWD") {
            return say("200 ok");
        }
        if (verb == "MDTM") {
            return say(script.knows_time ? "213 " + script.modified : "502 what?");
        }
        if (verb == "SIZE") {
            return say(script.knows_size ? "213 " + std::to_string(script.content.size()) : "502 what?");
        }
        if (verb == "REST") {
            offset_ = parse_decimal(argument).value_or(0);
            return say(script.knows_rest ? "350 go on" : "502 what?");
        }
        if (verb == "EPSV" || verb == "PASV") {
            return open_data(verb == "EPSV");
        }
        if (verb == "RETR") {
            return send_file();
        }
        if (verb == "QUIT") {
            return say("221 bye") && !hear() && leave();
        }
        return say("502 what?");
    }

    std::optional<std::string> instead(const std::string& verb) {
        const std::lock_guard lock{server_.mutex_};
        const auto found = server_.script_.replies.find(verb);
        if (found == server_.script_.replies.end()) {
            return std::nullopt;
        }
        if (const auto left = server_.script_.times.find(verb); left != server_.script_.times.end() && left->second-- <= 0) {
            return std::nullopt;
        }
        return found->second;
    }

    bool leave() {
        const std::lock_guard lock{server_.mutex_};
        ++server_.goodbyes_;
        return false;
    }

    bool say(const std::string& line) {
        const std::string bytes = line + "\r\n";
        return ::send(control_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
    }

    std::optional<std::string> hear() {
        while (true) {
            if (const auto end = heard_.find("\r\n"); end != std::string::npos) {
                std::string line = heard_.substr(0, end);
                heard_.erase(0, end + 2);
                const std::lock_guard lock{server_.mutex_};
                server_.commands_.push_back(line);
                return line;
            }
            std::array<char, 1024> buffer{};
            if (!server_.wait(control_.get(), POLLIN)) {
                return std::nullopt;
            }
            const auto n = ::recv(control_.get(), buffer.data(), buffer.size(), 0);
            if (n <= 0) {
                return std::nullopt;
            }
            heard_.append(buffer.data(), static_cast<std::size_t>(n));
        }
    }

    bool open_data(bool extended) {
        const FtpScript& script = server_.script_;
        if (extended && script.pasv_host != "127,0,0,1") {
            return say("502 what?");
        }
        data_listener_ = listen_on("127.0.0.1");
        const unsigned port = local_port(data_listener_.get());
        return say(extended ? "229 come (|||" + std::to_string(port) + "|)"
                            : "227 come (" + script.pasv_host + "," + std::to_string(port / 256) + "," + std::to_string(port % 256) + ")");
    }

    bool send_file() {
        const FtpScript& script = server_.script_;
        if (!server_.wait(data_listener_.get(), POLLIN)) {
            return false;
        }
        FileDescriptor data{::accept4(data_listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        say("150 here it comes");
        std::string_view bytes =
            std::string_view{script.content}.substr(std::min<std::size_t>(std::exchange(offset_, 0), script.content.size()));
        const bool cuts = script.cut_after && !server_.has_cut_.exchange(true);
        bytes = cuts ? bytes.substr(0, *script.cut_after) : bytes;
        while (!bytes.empty()) {
            const auto n = ::send(data.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (n <= 0) {
                break;
            }
            bytes.remove_prefix(static_cast<std::size_t>(n));
        }
        if (cuts && script.stalls) {
            (void)server_.wait(control_.get(), POLLIN);  // the client gave up
            return false;
        }
        data = FileDescriptor{};
        return say(cuts ? "426 lost" : "226 done");
    }

    ScriptedFtp& server_;
    FileDescriptor control_;
    FileDescriptor data_listener_;
    std::string heard_;
    std::uint64_t offset_ = 0;
};

ScriptedFtp::ScriptedFtp(FtpScript script)
    : script_{std::move(script)}, listener_{listen_on("127.0.0.1")}, over_{::eventfd(0, EFD_CLOEXEC)}, port_{local_port(listener_.get())} {
    accepting_ = std::jthread{[this] { serve(); }};
}

ScriptedFtp::~ScriptedFtp() {
    ::eventfd_write(over_.get(), 1);
    accepting_.join();
}

void ScriptedFtp::serve() {
    while (wait(listener_.get(), POLLIN)) {
        FileDescriptor control{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (control.valid()) {
            sessions_.emplace_back([this, control = std::move(control)]() mutable { Session{*this, std::move(control)}.run(); });
        }
    }
    sessions_.clear();
}

bool ScriptedFtp::wait(int descriptor, short events) const {
    std::array<pollfd, 2> all{pollfd{.fd = over_.get(), .events = POLLIN, .revents = 0},
                              pollfd{.fd = descriptor, .events = events, .revents = 0}};
    while (::poll(all.data(), all.size(), -1) < 0 && errno == EINTR) {
    }
    return all[0].revents == 0;
}

std::vector<std::string> ScriptedFtp::commands() const {
    const std::lock_guard lock{mutex_};
    return commands_;
}

std::vector<std::string> ScriptedFtp::commands(std::string_view verb) const {
    auto all = commands();
    std::erase_if(all, [verb](const std::string& line) { return line.substr(0, line.find(' ')) != verb; });
    return all;
}

int ScriptedFtp::goodbyes() const {
    const std::lock_guard lock{mutex_};
    return goodbyes_;
}

}  // namespace lastack::test
