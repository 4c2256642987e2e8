#include "repo/command_line_options.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "repo/error.hpp"
#include "repo/nearest_option.hpp"
#include "repo/set_connection_option.hpp"

#include <algorithm>
#include <fnmatch.h>
#include <iterator>

namespace lastack::repo {

namespace {

std::unexpected<Error> bad_option(std::string cause, std::string next_step) {
    return std::unexpected(
        Error{.code = RepoErrc::bad_option, .phase = Phase::parsing, .cause = printable(cause), .next_step = std::move(next_step)});
}

bool matches(const std::string& glob, const std::string& id) { return fnmatch(glob.c_str(), id.c_str(), 0) == 0; }

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool exists(const SetOption& option) {
    MainOptions options;
    const auto fate = option.scope.empty() ? set_main_option(options, option.key, option.value)
                                           : set_repo_option(options.repo_defaults, option.key, option.value);
    return !fate || *fate != OptionFate::unknown;
}

// An option that does not exist may be a misspelt password.
bool may_be_shown(const SetOption& option) { return !is_secret_option(option.key) && !option.value.contains('@') && exists(option); }

Result<SetOption> parse_setopt(const std::string& text) {
    const auto equals = text.find('=');
    if (equals == std::string::npos) {
        return bad_option("--setopt=" + std::string{first_word(text)} + " has no '='",
                          "write --setopt=KEY=VALUE or --setopt=REPO.KEY=VALUE");
    }
    if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
        return bad_option("--setopt=" + std::string{first_word(text.substr(0, equals))} + " holds a control character", {});
    }
    SetOption option{.written = std::string{first_word(text.substr(0, equals))},
                     .scope = {},
                     .key = text.substr(0, equals),
                     .value = std::string{trim(text.substr(equals + 1))}};
    if (const auto dot = option.key.rfind('.'); dot != std::string::npos) {
        option.scope = option.key.substr(0, dot);
        option.key.erase(0, dot + 1);
        if (option.scope.empty()) {
            return bad_option("--setopt=" + option.written + " names no repository before the '.'", "write --setopt=REPO.KEY=VALUE");
        }
        if (option.scope == "main") {
            option.scope.clear();
        }
    }
    option.key = to_lower(trim(option.key));
    option.written += may_be_shown(option) ? "=" + option.value : "";
    return option;
}

Result<void> check_fate(const Parsed<OptionFate>& fate, const SetOption& option, std::vector<std::string>& warnings) {
    const std::string where = "--setopt=" + option.written;
    if (!fate) {
        return bad_option(where + ": " + fate.error(), {});
    }
    if (*fate == OptionFate::unknown) {
        const auto nearest = nearest_option(option.key, option.scope.empty() ? OptionPlace::main : OptionPlace::repository);
        const std::string hint = nearest.empty() ? "" : "did you mean '" + std::string{nearest} + "'?";
        const std::string other_place = option.scope.empty() ? "for a repository's option write --setopt=REPO.KEY=VALUE" : "";
        return bad_option(where + ": there is no option '" + std::string{first_word(option.key)} + "' " +
                              (option.scope.empty() ? "in [main]" : "of a repository"),
                          hint.empty() ? other_place : hint);
    }
    if (*fate == OptionFate::no_effect) {
        warnings.push_back(printable(where + ": option '" + option.key + "' is not supported and has no effect"));
    }
    return {};
}

}  // namespace

Result<std::vector<SetOption>> parse_setopts(const std::vector<std::string>& setopts) {
    std::vector<SetOption> options;
    for (const std::string& text : setopts) {
        auto option = parse_setopt(text);
        if (!option) {
            return std::unexpected(std::move(option.error()));
        }
        options.push_back(std::move(*option));
    }
    return options;
}

Result<void> apply_main_setopts(const std::vector<SetOption>& setopts, MainOptions& options, std::vector<std::string>& warnings) {
    const auto sets_excludes = [](const SetOption& o) { return o.scope.empty() && (o.key == "exclude" || o.key == "excludepkgs"); };
    if (std::ranges::any_of(setopts, sets_excludes)) {
        options.main.exclude.clear();
        options.main.records.erase("exclude");
    }
    for (const SetOption& option : setopts) {
        if (!option.scope.empty()) {
            continue;
        }
        if (auto checked = check_fate(set_main_option(options, option.key, option.value, "--setopt"), option, warnings); !checked) {
            return checked;
        }
    }
    return {};
}

