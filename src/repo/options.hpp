// Which option names exist, what their values do to the configuration, and which ones we accept without acting on them. Pure.
#pragma once

#include "repo/config.hpp"
#include "repo/option_value.hpp"

#include <string_view>
#include <vector>

namespace lastack::repo {

enum class OptionFate : unsigned char {
    set,        // the configuration holds the value now
    inert,      // known from yum or dnf, and leaving it out changes nothing that matters
    no_effect,  // known, and leaving it out changes safety or the result: the user must hear of it
    unknown,
};

// [main] and what repositories inherit from it.
struct MainOptions {
    MainConfig main;
    RepoConfig repo_defaults;
};

// The error is a sentence part about the value. `key` is in lower case.
// What was set is recorded with `origin`.
[[nodiscard]] Parsed<OptionFate> set_main_option(MainOptions& options, std::string_view key, std::string_view value,
                                                 std::string_view origin = {});
[[nodiscard]] Parsed<OptionFate> set_repo_option(RepoConfig& repo, std::string_view key, std::string_view value,
                                                 std::string_view origin = {});

// inert, no_effect or unknown for a name that neither function above sets. A value that asks for what we do anyway is inert.
[[nodiscard]] OptionFate fate_of_foreign_option(std::string_view key, std::string_view value);

// The names that fate_of_foreign_option knows, but for those of colours.
[[nodiscard]] std::vector<std::string_view> foreign_options();

// [A-Za-z0-9._:-]{1,128}, not beginning with a dot, and neither "objects" nor "lock": it names a directory of the cache.
[[nodiscard]] bool is_repo_id(std::string_view id);

}  // namespace lastack::repo
