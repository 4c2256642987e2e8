// Options of configuration text set and taken out, while every other byte stays: comments, order, blank lines, line ends. Pure.
#pragma once

#include "repo/ini.hpp"

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

// What is to become of one option in one section.
struct KeyEdit {
    std::string section;
    std::string key;                   // lower case; another spelling of the same option (excludepkgs, exclude) is the same
    std::optional<std::string> value;  // nothing: its lines go

    friend bool operator==(const KeyEdit&, const KeyEdit&) = default;
};

// What became of it; old_value is as parse_ini has it.
struct KeyChange {
    std::string section;
    std::string key;
    std::optional<std::string> old_value;
    std::optional<std::string> new_value;

    friend bool operator==(const KeyChange&, const KeyChange&) = default;
};

struct EditedConfig {
    std::string text;
    std::vector<KeyChange> changes;  // one for each option, in the order in which they were first named
};

// A section stands for the last one of its name, [main] for all of them, as they are read. An option is changed in its last line, which
// loses its continuation lines; one that is not there comes behind the last of the section, one whose section is not there into a new
// section at the end. Of two edits of one option the later counts. Errors: a line of the section that is none, and what would become one.
[[nodiscard]] std::expected<EditedConfig, IniProblem> edit_config(std::string_view text, std::span<const KeyEdit> edits);

}  // namespace lastack::repo
