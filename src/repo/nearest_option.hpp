// What a misspelt option was meant to be. Pure.
#pragma once

#include "repo/option_table.hpp"

#include <string_view>

namespace lastack::repo {

// The option of yum, dnf or ours that `key` (in lower case) is a slip of the keyboard away from; empty when there is none. `place` is
// OptionPlace::main or ::repository.
[[nodiscard]] std::string_view nearest_option(std::string_view key, OptionPlace place);

}  // namespace lastack::repo
