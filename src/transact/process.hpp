// The state this process gives itself before librpm is touched: signals, environment, descriptors.
#pragma once

#include <cstddef>

namespace lastack::transact {

// False when the process was not started by package/transaction (its two pipes are missing).
[[nodiscard]] bool has_channel();

// Signals that would end or stop a half done transaction are blocked (librpm unblocks them again for scriptlets, but for SIGINT and
// SIGQUIT), the environment is replaced by a fixed one, every descriptor above stderr becomes close-on-exec.
void prepare_process();

// Closes whatever is open beyond the packages, and gives scriptlets a modest limit of descriptors again.
void keep_packages_only(std::size_t package_count);

}  // namespace lastack::transact
