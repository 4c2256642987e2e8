// What `config set` and `config unset` are told, as values, and whether the configuration could hold it. Pure.
#pragma once

#include "repo/variables.hpp"

#include "lastack/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

struct ConfigRequest {
    std::string scope;                 // an id of a repository or a glob over them; empty: [main]
    std::string key;                   // lower case
    std::optional<std::string> value;  // nothing: unset
};

// "[REPO.]KEY=VALUE", split as --setopt: at the first '=', the key follows the last '.' before it. Errors: RepoErrc::bad_option.
[[nodiscard]] Result<std::vector<ConfigRequest>> parse_config_sets(const std::vector<std::string>& words);
// "[REPO.]KEY".
[[nodiscard]] Result<std::vector<ConfigRequest>> parse_config_unsets(const std::vector<std::string>& words);

enum class OptionUse : bool {
    has_effect,
    none,  // known from yum or dnf, and nothing here looks at it
};

// The value as it is when the configuration is read, but for URLs. Of what is unset, only whether there is such an option. Errors:
// RepoErrc::bad_option, with the nearest name.
[[nodiscard]] Result<OptionUse> check_config_request(const ConfigRequest& request);

// URLs that would be left out when the configuration is read. Errors: RepoErrc::bad_option.
[[nodiscard]] Result<void> check_config_urls(const ConfigRequest& request, const Variables& variables);

// "KEY", "REPO.KEY".
[[nodiscard]] std::string name_of(const ConfigRequest& request);

}  // namespace lastack::repo
