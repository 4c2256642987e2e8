#include "repo/config_request.hpp"

#include "base/nearest_name.hpp"
#include "base/text.hpp"
#include "repo/error.hpp"
#include "repo/ini.hpp"
#include "repo/option_table.hpp"
#include "repo/options.hpp"
#include "repo/repo_sections.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

std::unexpected<Error> bad_option(std::string_view cause, std::string next_step) {
    return std::unexpected(
        Error{.code = RepoErrc::bad_option, .phase = Phase::parsing, .cause = printable(cause), .next_step = std::move(next_step)});
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

// An id may hold dots, an option's name holds none.
Result<ConfigRequest> parse_name(std::string_view text) {
    const auto dot = text.rfind('.');
    ConfigRequest request{.scope = dot == std::string_view::npos ? "" : std::string{trim(text.substr(0, dot))},
                          .key = to_lower(trim(dot == std::string_view::npos ? text : text.substr(dot + 1))),
                          .value = {}};
    if (request.key.empty() || (dot != std::string_view::npos && request.scope.empty())) {
        return bad_option("'" + std::string{first_word(text)} + "' is not KEY or REPO.KEY", {});
    }
    if (request.scope == "main") {
        request.scope.clear();
    }
    return request;
}

std::vector<std::string_view> options_for(const ConfigRequest& request) {
    std::vector<std::string_view> names{"excludepkgs"};
    const bool is_main = request.scope.empty();
    names.emplace_back(is_main ? "max_connections" : "pkg_gpgcheck");
    for (const KnownOption& option : known_options()) {
        if (option.place != (is_main ? OptionPlace::repository : OptionPlace::main)) {
            names.push_back(option.name);
        }
    }
    return names;
}

std::unexpected<Error> no_such_option(const ConfigRequest& request) {
    const std::vector<std::string_view> names = options_for(request);
    std::string next_step;
    if (const auto nearest = nearest_name(request.key, names)) {
        next_step = "did you mean '" + std::string{*nearest} + "'?";
    } else if (const auto known = std::ranges::find(known_options(), canonical_option(request.key), &KnownOption::name);
               known != known_options().end()) {
        next_step = known->place == OptionPlace::repository ? "it is an option of repositories: write REPO." + request.key
                                                            : "it is an option of [main]: write " + request.key;
    }
    return bad_option(
        "there is no option '" + std::string{first_word(request.key)} + "' " + (request.scope.empty() ? "in [main]" : "of a repository"),
        std::move(next_step));
}

Parsed<OptionFate> fate_of(const ConfigRequest& request, std::string_view value) {
    MainOptions options;
    return request.scope.empty() ? set_main_option(options, request.key, value)
                                 : set_repo_option(options.repo_defaults, request.key, value);
}

}  // namespace

Result<std::vector<ConfigRequest>> parse_config_sets(const std::vector<std::string>& words) {
    std::vector<ConfigRequest> requests;
    for (const std::string_view word : words) {
        const auto equals = word.find('=');
        if (equals == std::string_view::npos) {
            return bad_option("'" + std::string{first_word(word)} + "' has no '='", "write KEY=VALUE or REPO.KEY=VALUE");
        }
        auto request = parse_name(word.substr(0, equals));
        if (!request) {
            return std::unexpected(std::move(request.error()));
        }
        if (has_control_character(word)) {
            return bad_option(name_of(*request) + " holds a line end or another control character", "a value is one line");
        }
        request->value = trim(word.substr(equals + 1));
        requests.push_back(std::move(*request));
    }
    return requests;
}

Result<std::vector<ConfigRequest>> parse_config_unsets(const std::vector<std::string>& words) {
    std::vector<ConfigRequest> requests;
    for (const std::string_view word : words) {
        if (const auto equals = word.find('='); equals != std::string_view::npos) {
            return bad_option("'" + std::string{first_word(word.substr(0, equals))} + "=' has a value, but it is to be unset",
                              "write KEY or REPO.KEY");
        }
        auto request = parse_name(word);
        if (!request) {
            return std::unexpected(std::move(request.error()));
        }
        requests.push_back(std::move(*request));
    }
    return requests;
}

Result<OptionUse> check_config_request(const ConfigRequest& request) {
    const auto fate = fate_of(request, request.value.value_or(""));
    if (fate && *fate == OptionFate::unknown) {
        return no_such_option(request);
    }
    if (!request.value) {
        return OptionUse::has_effect;
    }
    if (!fate) {
        return bad_option(name_of(request) + ": " + fate.error(), {});
    }
    return *fate == OptionFate::set ? OptionUse::has_effect : OptionUse::none;
}

Result<void> check_config_urls(const ConfigRequest& request, const Variables& variables) {
    RepoDraft draft;
    draft.config.enabled = false;
    draft.config.origin = name_of(request);
    if (!request.scope.empty() && request.value && set_repo_option(draft.config, request.key, *request.value)) {
        if (auto finished = finish_urls(draft, variables); !finished) {
            return finished;
        }
    }
    return draft.notes.empty() ? Result<void>{} : bad_option(draft.notes.front(), {});
}

std::string name_of(const ConfigRequest& request) { return request.scope.empty() ? request.key : request.scope + "." + request.key; }

}  // namespace lastack::repo
