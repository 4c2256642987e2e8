#include "repo/effective_options.hpp"

#include "base/url.hpp"
#include "repo/option_table.hpp"
#include "repo/option_value.hpp"
#include "repo/variables.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

constexpr auto by_default = "default";
constexpr auto hidden = "***";

bool is_credential(std::string_view name) { return name.ends_with("username") || name.ends_with("password"); }

bool is_url(std::string_view name) {
    constexpr std::string_view urls[] = {"baseurl", "mirrorlist", "metalink", "gpgkey", "proxy"};
    return std::ranges::find(urls, name) != std::end(urls);
}

std::string joined(const std::vector<std::string>& items) {
    std::string text;
    for (const std::string& item : items) {
        text += (text.empty() ? "" : ", ") + item;
    }
    return text;
}

// A list may hold several, and a proxy without a scheme is a URL all the same.
std::string without_secrets(std::string_view value) {
    std::vector<std::string> words = parse_list(value);
    for (std::string& word : words) {
        const bool bare = !word.contains("://") && word.contains('@');
        word = bare ? redact_url("http://" + word).substr(std::string_view{"http://"}.size()) : redact_url(word);
    }
    return joined(words);
}

// Lists may have been written over several lines.
std::string on_one_line(std::string value) {
    std::ranges::replace(value, '\n', ' ');
    return value;
}

EffectiveOption from(const KnownOption& option, const OptionRecords& records, const Config& config) {
    const auto found = records.find(option.name);
    if (found == records.end()) {
        return {.name = option.name, .value = std::string{option.fallback}, .origin = by_default};
    }
    const std::string expanded = expand(on_one_line(found->second.value), config.variables).text;
    return {.name = option.name, .value = shown_value(option.name, expanded), .origin = found->second.origin};
}

}  // namespace

std::string shown_value(std::string_view option, std::string value) {
    if (is_credential(option)) {
        return value.empty() ? value : hidden;
    }
    return is_url(option) ? without_secrets(value) : on_one_line(std::move(value));
}

std::vector<EffectiveOption> effective_options(const Config& config) {
    std::vector<EffectiveOption> options;
    for (const KnownOption& option : known_options()) {
        if (option.place == OptionPlace::repository) {
            continue;
        }
        options.push_back(from(option, config.main.records, config));
        if (option.name == "cachedir") {
            options.back().value = config.main.cachedir.string();  // with the installroot in front
        }
    }
    return options;
}

std::vector<EffectiveOption> effective_options(const Config& config, const RepoConfig& repo) {
    std::vector<EffectiveOption> options;
    for (const KnownOption& option : known_options()) {
        if (option.place == OptionPlace::main) {
            continue;
        }
        options.push_back(from(option, repo.records, config));
        std::string& value = options.back().value;
        // What was said of them is not what is left of it: URLs that cannot be used are out.
        if (option.name == "baseurl") {
            value = without_secrets(joined(repo.baseurl));
        } else if (option.name == "mirrorlist" || option.name == "metalink") {
            value = redact_url(option.name == "metalink" ? repo.metalink : repo.mirrorlist);
        } else if (option.name == "name") {
            value = repo.name;
        }
    }
    return options;
}

std::vector<EffectiveOption> effective_variables(const Config& config) {
    std::vector<EffectiveOption> variables;
    for (const auto& [name, value] : config.variables) {
        const auto origin = config.variable_origins.find(name);
        variables.push_back(
            {.name = name, .value = value, .origin = origin == config.variable_origins.end() ? std::string{} : origin->second});
    }
    return variables;
}

}  // namespace lastack::repo
