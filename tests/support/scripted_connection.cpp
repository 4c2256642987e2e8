#include "support/scripted_connection.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>
#include <utility>

namespace lastack::test {

namespace {

constexpr std::size_t kMostBuffered = 1u << 20;  // of what a client sends before it is answered
constexpr std::size_t kBlockSize = 64u << 10;
constexpr int kSendsPerTurn = 8;  // an endless body leaves time for the other connections
constexpr std::uint64_t kSlicesPerSecond = 20;

}  // namespace

int Record::open_connections() const { return static_cast<int>(std::ranges::count_if(connections, &SeenConnection::open)); }

int Record::waiting(const std::string& gate) const {
    const auto found = waiting_at.find(gate);
    return found == waiting_at.end() ? 0 : found->second;
}

int Record::requests_for(std::string_view path) const {
    return static_cast<int>(std::ranges::count_if(requests, [&](const SeenRequest& request) { return request.path() == path; }));
}

ScriptedConnection::ScriptedConnection(FileDescriptor socket, SeenConnection& seen, Record& record, Director& director, Steps on_accept)
    : socket_(std::move(socket)), seen_(seen), record_(record), director_(director), script_(on_accept.begin(), on_accept.end()) {}

short ScriptedConnection::events() const {
    int events = 0;
    if (!seen_.peer_fin && in_.size() < kMostBuffered) {
        events |= POLLIN;
    }
    if (wants_write_) {
        events |= POLLOUT;
    }
    return static_cast<short>(events);
}

bool ScriptedConnection::idle() const { return !ended() && script_.empty() && in_.empty() && !seen_.fin_sent && !seen_.peer_fin; }

void ScriptedConnection::handle(short events, TimePoint now) {
    if ((events & (POLLIN | POLLERR | POLLHUP)) != 0 && !ended()) {
        read_all(now);
    }
    advance(now);
}

void ScriptedConnection::run(Steps steps, TimePoint now) {
    script_.insert(script_.end(), steps.begin(), steps.end());
    advance(now);
}

void ScriptedConnection::read_all(TimePoint now) {
    std::array<char, 16384> buffer{};
    while (!ended() && !seen_.peer_fin && in_.size() < kMostBuffered) {
        const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) {
            seen_.received += static_cast<std::uint64_t>(count);
            in_.append(buffer.data(), static_cast<std::size_t>(count));
        } else if (count == 0) {
            seen_.peer_fin = now;
        } else if (errno != EINTR) {
            if (errno != EAGAIN) {
                seen_.peer_reset = now;
                finish(now);
            }
            return;
        }
    }
}

void ScriptedConnection::advance(TimePoint now) {
    wake_at_.reset();
    wants_write_ = false;
    while (!ended()) {
        if (seen_.peer_fin && !peer_close_handled_) {
            peer_has_closed(now);
        }
        if (!ended() && seen_.fin_sent) {
            take_lost_requests(now);
        }
        if (ended()) {
            return;
        }
        if (script_.empty()) {
            if (seen_.peer_fin) {
                finish(now);
            } else if (!seen_.fin_sent && take_request(now)) {
                continue;
            }
            return;
        }
        // Out of the deque while it runs: a step that ends the connection clears the script.
        Step step = std::move(script_.front());
        const auto progress = std::visit([&](const auto& each) { return perform(each, now); }, step);
        if (ended()) {
            return;
        }
        if (progress == Progress::blocked) {
            script_.front() = std::move(step);
            return;
        }
        script_.pop_front();
        position_ = 0;
        block_.clear();
        delayed_until_.reset();
        leave_gate();
    }
}

// The script goes on at its WaitForPeerClose; without one it is over.
void ScriptedConnection::peer_has_closed(TimePoint now) {
    peer_close_handled_ = true;
    const auto waiting = std::ranges::find_if(script_, [](const Step& step) { return std::holds_alternative<WaitForPeerClose>(step); });
    if (waiting != script_.end()) {
        script_.erase(script_.begin(), waiting);
        return;
    }
    take_lost_requests(now);
    if (!ended()) {
        finish(now);
    }
}

void ScriptedConnection::take_lost_requests(TimePoint now) {
    const bool came = !in_.empty();
    while (auto parsed = parse_request(in_)) {
        in_.erase(0, parsed->size);
        parsed->request.connection = seen_.number;
        parsed->request.number_on_connection = ++seen_.requests;
        parsed->request.time = now;
        parsed->request.after_fin = seen_.fin_sent.has_value();
        record_.requests.push_back(std::move(parsed->request));
    }
    if (came && resets_on_data_) {
        perform(Reset{}, now);
    }
}

