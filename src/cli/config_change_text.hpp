// The texts of `config set`, `config unset`, `repo enable` and `repo disable`. Pure; values are made safe to show, passwords are hidden.
#pragma once

#include "repo/change_config.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lastack::cli {

// A line for each: "FILE: [main] keepcache=1 (was 0)".
[[nodiscard]] std::string config_changes_text(const std::vector<repo::ConfigChange>& changes);

// [{"file", "section", "key", "old", "new"}]; old and new are null where there is no value.
[[nodiscard]] std::string config_changes_json(const std::vector<repo::ConfigChange>& changes);

// What became of one repository that should be enabled or disabled.
struct RepoSwitch {
    std::string id;
    bool is_enabled = false;     // as the configuration has it now
    std::filesystem::path file;  // that was changed; empty: it was so already
};

[[nodiscard]] std::string repo_switches_text(const std::vector<RepoSwitch>& switches);

// [{"id", "is_enabled", "changed", "file"}]; file is null where nothing was changed.
[[nodiscard]] std::string repo_switches_json(const std::vector<RepoSwitch>& switches);

}  // namespace lastack::cli
