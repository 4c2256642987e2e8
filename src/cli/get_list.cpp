#include "cli/get_list.hpp"

#include "base/text.hpp"
#include "download/relative_path.hpp"

#include <algorithm>

namespace lastack::cli {

namespace {

// Nothing when the word is fine.
std::string take_word(std::string_view word, WantedFile& file) {
    const auto equals = word.find('=');
    const std::string_view key = word.substr(0, std::min(equals, word.size()));
    const std::string_view value = equals == std::string_view::npos ? std::string_view{} : word.substr(equals + 1);
    if (key == "sha256" || key == "sha512") {
        auto digest = parse_digest(key, value);
        if (!digest) {
            return std::string{key} + ": " + digest.error().cause;
        }
        file.digests.push_back(std::move(*digest));
    } else if (key == "size") {
        file.size = parse_decimal(value);
        if (!file.size) {
            return "size wants a number of bytes";
        }
    } else if (key == "path") {
        if (auto valid = download::check_relative_path(value); !valid) {
            return "path " + valid.error().cause;
        }
        file.path = value;
    } else {
        const auto url = check_url(word);
        if (!url) {
            return "neither a URL nor sha256=, sha512=, size= or path=: " + url.error().cause;
        }
        file.urls.emplace_back(word);
    }
    return {};
}

}  // namespace

Result<std::vector<WantedFile>> parse_get_list(std::string_view text, std::string_view name) {
    std::vector<WantedFile> files;
    std::size_t number = 0;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        const auto words = split(line, " \t\r");
        if (words.empty() || words.front().starts_with('#')) {
            continue;
        }
        WantedFile file;
        std::string wrong = files.size() == most_listed_files ? "too many files" : "";
        for (auto word = words.begin(); word != words.end() && wrong.empty(); ++word) {
            wrong = take_word(*word, file);
        }
        if (wrong.empty() && file.urls.empty()) {
            wrong = "no URL";
        }
        if (!wrong.empty()) {
            return std::unexpected(
                Error{.code = Errc::invalid_argument, .cause = printable(name) + ", line " + std::to_string(number) + ": " + wrong});
        }
        files.push_back(std::move(file));
    }
    return files;
}

}  // namespace lastack::cli
