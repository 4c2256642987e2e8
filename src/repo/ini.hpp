// The lines of a configuration file as yum reads them: sections, "key = value" or "key: value", continuation by indentation, comments
// with '#' or ';', include=WHERE. Pure: text in, sections out; what is wrong stays with the section it is in, so that the others can be
// used.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

inline constexpr std::size_t max_config_line = std::size_t{64} << 10;
inline constexpr std::uint64_t max_config_file = std::uint64_t{8} << 20;  // with all that it includes
inline constexpr unsigned max_include_depth = 8;
inline constexpr std::size_t max_config_files = 64;  // with all that it includes

struct IniProblem {
    unsigned line = 0;
    std::string what;   // one sentence part; safe to show
    unsigned file = 0;  // as in IniEntry
};

struct IniEntry {
    std::string key;    // lower case
    std::string value;  // trimmed; continuation lines are joined by '\n'
    unsigned line = 0;
    unsigned file = 0;  // in which it stands: 0 is the file itself, others are counted from 1 in IniFile::included
};

struct IniSection {
    std::string name;  // empty when the header itself is broken
    unsigned line = 0;
    std::vector<IniEntry> entries;
    std::optional<IniProblem> problem;  // the first bad line in it
    unsigned file = 0;                  // as in IniEntry
};

struct IniFile {
    std::vector<IniSection> sections;
    std::optional<IniProblem> problem;  // the first bad line before any section, or of the file as a whole
    std::vector<std::string> included;  // names of the files that were read in the places of their includes

    // Of the file with that number; `itself` is number 0.
    [[nodiscard]] std::string_view name_of(unsigned file, std::string_view itself) const {
        return file == 0 ? itself : std::string_view{included.at(file - 1)};
    }
};

struct IncludedText {
    std::string name;  // for messages, and as `from` for what it includes itself
    std::string text;
};

// What stands in the place of include=WHERE in the file `from` (empty: the file itself); nothing when that was read already. The error is
// a sentence part.
using Includer = std::function<std::expected<std::optional<IncludedText>, std::string>(std::string_view where, std::string_view from)>;

// What messages show of something that is no option: what follows a blank may be a password whose '=' was forgotten.
[[nodiscard]] std::string_view first_word(std::string_view text);

// Without an includer a line include=WHERE is an option like any other.
[[nodiscard]] IniFile parse_ini(std::string_view text, const Includer& include = nullptr);

}  // namespace lastack::repo
