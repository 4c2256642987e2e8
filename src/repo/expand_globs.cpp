#include "repo/expand_globs.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "repo/config_files.hpp"
#include "repo/ini.hpp"
#include "repo/option_value.hpp"

#include <algorithm>
#include <glob.h>
#include <system_error>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view prefix = "glob:";
constexpr std::string_view wildcards = "*?[\\";

// `path` as a pattern that matches nothing else.
std::string literally(const fs::path& path) {
    std::string pattern;
    for (const char c : path.string()) {
        pattern += wildcards.contains(c) ? std::string{'\\', c} : std::string{c};
    }
    return pattern;
}

std::string pattern_of(std::string_view written, const fs::path& root) {
    const auto directory = written.substr(0, written.substr(0, written.find_first_of(wildcards)).rfind('/'));
    std::error_code ignored;
    if (root == "/" || !fs::is_directory(below_root(root, fs::path{"/"} / directory), ignored)) {
        return std::string{written};
    }
    return below_root(root, written) == written ? std::string{written} : literally(root) + std::string{written};
}

std::expected<std::vector<std::string>, std::string> files_of(const std::string& pattern) {
    glob_t found{};
    const int status = ::glob(pattern.c_str(), GLOB_MARK | GLOB_NOSORT, nullptr, &found);
    std::vector<std::string> files;
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
        files.emplace_back(found.gl_pathv[i]);
    }
    ::globfree(&found);
    if (status != 0 && status != GLOB_NOMATCH) {
        return std::unexpected("'" + printable(pattern) + "' cannot be looked for");
    }
    std::erase_if(files, [](const std::string& file) { return file.ends_with('/'); });
    std::ranges::sort(files);
    return files;
}

bool has_control_character(std::string_view line) {
    return std::ranges::any_of(line, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

std::expected<void, std::string> add_lines(std::string_view text, const std::string& file, std::vector<std::string>& items) {
    for (unsigned number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.ends_with('\r')) {
            line.remove_suffix(1);
        }
        if (line = trim(line); line.starts_with('#')) {
            continue;
        }
        auto here = parse_list(line);
        const bool is_usable = line.size() <= max_config_line && !has_control_character(line) && std::ranges::none_of(here, is_glob_item);
        if (!is_usable) {
            return std::unexpected(printable(file) + ":" + std::to_string(number) + ": the line is no list of names");
        }
        std::ranges::move(here, std::back_inserter(items));
    }
    return {};
}

}  // namespace

bool is_glob_item(std::string_view item) { return item.starts_with(prefix); }

std::expected<void, std::string> expand_globs(std::vector<std::string>& items, const fs::path& root) {
    std::vector<std::string> expanded;
    std::uint64_t size = 0;
    for (std::string& item : items) {
        if (!is_glob_item(item)) {
            expanded.push_back(std::move(item));
            continue;
        }
        const auto files = files_of(pattern_of(std::string_view{item}.substr(prefix.size()), root));
        if (!files) {
            return std::unexpected(files.error());
        }
        for (const std::string& file : *files) {
            const auto text = read_file(file, max_config_file);
            if (!text) {
                return std::unexpected(printable(text.error().cause));
            }
            size += text->size();
            if (size > max_config_file) {
                return std::unexpected("the files of " + printable(item) + " are larger than " + std::to_string(max_config_file) +
                                       " bytes");
            }
            if (auto added = add_lines(*text, file, expanded); !added) {
                return added;
            }
        }
    }
    items = std::move(expanded);
    return {};
}

}  // namespace lastack::repo
