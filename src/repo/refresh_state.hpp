// refresh.state: when a repository's repomd.xml was last known to be current, and what the server said of it. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::repo {

struct RefreshState {
    std::int64_t checked_at = 0;  // CLOCK_REALTIME, seconds
    std::string repomd_sha256;    // of the repomd.xml it belongs to; a state for another file is worth nothing
    std::string source;           // sha256 over baseurl, mirrorlist and metalink: a repository that moved is asked anew
    std::string url;              // that answered
    std::string etag;
    std::string last_modified;
    std::int64_t list_checked_at = 0;  // when the mirror list was fetched; 0: never
    std::string signed_by;             // fingerprint of the key whose signature of repomd.xml was verified; empty: nobody's

    friend bool operator==(const RefreshState&, const RefreshState&) = default;
};

// Values that do not fit on a line (a server's etag with control characters) are left out.
[[nodiscard]] std::string to_text(const RefreshState& state);

// Nothing when it is not a whole one.
[[nodiscard]] std::optional<RefreshState> parse_refresh_state(std::string_view text);

// Whether `now` lies within `expire` (unset: for ever) of a check. A check in the future is no check: some clock was wrong.
[[nodiscard]] bool is_current(std::int64_t checked_at, std::optional<std::chrono::seconds> expire, std::int64_t now);

}  // namespace lastack::repo
