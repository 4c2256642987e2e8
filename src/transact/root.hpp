// The root a transaction works on: librpm configured for it, and transaction sets opened on it.
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <expected>
#include <string>

namespace lastack::transact {

// Reads librpm's configuration and points it at the root's database. Once, before anything else of librpm. False when the configuration
// cannot be read.
[[nodiscard]] bool configure_rpm(const std::string& installroot);

// A set on that root; nothing when librpm refuses the root. Every request works on a fresh one: keys and packages may have changed.
[[nodiscard]] TransactionSet open_set(const std::string& installroot);

// rpm's own lock on the root, until the handle ends. Failure::locked when another process holds it: nobody can be asked here whether to
// wait.
[[nodiscard]] std::expected<RootLock, Failed> lock_root(rpmts set);

// The package's inherited descriptor from its beginning, as librpm wants it; the descriptor itself stays open.
[[nodiscard]] FileHandle open_package(std::size_t index);

// name-[epoch:]version-release.arch, epoch 0 left out.
[[nodiscard]] std::string nevra(const std::string& name, const std::string& epoch, const std::string& version, const std::string& release,
                                const std::string& arch);

}  // namespace lastack::transact
