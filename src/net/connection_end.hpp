// The end of a connection in words: by whom, and why.
#pragma once

#include "net/lifecycle.hpp"

#include "lastack/connection_event.hpp"

namespace lastack::net {

[[nodiscard]] ClosedBy who_closed(EventKind ended_by) noexcept;
[[nodiscard]] const char* why_closed(EventKind ended_by) noexcept;

}  // namespace lastack::net
