#include "cli/config_text.hpp"

#include "base/text.hpp"
#include "cli/json_text.hpp"

#include <fmt/format.h>

namespace lastack::cli {

std::string config_text(const std::vector<OptionGroup>& groups) {
    std::string out;
    for (const OptionGroup& group : groups) {
        out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", printable(group.name));
        for (const repo::EffectiveOption& option : group.options) {
            const std::string line = fmt::format("{} = {}", option.name, printable(option.value));
            out += fmt::format("{:<50} # {}\n", line, printable(option.origin));
        }
    }
    return out;
}

std::string config_json(const std::vector<OptionGroup>& groups) {
    std::string out;
    for (const OptionGroup& group : groups) {
        std::string list;
        for (const repo::EffectiveOption& option : group.options) {
            list += fmt::format("{}\n  {}: {{\"value\": {}, \"origin\": {}}}", list.empty() ? "" : ",", json_string(option.name),
                                json_string(option.value), json_string(option.origin));
        }
        out += fmt::format("{}\n {}: {{{}\n }}", out.empty() ? "" : ",", json_string(group.name), list);
    }
    return "{" + out + "\n}\n";
}

}  // namespace lastack::cli