bool ScriptedConnection::take_request(TimePoint now) {
    auto parsed = parse_request(in_);
    if (!parsed) {
        return false;
    }
    in_.erase(0, parsed->size);
    SeenRequest& request = parsed->request;
    request.connection = seen_.number;
    request.number_on_connection = ++seen_.requests;
    request.time = now;
    record_.requests.push_back(request);
    for (auto& step : steps_of(director_.reply_to(request), request)) {
        script_.push_back(std::move(step));
    }
    return true;
}

void ScriptedConnection::finish(TimePoint now) {
    leave_gate();
    script_.clear();
    if (!seen_.fin_sent && !seen_.reset_sent && !seen_.peer_reset) {
        seen_.fin_sent = now;
    }
    seen_.ended = now;
    socket_ = FileDescriptor{};
}

void ScriptedConnection::leave_gate() {
    if (!gate_.empty()) {
        --record_.waiting_at[gate_];
        gate_.clear();
    }
}

std::size_t ScriptedConnection::send_some(std::string_view bytes, bool more, TimePoint now) {
    if (rate_ != 0) {
        if (paced_until_ && now < *paced_until_) {
            wake_at_ = paced_until_;
            return 0;
        }
        bytes = bytes.substr(0, std::max<std::uint64_t>(rate_ / kSlicesPerSecond, 1));
    }
    const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) {
            wants_write_ = true;
        } else {
            seen_.peer_reset = now;
            finish(now);
        }
        return 0;
    }
    seen_.sent += static_cast<std::uint64_t>(count);
    if (rate_ != 0) {
        paced_until_ = now + std::chrono::nanoseconds{1'000'000'000LL * count / static_cast<long long>(rate_)};
    }
    return static_cast<std::size_t>(count);
}

ScriptedConnection::Progress ScriptedConnection::perform(const Send& step, TimePoint now) {
    while (position_ < step.bytes.size()) {
        const auto count = send_some(std::string_view(step.bytes).substr(position_), step.more, now);
        if (count == 0) {
            return Progress::blocked;
        }
        position_ += count;
    }
    return Progress::done;
}

ScriptedConnection::Progress ScriptedConnection::perform(const SendEndless& step, TimePoint now) {
    if (step.pattern.empty()) {
        return Progress::done;
    }
    while (block_.size() < kBlockSize) {
        block_ += step.pattern;
    }
    for (int sends = 0; sends < kSendsPerTurn; ++sends) {
        const auto left = step.limit == 0 ? kBlockSize : step.limit - position_;
        if (left == 0) {
            return Progress::done;
        }
        const auto count = send_some(std::string_view(block_).substr(position_ % step.pattern.size(), left), false, now);
        if (count == 0) {
            return Progress::blocked;
        }
        position_ += count;
    }
    wants_write_ = true;
    return Progress::blocked;
}

void ScriptedConnection::send_fin() {
    ::shutdown(socket_.get(), SHUT_WR);
    seen_.fin_sent = Clock::now();
}

ScriptedConnection::Progress ScriptedConnection::perform(const CloseFin&, TimePoint now) {
    // What has come already was read by a real server too; left in the kernel it would turn the FIN into a RST.
    read_all(now);
    if (ended()) {
        return Progress::done;
    }
    take_lost_requests(now);
    in_.clear();
    send_fin();
    resets_on_data_ = true;
    return Progress::done;
}

ScriptedConnection::Progress ScriptedConnection::perform(const ShutdownWrite&, TimePoint) {
    send_fin();
    return Progress::done;
}

ScriptedConnection::Progress ScriptedConnection::perform(const Reset&, TimePoint now) {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    seen_.reset_sent = now;
    finish(now);
    return Progress::done;
}

ScriptedConnection::Progress ScriptedConnection::perform(const WaitUntil& step, TimePoint) {
    if (director_.is_open(step.gate)) {
        return Progress::done;
    }
    if (gate_.empty()) {
        gate_ = step.gate;
        ++record_.waiting_at[gate_];
    }
    return Progress::blocked;
}

ScriptedConnection::Progress ScriptedConnection::perform(const WaitForPeerClose&, TimePoint) {
    return seen_.peer_fin ? Progress::done : Progress::blocked;
}

ScriptedConnection::Progress ScriptedConnection::perform(const WaitReadable& step, TimePoint) {
    return in_.size() >= step.bytes ? Progress::done : Progress::blocked;
}

ScriptedConnection::Progress ScriptedConnection::perform(const Throttle& step, TimePoint) {
    rate_ = step.bytes_per_second;
    return Progress::done;
}

ScriptedConnection::Progress ScriptedConnection::perform(const Delay& step, TimePoint) {
    const auto now = Clock::now();
    if (!delayed_until_) {
        delayed_until_ = now + step.time;
    }
    if (now >= *delayed_until_) {
        return Progress::done;
    }
    wake_at_ = delayed_until_;
    return Progress::blocked;
}

}  // namespace lastack::test
