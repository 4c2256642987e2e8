#include "repo/refresh_state.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <limits>

namespace lastack::repo {

namespace {

constexpr std::string_view first_line = "lastack refresh.state 1";
constexpr std::string_view last_line = "end";
constexpr std::size_t max_value = 8192;

bool fits_on_a_line(std::string_view value) {
    return value.size() <= max_value &&
           std::ranges::none_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void add(std::string& text, std::string_view key, std::string_view value) {
    if (!value.empty() && fits_on_a_line(value)) {
        text += key;
        text += '=';
        text += value;
        text += '\n';
    }
}

void set(RefreshState& state, std::string_view key, std::string_view value) {
    if (key == "repomd_sha256") {
        state.repomd_sha256 = value;
    } else if (key == "source") {
        state.source = value;
    } else if (key == "url") {
        state.url = value;
    } else if (key == "etag") {
        state.etag = value;
    } else if (key == "last_modified") {
        state.last_modified = value;
    } else if (key == "signed_by") {
        state.signed_by = value;
    }
}

}  // namespace

std::string to_text(const RefreshState& state) {
    std::string text{first_line};
    text += '\n';
    add(text, "checked_at", std::to_string(state.checked_at));
    add(text, "repomd_sha256", state.repomd_sha256);
    add(text, "source", state.source);
    add(text, "url", state.url);
    add(text, "etag", state.etag);
    add(text, "last_modified", state.last_modified);
    add(text, "list_checked_at", state.list_checked_at == 0 ? "" : std::to_string(state.list_checked_at));
    add(text, "signed_by", state.signed_by);
    text += last_line;
    text += '\n';
    return text;
}

std::optional<RefreshState> parse_refresh_state(std::string_view text) {
    const auto lines = split(text, "\n");
    if (!text.ends_with('\n') || lines.size() < 2 || lines.front() != first_line || lines.back() != last_line) {
        return std::nullopt;
    }
    RefreshState state;
    for (const std::string_view line : lines) {
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) {
            continue;
        }
        const std::string_view key = line.substr(0, equals);
        const std::string_view value = line.substr(equals + 1);
        if (!fits_on_a_line(value)) {
            return std::nullopt;
        }
        if (key == "checked_at" || key == "list_checked_at") {
            const auto seconds = parse_decimal(value);
            if (!seconds || *seconds > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
                return std::nullopt;
            }
            (key == "checked_at" ? state.checked_at : state.list_checked_at) = static_cast<std::int64_t>(*seconds);
        } else {
            set(state, key, value);
        }
    }
    return state;
}

bool is_current(std::int64_t checked_at, std::optional<std::chrono::seconds> expire, std::int64_t now) {
    return checked_at <= now && (!expire || now - checked_at < expire->count());
}

}  // namespace lastack::repo
