// The name that was probably meant by a word that is none. Pure.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace lastack {

// By letters left out, added, changed or swapped: at most one in three, and two names that are as near as each other are none. Words
// longer than any name anybody types are near to nothing.
[[nodiscard]] std::optional<std::string_view> nearest_name(std::string_view word, std::span<const std::string_view> names);

}  // namespace lastack
