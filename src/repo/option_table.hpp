// Every option that has an effect: where it may stand, what it is when nobody sets it, and what it means.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lastack::repo {

enum class OptionPlace : std::uint8_t {
    main,
    repository,
    both,  // in [main] for all repositories
};

struct KnownOption {
    std::string_view name;
    OptionPlace place;
    std::string_view fallback;  // as it would be written; empty: unset
    std::string_view meaning;
};

// Sorted by name.
[[nodiscard]] std::span<const KnownOption> known_options();

// dnf's other spellings: excludepkgs is exclude, pkg_gpgcheck is gpgcheck, max_connections is max_parallel_downloads.
[[nodiscard]] std::string_view canonical_option(std::string_view key);

}  // namespace lastack::repo
