// Sections of configuration text as drafts of repositories: options set and inherited, variables not yet expanded. Pure.
#pragma once

#include "repo/config.hpp"
#include "repo/ini.hpp"
#include "repo/options.hpp"
#include "repo/variables.hpp"

#include "lastack/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

struct RepoDraft {
    RepoConfig config;
    std::string dropped_for;         // the warning that it was left out with; empty: it is usable
    std::vector<std::string> notes;  // warnings that only matter when it is enabled
};
using RepoDrafts = std::map<std::string, RepoDraft, std::less<>>;

enum class ConfigFile : unsigned char { main, repos };

// "FILE:LINE: what", safe to show.
[[nodiscard]] std::string located(std::string_view file, unsigned line, std::string_view what);

// Reads [main]. Errors: RepoErrc::bad_config for a bad line anywhere in the file and for a bad value.
[[nodiscard]] Result<void> read_main_section(const IniFile& ini, std::string_view file, MainOptions& options,
                                             std::vector<std::string>& warnings);

// Adds a draft for every other section. What is bad drops that repository; an id that is defined again takes the earlier one's place.
void read_repo_sections(const IniFile& ini, std::string_view file, ConfigFile kind, const RepoConfig& defaults, RepoDrafts& drafts,
                        std::vector<std::string>& warnings);

// Sets options of drafts that are there: a section's name is an id or a glob (dnf5's repos.override.d). What is bad changes nothing and is
// told, and so is a name that matches none.
void override_repo_sections(const IniFile& ini, std::string_view file, RepoDrafts& drafts, std::vector<std::string>& warnings);

// Whether a repository may lie there: http, https, ftp, or a path of this machine as file:. Pure. Errors: Errc::invalid_argument.
[[nodiscard]] Result<void> check_repo_url(const std::string& url);

// Expands the variables, also of the connection options, and takes out the URLs that are none, with a note each. An enabled
// repository that uses $releasever while it has no value is RepoErrc::bad_config.
[[nodiscard]] Result<void> finish_urls(RepoDraft& draft, const Variables& variables);

}  // namespace lastack::repo
