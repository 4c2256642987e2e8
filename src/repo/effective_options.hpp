// The configuration as it is in force, option by option, with where each value comes from. Pure.
#pragma once

#include "repo/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

struct EffectiveOption {
    std::string_view name;
    std::string value;   // variables expanded; passwords and user names are "***", also in URLs
    std::string origin;  // "FILE:LINE", "default", or the switch of the command line

    friend bool operator==(const EffectiveOption&, const EffectiveOption&) = default;
};

// What may be shown of an option's value, on one line.
[[nodiscard]] std::string shown_value(std::string_view option, std::string value);

// In the order of their names.
[[nodiscard]] std::vector<EffectiveOption> effective_options(const Config& config);
[[nodiscard]] std::vector<EffectiveOption> effective_options(const Config& config, const RepoConfig& repo);
[[nodiscard]] std::vector<EffectiveOption> effective_variables(const Config& config);

}  // namespace lastack::repo
