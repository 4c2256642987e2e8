#include "net/dial.hpp"

#include "net/dial_plan.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"

#include <boost/asio/cancellation_signal.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace lastack::net {

namespace {

Error cancelled_error() { return Error{.code = Errc::cancelled, .phase = Phase::connecting, .cause = "cancelled"}; }

// Lives in the frame of `dial`, which joins all attempts before it returns.
class Race {
public:
    Race(Network& network, std::vector<Address> order, TimePoint deadline)
        : network_{network}, order_{std::move(order)}, deadline_{deadline}, changed_{network}, failures_(order_.size()), group_{network} {}

    Task<Result<std::unique_ptr<Stream>>> run() {
        while (!over()) {
            if (may_begin() && network_.now() >= begins_at()) {
                begin();
                continue;
            }
            changed_.reset();
            if (co_await changed_.wait(may_begin() ? begins_at() : TimePoint::max()) == Wake::cancelled) {
                abandoned_ = true;
            }
        }
        group_.cancel_all();
        co_await join();
        if (co_await is_cancelled()) {
            abandoned_ = true;
        }
        co_return outcome();
    }

private:
    [[nodiscard]] bool over() const { return winner_ || fatal_ || abandoned_ || (running_ == 0 && !may_begin()); }

    // The first attempt is made in any case: it is the network that says what a deadline in the past means.
    [[nodiscard]] bool may_begin() const { return begun_ < order_.size() && (begun_ == 0 || network_.now() < deadline_); }

    [[nodiscard]] TimePoint begins_at() const {
        if (begun_ == 0) {
            return TimePoint::min();
        }
        return next_attempt(
            {.last_begun = last_begun_, .last_failed = failures_[begun_ - 1].has_value(), .waiting = order_.size() - begun_}, deadline_);
    }

    void begin() {
        last_begun_ = network_.now();
        ++running_;
        group_.spawn(attempt(begun_++), "an attempt to connect");
    }

    Task<void> attempt(std::size_t index) {
        auto stream = co_await network_.connect(order_[index], deadline_);
        --running_;
        if (!stream) {
            fatal_ = fatal_ || stream.error().code == NetErrc::no_descriptors;
            failures_[index] = std::move(stream.error());
        } else if (winner_ || abandoned_) {
            (*stream)->close(Close::orderly);
        } else {
            winner_ = std::move(*stream);
        }
        if (winner_ || fatal_) {
            group_.cancel_all();
        }
        changed_.set();
    }

    // Waits in a task of its own, which the cancellation of ours does not reach: the attempts use this frame.
    Task<void> join() {
        if (!group_.empty()) {
            co_await asio::co_spawn(network_.executor(), group_.join(),
                                    asio::bind_cancellation_slot(asio::cancellation_slot{}, asio::use_awaitable));
        }
    }

    Result<std::unique_ptr<Stream>> outcome() {
        if (abandoned_) {
            if (winner_) {
                winner_->close(Close::orderly);
            }
            return std::unexpected(cancelled_error());
        }
        if (winner_) {
            return std::move(winner_);
        }
        std::vector<Error> failures;
        for (auto& failure : failures_) {
            if (failure && failure->code == NetErrc::no_descriptors) {
                return std::unexpected(std::move(*failure));
            }
            if (failure) {
                failures.push_back(std::move(*failure));
            }
        }
        return std::unexpected(dial_error(std::move(failures), order_.size() - begun_));
    }

    Network& network_;
    std::vector<Address> order_;
    TimePoint deadline_;
    Event changed_;
    std::vector<std::optional<Error>> failures_;  // one place per address
    std::unique_ptr<Stream> winner_;
    std::size_t begun_ = 0;
    std::size_t running_ = 0;
    TimePoint last_begun_{};
    bool fatal_ = false;      // no address can be reached before the caller has made room
    bool abandoned_ = false;  // the caller was cancelled
    TaskGroup group_;
};

}  // namespace

Task<Result<std::unique_ptr<Stream>>> dial(Network& network, std::string host, std::uint16_t port, IpFamily family, TimePoint deadline) {
    const auto addresses = co_await network.resolve(host, port, deadline);
    if (!addresses) {
        co_return std::unexpected(addresses.error());
    }
    auto order = dial_order(*addresses, family);
    if (order.empty()) {
        co_return std::unexpected(no_address_error(host, *addresses, family));
    }
    Race race{network, std::move(order), deadline};
    co_return co_await race.run();
}

}  // namespace lastack::net
