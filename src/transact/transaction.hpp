// One librpm transaction: assembled from the packages' descriptors and database entries, tested, run.
#pragma once

#include "transact/channel/message.hpp"

#include <expected>

namespace lastack::transact {

// Dependencies, conflicts, disk space, by librpm. Installs nothing; librpm creates an empty database in a root that has none.
[[nodiscard]] std::expected<void, Failed> test_transaction(const Setup& setup);

// Events and scriptlets' output go to the channel.
[[nodiscard]] std::expected<void, Failed> run_transaction(const Setup& setup);

}  // namespace lastack::transact
