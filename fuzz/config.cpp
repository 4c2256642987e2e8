// Configuration text: the file format, the options' values and the variables.
#include "repo/command_line_options.hpp"
#include "repo/ini.hpp"
#include "repo/options.hpp"
#include "repo/refresh_state.hpp"
#include "repo/repo_sections.hpp"
#include "repo/variables.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

bool is_safe_to_show(std::string_view text) { return text.find_first_of("\x1b\n\r\b\x7f") == std::string_view::npos; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace repo = lastack::repo;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    // What it includes is how it begins itself, as deep as it may go.
    constexpr std::size_t included = 256;
    const repo::IniFile ini = repo::parse_ini(
        text, [&](std::string_view where, std::string_view) -> std::expected<std::optional<repo::IncludedText>, std::string> {
            return repo::IncludedText{.name = std::string{where}, .text = std::string{text.substr(0, included)}};
        });
    std::vector<std::string> warnings;
    repo::MainOptions options;
    (void)repo::read_main_section(ini, "main", options, warnings);

    repo::RepoDrafts drafts;
    repo::read_repo_sections(ini, "file", repo::ConfigFile::repos, {}, drafts, warnings);
    const repo::Variables variables{{"releasever", "9"}, {"basearch", "x86_64"}};
    for (auto& [id, draft] : drafts) {
        require(repo::is_repo_id(id));
        (void)repo::finish_urls(draft, variables);
        for (const std::string& url : draft.config.baseurl) {
            require(repo::check_repo_url(url).has_value());
            require(!url.ends_with('/'));
        }
        warnings.insert(warnings.end(), draft.notes.begin(), draft.notes.end());
    }
    for (const std::string& warning : warnings) {
        require(is_safe_to_show(warning));
    }
    if (const auto setopts = repo::parse_setopts({std::string{text}})) {
        (void)repo::apply_main_setopts(*setopts, options, warnings);
        (void)repo::apply_repo_setopts(*setopts, drafts, warnings);
    }
    require(repo::version_id_of(text).empty() || repo::is_variable_value(repo::version_id_of(text)));
    if (const auto state = repo::parse_refresh_state(text)) {
        require(repo::parse_refresh_state(repo::to_text(*state)) == state);
    }
    return 0;
}
