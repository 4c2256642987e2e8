// How fast a body may be read: asked before each read, so that what is not read stays with the sender (TCP slows it down). Called on the
// reactor.
#pragma once

#include "base/time.hpp"

#include <cstddef>
#include <string_view>

namespace lastack::http {

struct ReadGrant {
    std::size_t bytes = 0;  // most for the next read, at least 1
    TimePoint at{};         // not before
};

class ReadPace {
public:
    virtual ~ReadPace() = default;
    // Reserves the next read of a transfer from `host`.
    [[nodiscard]] virtual ReadGrant next(std::string_view host, TimePoint now) = 0;
    // What was read, and what had been granted for it: 0 for bytes that came with the head.
    virtual void taken(std::string_view host, std::size_t granted, std::size_t bytes, TimePoint now) = 0;
};

}  // namespace lastack::http
