// Is this file the package that was announced, whole, and signed by a key of the root?
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace lastack::transact {

// One verdict per package, in order. Reads every byte of every package; changes nothing. A package with a keyring must be signed by a key
// of it that is also a key of the root.
[[nodiscard]] std::vector<PackageVerdict> verify_packages(const Setup& setup, const std::map<std::uint32_t, Announce>& announced,
                                                          const std::vector<BoundKeys>& keyrings);

}  // namespace lastack::transact
