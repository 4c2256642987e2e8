// OpenPGP keys of an armoured file: looked at, and imported into the root's keyring.
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <expected>
#include <set>
#include <string>
#include <vector>

namespace lastack::transact {

// Every certificate of every block. An empty list is an error: the file holds no key that librpm can use.
[[nodiscard]] std::expected<std::vector<Key>, Failed> inspect_keys(const std::string& installroot, const std::string& armoured);

// All of them or, when one cannot be read, none. A key that is already there is not an error.
[[nodiscard]] std::expected<void, Failed> import_keys(const std::string& installroot, const std::string& armoured);

// Keys and their signing subkeys, given as packets. One that librpm cannot read is left out: nothing is then signed by it.
[[nodiscard]] Keyring keyring_of(const std::vector<std::string>& certificates);

struct RootKeys {
    Keyring keyring;
    std::set<std::string> key_ids;       // of keys and subkeys
    std::set<std::string> fingerprints;  // of primary keys
};

// None where there is no rpm database, which librpm would create only to find no key in it.
[[nodiscard]] RootKeys root_keys(const std::string& installroot, rpmts set);

}  // namespace lastack::transact
