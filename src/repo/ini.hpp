// The lines of a configuration file as yum reads them: sections, "key = value" or "key: value", continuation by indentation, comments
// with '#' or ';'. Pure: text in, sections out; what is wrong stays with the section it is in, so that the others can be used.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

inline constexpr std::size_t max_config_line = std::size_t{64} << 10;
inline constexpr std::uint64_t max_config_file = std::uint64_t{8} << 20;

struct IniProblem {
    unsigned line = 0;
    std::string what;  // one sentence part; safe to show
};

struct IniEntry {
    std::string key;    // lower case
    std::string value;  // trimmed; continuation lines are joined by '\n'
    unsigned line = 0;
};

struct IniSection {
    std::string name;  // empty when the header itself is broken
    unsigned line = 0;
    std::vector<IniEntry> entries;
    std::optional<IniProblem> problem;  // the first bad line in it
};

struct IniFile {
    std::vector<IniSection> sections;
    std::optional<IniProblem> problem;  // the first bad line before any section, or of the file as a whole
};

// What messages show of something that is no option: what follows a blank may be a password whose '=' was forgotten.
[[nodiscard]] std::string_view first_word(std::string_view text);

[[nodiscard]] IniFile parse_ini(std::string_view text);

}  // namespace lastack::repo
