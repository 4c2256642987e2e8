// Something that will be told to one waiting task, once. Setting it before the wait is fine.
#pragma once

#include "net/network.hpp"

#include <memory>

namespace lastack::net {

class Event {
public:
    explicit Event(Network& network) : timer_{network.make_timer()} {}

    void set() {
        set_ = true;
        timer_->wake();
    }
    [[nodiscard]] bool is_set() const noexcept { return set_; }
    void reset() noexcept { set_ = false; }

    [[nodiscard]] Task<Wake> wait(TimePoint deadline) {
        if (set_) {
            co_return Wake::woken;
        }
        const Wake wake = co_await timer_->wait_until(deadline);
        co_return set_ ? Wake::woken : wake;
    }

private:
    std::unique_ptr<Timer> timer_;
    bool set_ = false;
};

}  // namespace lastack::net
