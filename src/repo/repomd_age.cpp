#include "repo/repomd_age.hpp"

#include "base/text.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <array>
#include <ctime>

namespace lastack::repo {

namespace {

constexpr std::int64_t clock_tolerance = 3600;
constexpr std::int64_t day = 24 * 3600;
constexpr std::int64_t stale_after = 14 * day;
constexpr std::size_t most_shown = 40;
// A revision between 2000 and 2100 is a time; others (1, 20240101120000) only count.
constexpr std::uint64_t first_time = 946'684'800;
constexpr std::uint64_t last_time = 4'102'444'800;

std::optional<std::uint64_t> newest_timestamp(const Repomd& repomd) {
    std::optional<std::uint64_t> newest;
    for (const RepomdFile& file : repomd.files) {
        newest = std::max(newest, file.timestamp);
    }
    return newest;
}

std::optional<std::uint64_t> revision_time(const Repomd& repomd) {
    const auto number = parse_decimal(repomd.revision);
    return number && *number >= first_time && *number < last_time ? number : std::nullopt;
}

bool is_after(std::optional<std::uint64_t> time, std::int64_t limit) { return time && *time > static_cast<std::uint64_t>(limit); }

Error rolled_back(std::string cause) {
    return {.code = RepoErrc::rolled_back,
            .phase = Phase::verifying,
            .cause = std::move(cause),
            .next_step = "if the repository really went back, accept it once with --allow-rollback"};
}

// Whether both name the same packages: then only what is told beside them changed, as when update notices are added later.
bool same_packages(const Repomd& a, const Repomd& b) { return a.primary().digests == b.primary().digests; }

}  // namespace

std::optional<std::int64_t> date_of(const Repomd& repomd) {
    const auto timestamp = newest_timestamp(repomd);
    const auto date = timestamp && *timestamp < last_time ? timestamp : revision_time(repomd);
    return date ? std::optional{static_cast<std::int64_t>(*date)} : std::nullopt;
}

std::string age_text(const Repomd& repomd) {
    std::string text =
        "revision " + (repomd.revision.empty() ? "unknown" : printable(std::string_view{repomd.revision}.substr(0, most_shown)));
    const auto date = date_of(repomd);
    const std::time_t seconds = date.value_or(0);
    std::tm broken{};
    std::array<char, 32> written{};
    if (date && ::gmtime_r(&seconds, &broken) != nullptr && std::strftime(written.data(), written.size(), "%F %T UTC", &broken) > 0) {
        text += " of " + std::string{written.data()};
    }
    return text;
}

std::string duration_text(std::int64_t seconds) {
    struct Unit {
        std::int64_t seconds;
        const char* name;
    };
    for (const Unit& unit : {Unit{day, "day"}, Unit{3600, "hour"}, Unit{60, "minute"}}) {
        if (seconds >= unit.seconds) {
            const std::int64_t count = seconds / unit.seconds;
            return std::to_string(count) + " " + unit.name + (count == 1 ? "" : "s");
        }
    }
    return "less than a minute";
}

Result<void> check_age(const Repomd& served, const Generation* cached, const RepoConfig& repo, std::int64_t now) {
    if (!repo.allow_rollback) {
        const std::int64_t limit = std::max<std::int64_t>(now, 0) + clock_tolerance;
        if (is_after(newest_timestamp(served), limit) || is_after(revision_time(served), limit)) {
            return std::unexpected(rolled_back("the server's repomd.xml (" + age_text(served) +
                                               ") is from the future: its clock or ours is wrong, or it is an attack"));
        }
        if (cached != nullptr && is_older(served, cached->repomd)) {
            return std::unexpected(rolled_back("the server's repomd.xml (" + age_text(served) + ") is older than the one we have (" +
                                               age_text(cached->repomd) + "): a mirror that is behind, or an attack"));
        }
        const bool same_revision = cached != nullptr && parse_decimal(served.revision) && served.revision == cached->repomd.revision;
        if (same_revision && !same_packages(served, cached->repomd) && newest_timestamp(served) <= newest_timestamp(cached->repomd)) {
            return std::unexpected(rolled_back("the server's repomd.xml (" + age_text(served) + ") has the revision of the one we have (" +
                                               age_text(cached->repomd) + "), is no newer, and names other packages"));
        }
    }
    return check_max_age(served, repo, now);
}

Result<void> check_max_age(const Repomd& repomd, const RepoConfig& repo, std::int64_t now) {
    if (!repo.max_age) {
        return {};
    }
    const auto date = date_of(repomd);
    if (date && now - *date <= repo.max_age->count()) {
        return {};
    }
    return std::unexpected(Error{.code = RepoErrc::too_old,
                                 .phase = Phase::verifying,
                                 .cause = "its metadata (" + age_text(repomd) + ") " +
                                          (date ? "is " + duration_text(now - *date) + " old" : "has no date") + ", and max_age allows " +
                                          duration_text(repo.max_age->count()),
                                 .next_step = "ask the repository's maintainer, or set a longer max_age"});
}

bool is_stale(const Repomd& repomd, std::int64_t now) {
    const auto date = date_of(repomd);
    return date && now - *date > stale_after;
}

}  // namespace lastack::repo
