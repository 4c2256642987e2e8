// Messages over a pipe, blocking. A peer that went away is a result, never a SIGPIPE.
#pragma once

#include "transact/channel/message.hpp"

#include <optional>
#include <span>

namespace lastack::transact {

// Writes the whole frame. Errors: Errc::io_failed, also when nobody reads any more.
[[nodiscard]] Result<void> send(int fd, const Message& message);

// The next message; nothing when the other side closed between two messages. Errors: Errc::io_failed, also for half a message.
[[nodiscard]] Result<std::optional<Message>> receive(int fd);

}  // namespace lastack::transact
