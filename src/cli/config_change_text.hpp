// The texts of `config set` and `config unset`. Pure; values are made safe to show, passwords are hidden.
#pragma once

#include "repo/change_config.hpp"

#include <string>
#include <vector>

namespace lastack::cli {

// A line for each: "FILE: [main] keepcache=1 (was 0)".
[[nodiscard]] std::string config_changes_text(const std::vector<repo::ConfigChange>& changes);

// [{"file", "section", "key", "old", "new"}]; old and new are null where there is no value.
[[nodiscard]] std::string config_changes_json(const std::vector<repo::ConfigChange>& changes);

}  // namespace lastack::cli
