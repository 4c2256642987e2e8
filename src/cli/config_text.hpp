// The texts of `config`. Pure; values are made safe to show.
#pragma once

#include "repo/effective_options.hpp"

#include <string>
#include <vector>

namespace lastack::cli {

struct OptionGroup {
    std::string name;  // "main" or a repository's id
    std::vector<repo::EffectiveOption> options;
};

// As a configuration file would have it, each value with a comment that says where it comes from.
[[nodiscard]] std::string config_text(const std::vector<OptionGroup>& groups);

// {"GROUP": {"OPTION": {"value": "...", "origin": "..."}}}
[[nodiscard]] std::string config_json(const std::vector<OptionGroup>& groups);

}  // namespace lastack::cli
