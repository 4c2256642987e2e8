// The variables of repository files: $releasever, $basearch, $arch, $YUM0..$YUM9, $DNF0..$DNF9, the files in <root>/usr/share/dnf5/vars.d
// and <root>/etc/{yum,dnf,lastack}/vars, and DNF_VAR_name of the environment.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

using Variables = std::map<std::string, std::string, std::less<>>;  // names in lower case

struct Expanded {
    std::string text;
    bool wants_releasever = false;  // it uses $releasever, which has no value
    bool wants_uuid = false;        // likewise
};

// Replaces $name, ${name}, ${name:-WORD} (WORD when there is no such name, or it is empty) and ${name:+WORD} (WORD when there is one that
// is not empty, else nothing); the name's case does not matter. WORD is expanded itself, up to 32 deep, and a '\' in it takes away what the
// next character means. Unknown names, and what does not close, stay as written; values are not expanded again. Pure.
[[nodiscard]] Expanded expand(std::string_view text, const Variables& variables);

// [A-Za-z0-9._-]{1,64}: what may stand in a URL or a path without changing its meaning.
[[nodiscard]] bool is_variable_value(std::string_view value);
// Such values joined by '/', for variables of files: distributions ship "pub/rocky".
[[nodiscard]] bool is_variable_path(std::string_view value);

// yum's base architecture of a machine name (uname -m or an rpm architecture); unknown names stand for themselves. Pure.
[[nodiscard]] std::string_view basearch_of(std::string_view arch);

// VERSION_ID of an os-release text; empty when it has none or not a usable one. Pure.
[[nodiscard]] std::string version_id_of(std::string_view os_release);

// VERSION_ID of the system in `root`; empty when it does not say.
[[nodiscard]] std::string detect_releasever(const std::filesystem::path& root);

// Variables with where each comes from: a file, the environment, a switch of the command line.
struct TracedVariables {
    Variables values;
    std::map<std::string, std::string, std::less<>> origins;

    // $releasever brings $releasever_major and $releasever_minor.
    void set(const std::string& name, std::string_view value, const std::string& origin);
};

// $arch, $basearch, $YUM0..9 and $DNF0..9 of this process, overridden by the vars directories under `root`, these by DNF_VAR_name.
// `warnings` gets a line for every file that is left out.
[[nodiscard]] TracedVariables load_variables(const std::filesystem::path& root, std::vector<std::string>& warnings);

// Small letters, digits and '_'.
[[nodiscard]] bool is_variable_name(std::string_view name);

}  // namespace lastack::repo