Result<void> apply_repo_setopts(const std::vector<SetOption>& setopts, RepoDrafts& drafts, std::vector<std::string>& warnings) {
    // What is said of one repository by its name comes after what is said of many, wherever it stands.
    std::vector<SetOption> ordered;
    std::ranges::copy_if(setopts, std::back_inserter(ordered), [](const SetOption& option) { return is_glob(option.scope); });
    std::ranges::copy_if(setopts, std::back_inserter(ordered), [](const SetOption& option) { return !is_glob(option.scope); });
    for (const SetOption& option : ordered) {
        if (option.scope.empty()) {
            continue;
        }
        // Tried on a repository of no use first: a wrong option is an error also when nothing matches.
        RepoConfig scratch;
        if (auto checked = check_fate(set_repo_option(scratch, option.key, option.value), option, warnings); !checked) {
            return checked;
        }
        bool matched = false;
        for (auto& [id, draft] : drafts) {
            if (matches(option.scope, id)) {
                matched = true;
                (void)set_repo_option(draft.config, option.key, option.value, "--setopt");
            }
        }
        if (!matched) {
            warnings.push_back(printable("--setopt=" + option.written + ": no repository matches '" + option.scope + "'"));
        }
    }
    return {};
}

Result<void> add_repos_from_path(const std::vector<std::pair<std::string, std::string>>& given, const RepoConfig& defaults,
                                 const Variables& variables, RepoDrafts& drafts, std::vector<std::string>& warnings) {
    constexpr auto how = "write --repofrompath=ID,http://HOST/PATH; https, ftp and file URLs and absolute paths can be used too";
    for (const auto& [id, given_text] : given) {
        const std::string text = given_text.starts_with('/') ? "file://" + given_text : given_text;
        const std::string written = "--repofrompath=" + id + "," + redact_url(text);
        if (!is_repo_id(id) || id == "main") {
            return bad_option(written + ": the id '" + id + "' is not usable (letters, digits, '.', '_', ':', '-')", how);
        }
        if (const auto url = check_repo_url(expand(text, variables).text); !url) {
            return bad_option(written + ": " + url.error().cause, how);
        }
        if (const auto earlier = drafts.find(id); earlier != drafts.end()) {
            warnings.push_back(printable(written + ": this replaces the repository defined in " + earlier->second.config.origin));
        }
        RepoDraft draft;
        draft.config = defaults;
        draft.config.id = id;
        draft.config.name = id;
        draft.config.enabled = true;
        draft.config.baseurl = {text};
        draft.config.records["baseurl"] = {.value = text, .origin = "--repofrompath"};
        draft.config.records["enabled"] = {.value = "1", .origin = "--repofrompath"};
        draft.config.origin = "--repofrompath";
        drafts.insert_or_assign(id, std::move(draft));
    }
    return {};
}

Result<void> switch_repos(const std::vector<std::pair<std::string, bool>>& switches, RepoDrafts& drafts) {
    for (const auto& [list, enabled] : switches) {
        for (const std::string& wanted : parse_list(list)) {
            const auto exact = drafts.find(wanted);
            if (!is_glob(wanted) && (exact == drafts.end() || !exact->second.dropped_for.empty())) {
                const bool dropped = exact != drafts.end();
                return std::unexpected(
                    Error{.code = RepoErrc::unknown_repo,
                          .phase = Phase::parsing,
                          .cause = printable("there is no repository '" + wanted + "'") +
                                   (dropped ? ", it was left out: " + exact->second.dropped_for : ""),
                          .next_step = dropped ? "correct that line" : "the ids are the names in brackets of the .repo files"});
            }
            for (auto& [id, draft] : drafts) {
                if (id == wanted || matches(wanted, id)) {
                    draft.config.enabled = enabled;
                    draft.config.records["enabled"] = {.value = enabled ? "1" : "0", .origin = enabled ? "--enablerepo" : "--disablerepo"};
                }
            }
        }
    }
    return {};
}

}  // namespace lastack::repo
