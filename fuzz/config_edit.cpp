// An option set in a configuration file, or taken out: the first line says which, "SECTION KEY=VALUE" or "SECTION KEY", the rest is the
// file.
#include "repo/config_edit.hpp"

#include "repo/ini.hpp"
#include "repo/option_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace repo = lastack::repo;

constexpr std::string_view sections[]{"main", "a", "b.c"};
constexpr std::string_view options[]{"name", "gpgcheck", "pkg_gpgcheck", "exclude", "excludepkgs", "baseurl", "enabled", "cachedir"};

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

using Meaning = std::map<std::pair<std::string, std::string>, std::string>;

// As configuration is read: the last line of an option, the last section of an id, [main] as a whole, its excludes added up.
Meaning meaning_of(const repo::IniFile& file) {
    Meaning meaning;
    for (const repo::IniSection& section : file.sections) {
        if (section.name != "main") {
            std::erase_if(meaning, [&](const auto& each) { return each.first.first == section.name; });
        }
        for (const repo::IniEntry& entry : section.entries) {
            const std::pair key{section.name, std::string{repo::canonical_option(entry.key)}};
            const bool adds = section.name == "main" && key.second == "exclude" && meaning.contains(key);
            meaning[key] = (adds ? meaning[key] + ", " : "") + entry.value;
        }
    }
    return meaning;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view input{reinterpret_cast<const char*>(data), size};
    const auto first = input.substr(0, input.find('\n'));
    const auto text = input.substr(first.size() == input.size() ? first.size() : first.size() + 1);
    const auto blank = first.find(' ');
    if (blank == std::string_view::npos) {
        return 0;
    }
    const auto assignment = first.substr(blank + 1);
    const auto sign = assignment.find('=');
    repo::KeyEdit edit{.section = std::string{first.substr(0, blank)}, .key = std::string{assignment.substr(0, sign)}, .value = {}};
    if (std::ranges::find(sections, edit.section) == std::end(sections) || std::ranges::find(options, edit.key) == std::end(options)) {
        return 0;  // whoever asks for a change has looked whether there is such a thing
    }
    if (sign != std::string_view::npos) {
        edit.value = std::string{assignment.substr(sign + 1)};
    }
    const auto result = repo::edit_config(text, std::vector{edit});
    if (!result) {
        require(!result.error().what.empty());
        return 0;
    }
    const repo::IniFile before = repo::parse_ini(text);
    const repo::IniFile after = repo::parse_ini(result->text);
    Meaning expected = meaning_of(before);
    const std::pair key{edit.section, std::string{repo::canonical_option(edit.key)}};
    if (edit.value) {
        expected[key] = *edit.value;
    } else {
        expected.erase(key);
    }
    require(meaning_of(after) == expected);
    const auto again = repo::edit_config(result->text, std::vector{edit});
    require(again && again->text == result->text);
    return 0;
}
