// Changes what configuration files say: all is checked first, then file by file is replaced as a whole.
#pragma once

#include "repo/config.hpp"
#include "repo/config_edit.hpp"
#include "repo/config_request.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

struct ConfigChange {
    std::filesystem::path file;  // that was written: what a symbolic link leads to
    KeyChange key;

    [[nodiscard]] bool changes() const { return key.old_value != key.new_value; }
};

struct ConfigChanges {
    std::vector<ConfigChange> changes;   // those that change nothing too
    std::vector<std::string> warnings;   // options without effect, passwords that others can read
    std::vector<std::string> overruled;  // "FILE:LINE: ...": lines that win over what was written
};

// The configuration for somebody who wants to change it: what only stands in the way of using it ($releasever) is no error.
[[nodiscard]] Result<Config> load_config_to_change(Overrides overrides);

// [main] is changed in the main configuration file, which is made where there is none, and a repository where it is defined, or in
// `repo_file`. Files outside of the installroot are only changed when the user named them. Errors: RepoErrc::bad_option for what is no
// option or no value, RepoErrc::unknown_repo for an id or glob that matches nothing, RepoErrc::bad_config for a file that cannot be used,
// before or afterwards; nothing is written then. Else those of FileReplacement.
[[nodiscard]] Result<ConfigChanges> change_config(const Overrides& overrides, const std::vector<ConfigRequest>& requests,
                                                  const std::optional<std::filesystem::path>& repo_file);

// Errors: RepoErrc::unknown_repo, with the nearest id.
[[nodiscard]] Result<std::vector<const RepoConfig*>> repos_matching(const Config& config, const std::string& id_or_glob);

}  // namespace lastack::repo
