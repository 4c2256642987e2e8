// Is this file the package that was announced, whole, and signed by a key of the root?
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <string>
#include <vector>

namespace lastack::transact {

// One verdict per package, in order. Reads every byte of every package; changes nothing.
[[nodiscard]] std::vector<PackageVerdict> verify_packages(const std::string& installroot, const std::vector<Incoming>& incoming);

}  // namespace lastack::transact
