// yum's metadata_expire_filter: commands that do not need the newest metadata may take what is cached, however old. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace lastack::repo {

// What a command asks of metadata. The order counts.
enum class Timeliness : std::uint8_t {
    past,     // what was there once: repoinfo
    present,  // balanced: list
    future,   // what will lead to other commands: check-update
    newest,   // it changes the system or the cache: install, makecache
};

// Up to which of them metadata_expire does not count. The order counts.
enum class ExpireFilter : std::uint8_t { never, past, present, future };

[[nodiscard]] bool is_waived(ExpireFilter filter, Timeliness wanted);

// Whether all repositories were checked, none in the future, and within five days of each other: else what one of them offers may not
// fit what another does.
[[nodiscard]] bool are_of_one_age(std::span<const std::optional<std::int64_t>> checked_at, std::int64_t now);

}  // namespace lastack::repo
