#include "download/mirror_list.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/error.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace lastack::download {

namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view without_blanks_before(std::string_view text) { return text.substr(std::min(text.find_first_not_of(blanks), text.size())); }

std::string_view without_blanks_behind(std::string_view text) { return text.substr(0, text.find_last_not_of(blanks) + 1); }

std::string_view take_line(std::string_view& text) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return line;
}

// What a captive portal or an error page of the server sends with status 200.
bool looks_like_html(std::string_view text) {
    constexpr std::array<std::string_view, 3> beginnings{"<!doctype html", "<html", "<head"};
    const std::string_view begin = without_blanks_before(text);
    return std::ranges::any_of(beginnings, [begin](std::string_view each) { return iequals(begin.substr(0, each.size()), each); });
}

bool looks_like_metalink(std::string_view text) {
    constexpr std::size_t prolog = 4096;
    return without_blanks_before(text).starts_with('<') && text.substr(0, prolog).find("<metalink") != std::string_view::npos;
}

std::unexpected<Error> refuse(std::string what) {
    return std::unexpected(Error{.code = DownloadErrc::bad_list, .phase = Phase::parsing, .cause = "the mirror list " + std::move(what)});
}

// A server that has no list for us often says so in the first line, as a comment.
std::string beginning_of(std::string_view text) {
    constexpr std::size_t most_shown = 160;
    std::string_view rest = without_blanks_before(text);
    const std::string_view first = without_blanks_behind(take_line(rest));
    const std::string line = first.find("://") == std::string_view::npos ? std::string{first} : redact_url(first);
    return printable(std::string_view{line}.substr(0, most_shown)) + (line.size() > most_shown ? "..." : "");
}

}  // namespace

Result<std::vector<std::string>> parse_mirror_list(std::string_view text) {
    text = text.substr(0, max_mirror_list_size);
    if (looks_like_html(text)) {
        return refuse("is an HTML page");
    }
    if (looks_like_metalink(text)) {
        return refuse("is a metalink document");
    }
    std::vector<std::string> urls;
    for (std::string_view rest = text; !rest.empty() && urls.size() < max_mirrors;) {
        const std::string_view line = without_blanks_behind(take_line(rest));
        // Most lines of a hostile list are not worth the full check.
        if (iequals(line.substr(0, 4), "http") && parse_url(line) && std::ranges::find(urls, line) == urls.end()) {
            urls.emplace_back(line);
        }
    }
    if (!urls.empty()) {
        return urls;
    }
    const std::string begins = beginning_of(text);
    return begins.empty() ? refuse("is empty") : refuse("has no http or https URL; it begins with '" + begins + "'");
}

}  // namespace lastack::download
