// What a request has come to while it is under way, written by the client and the exchange for whoever supervises them.
#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace lastack::http {

struct ExchangeWatch {
    std::optional<TimePoint> bound;       // a connection is at work for the request; unset while it waits for one
    std::optional<TimePoint> first_byte;  // of the answer on that connection
    TimePoint last_activity{};            // bound, or bytes came, or the receiver took them: silence is counted from here
    bool with_receiver = false;           // bytes are being handed on: disk and throttle are no fault of the server's
    bool reused = false;
    std::string address;
    std::uint64_t received = 0;     // bytes of answers, over all connections of this request
    Duration with_receiver_for{0};  // time spent so
    Duration longest_gap{0};        // between two arrivals in the body

    void bind(TimePoint now, bool is_reused, std::string peer) {
        bound = last_activity = now;
        first_byte.reset();
        reused = is_reused;
        address = std::move(peer);
    }
    void unbind() { bound.reset(); }
    void came(TimePoint now, std::uint64_t bytes) {
        if (first_byte) {
            longest_gap = std::max(longest_gap, now - last_activity);
        } else {
            first_byte = now;
        }
        last_activity = now;
        received += bytes;
    }
    void hand_on(TimePoint now) {
        with_receiver = true;
        last_activity = now;
    }
    void handed_on(TimePoint now) {
        with_receiver = false;
        with_receiver_for += now - last_activity;
        last_activity = now;
    }
};

}  // namespace lastack::http
