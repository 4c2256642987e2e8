// Requests in, answers out, until the parent closes the channel.
#pragma once

namespace lastack::transact {

// The process's exit status.
[[nodiscard]] int serve();

}  // namespace lastack::transact
