// OpenPGP keys of an armoured file: looked at, and imported into the root's keyring.
#pragma once

#include "transact/channel/message.hpp"

#include <expected>
#include <string>
#include <vector>

namespace lastack::transact {

// Every certificate of every block. An empty list is an error: the file holds no key that librpm can use.
[[nodiscard]] std::expected<std::vector<Key>, Failed> inspect_keys(const std::string& armoured);

// All of them or, when one cannot be read, none. A key that is already there is not an error.
[[nodiscard]] std::expected<void, Failed> import_keys(const std::string& installroot, const std::string& armoured);

}  // namespace lastack::transact
