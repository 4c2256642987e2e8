// Whether a repomd.xml is from the time it should be from. Pure.
#pragma once

#include "repo/config.hpp"
#include "repo/generation.hpp"
#include "repo/repomd.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace lastack::repo {

// Seconds since 1970 of the newest file that it names, or its revision when that is such a time; unset when nothing in it says.
[[nodiscard]] std::optional<std::int64_t> date_of(const Repomd& repomd);

// "revision R of DATE", for messages.
[[nodiscard]] std::string age_text(const Repomd& repomd);

// "3 days", for messages.
[[nodiscard]] std::string duration_text(std::int64_t seconds);

// What a server sent against what we have (nullptr: nothing). RepoErrc::rolled_back when it is older, of the same revision and no later
// date though it names other packages, or more than an hour from the future; allow_rollback accepts all three.
// RepoErrc::too_old beyond max_age.
[[nodiscard]] Result<void> check_age(const Repomd& served, const Generation* cached, const RepoConfig& repo, std::int64_t now);

// Only max_age, of what is cached.
[[nodiscard]] Result<void> check_max_age(const Repomd& repomd, const RepoConfig& repo, std::int64_t now);

// Whether nobody changed it for two weeks: a mirror that is frozen looks the same.
[[nodiscard]] bool is_stale(const Repomd& repomd, std::int64_t now);

}  // namespace lastack::repo
