#include "cli/config_change_text.hpp"

#include "base/text.hpp"
#include "cli/json_text.hpp"
#include "repo/effective_options.hpp"
#include "repo/option_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace lastack::cli {

namespace {

// An option that is none may be a misspelt password.
std::optional<std::string> shown(const repo::KeyChange& change, const std::optional<std::string>& value) {
    const std::string_view option = repo::canonical_option(change.key);
    const bool is_known = std::ranges::find(repo::known_options(), option, &repo::KnownOption::name) != repo::known_options().end();
    if (!value) {
        return std::nullopt;
    }
    return is_known ? repo::shown_value(option, *value) : "***";
}

std::string line_of(const repo::ConfigChange& change) {
    const auto& [section, key, old_raw, new_raw] = change.key;
    const auto old_value = shown(change.key, old_raw);
    const auto new_value = shown(change.key, new_raw);
    std::string what;
    if (!change.changes()) {
        what = new_value ? fmt::format("{}={} is set already", key, *new_value) : key + " is not set";
    } else if (!new_value) {
        what = fmt::format("{} is not set any more (was {})", key, *old_value);
    } else {
        what = fmt::format("{}={} ({})", key, *new_value, old_value ? "was " + *old_value : "was not set");
    }
    return printable(fmt::format("{}: [{}] {}", change.file.string(), section, what)) + "\n";
}

std::string json_or_null(const std::optional<std::string>& value) { return value ? json_string(*value) : "null"; }

}  // namespace

std::string config_changes_text(const std::vector<repo::ConfigChange>& changes) {
    std::string out;
    for (const repo::ConfigChange& change : changes) {
        out += line_of(change);
    }
    return out;
}

std::string config_changes_json(const std::vector<repo::ConfigChange>& changes) {
    std::string out;
    for (const repo::ConfigChange& change : changes) {
        out += fmt::format("{}\n {{\"file\": {}, \"section\": {}, \"key\": {}, \"old\": {}, \"new\": {}}}", out.empty() ? "" : ",",
                           json_string(change.file.string()), json_string(change.key.section), json_string(change.key.key),
                           json_or_null(shown(change.key, change.key.old_value)), json_or_null(shown(change.key, change.key.new_value)));
    }
    return "[" + out + "\n]\n";
}

std::string repo_switches_text(const std::vector<RepoSwitch>& switches) {
    std::string out;
    for (const RepoSwitch& each : switches) {
        const std::string_view state = each.is_enabled ? "enabled" : "disabled";
        out += printable(each.file.empty() ? fmt::format("{} is {} already", each.id, state)
                                           : fmt::format("{} is {} now ({})", each.id, state, each.file.string())) +
               "\n";
    }
    return out;
}

std::string repo_switches_json(const std::vector<RepoSwitch>& switches) {
    std::string out;
    for (const RepoSwitch& each : switches) {
        out += fmt::format("{}\n {{\"id\": {}, \"is_enabled\": {}, \"changed\": {}, \"file\": {}}}", out.empty() ? "" : ",",
                           json_string(each.id), each.is_enabled, !each.file.empty(),
                           each.file.empty() ? "null" : json_string(each.file.string()));
    }
    return "[" + out + "\n]\n";
}

}  // namespace lastack::cli
