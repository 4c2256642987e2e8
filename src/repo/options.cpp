#include "repo/options.hpp"

#include "base/text.hpp"
#include "repo/expand_globs.hpp"
#include "repo/option_table.hpp"
#include "repo/set_connection_option.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

using Outcome = Parsed<void>;

constexpr std::chrono::milliseconds shortest_timeout{1};
constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours{1};
constexpr std::uint64_t most_retries = 1000;
constexpr std::uint64_t most_parallel = 100;
constexpr std::size_t max_id_length = 128;

template <typename T, typename U>
Outcome assign(T& field, Parsed<U> value) {
    if (!value) {
        return std::unexpected(std::move(value.error()));
    }
    field = static_cast<T>(*value);
    return {};
}

Outcome assign_timeout(std::optional<std::chrono::milliseconds>& field, std::string_view value) {
    const auto time = parse_seconds(value);
    if (!time) {
        return std::unexpected(time.error());
    }
    if (!*time || **time < shortest_timeout || **time > longest_timeout) {
        return std::unexpected("'" + printable(value) + "' is not a time from 1 millisecond to 1 hour");
    }
    field = **time;
    return {};
}

Outcome assign_expire(std::optional<std::chrono::seconds>& field, std::string_view value) {
    const auto time = parse_seconds(value);
    if (!time) {
        return std::unexpected(time.error());
    }
    field.reset();
    if (*time) {
        field = std::chrono::duration_cast<std::chrono::seconds>(**time);
    }
    return {};
}

Outcome assign_absolute(fs::path& field, std::string_view value) {
    if (!value.starts_with('/')) {
        return std::unexpected("'" + printable(value) + "' is not an absolute path");
    }
    field = fs::path{value}.lexically_normal();
    return {};
}

Outcome assign_list(std::vector<std::string>& field, std::string_view value) {
    field = parse_list(value);
    for (const std::string& item : field) {
        if (is_glob_item(item) && !item.starts_with("glob:/")) {
            return std::unexpected("'" + printable(item) + "' names no absolute path");
        }
    }
    return {};
}

Outcome assign_flag(bool& field, std::string_view value) { return assign(field, parse_boolean(value)); }

// yum's "roundrobin" begins anywhere; every other word has always meant the order of the list.
Outcome set_failovermethod(RepoConfig& repo, std::string_view value) {
    repo.failovermethod = value == "roundrobin" ? FailoverMethod::roundrobin : FailoverMethod::priority;
    return {};
}

template <typename T, std::size_t count>
Outcome assign_word(T& field, std::string_view value, const std::pair<std::string_view, T> (&words)[count]) {
    std::string all;
    for (std::size_t i = 0; i < count; ++i) {
        if (value == words[i].first) {
            field = words[i].second;
            return {};
        }
        all += (i == 0 ? "" : i + 1 == count ? " and " : ", ") + std::string{words[i].first};
    }
    return std::unexpected("'" + printable(value) + "' is none of " + all);
}

Outcome set_http_caching(RepoConfig& repo, std::string_view value) {
    constexpr std::pair<std::string_view, HttpCaching> words[] = {{"all", HttpCaching::all},
                                                                  {"packages", HttpCaching::packages},
                                                                  {"lazy:packages", HttpCaching::lazy_packages},
                                                                  {"none", HttpCaching::none}};
    return assign_word(repo.http_caching, value, words);
}

Outcome set_expire_filter(RepoConfig& repo, std::string_view value) {
    constexpr std::pair<std::string_view, ExpireFilter> words[] = {{"never", ExpireFilter::never},
                                                                   {"read-only:past", ExpireFilter::past},
                                                                   {"read-only:present", ExpireFilter::present},
                                                                   {"read-only:future", ExpireFilter::future}};
    return assign_word(repo.metadata_expire_filter, value, words);
}

// An age of nothing would refuse everything; "never" and -1 take the limit away.
Outcome set_max_age(RepoConfig& repo, std::string_view value) {
    std::optional<std::chrono::seconds> age;
    if (auto outcome = assign_expire(age, value); !outcome) {
        return outcome;
    }
    if (age && age->count() == 0) {
        return std::unexpected(std::string{"an age of 0 would refuse all metadata"});
    }
    repo.max_age = age;
    return {};
}

struct RepoOption {
    std::string_view name;
    bool inherited;  // may stand in [main] for all repositories
    Outcome (*set)(RepoConfig&, std::string_view);
};

Outcome set_gpgcheck(RepoConfig& repo, std::string_view value) { return assign(repo.gpgcheck, parse_boolean(value)); }

Outcome set_retries(RepoConfig& repo, std::string_view value) {
    if (value == "<off>") {
        return std::unexpected(std::string{"'<off>' is no number of attempts; 1 is one attempt, <forever> no end of them"});
    }
    return assign(repo.retries, value == "<forever>" ? Parsed<std::uint64_t>{0} : parse_number(value, 0, most_retries));
}

constexpr RepoOption repo_options[] = {
    {"enabled", true, [](RepoConfig& r, std::string_view v) { return assign(r.enabled, parse_boolean(v)); }},
    {"gpgcheck", true, set_gpgcheck},
    {"pkg_gpgcheck", true, set_gpgcheck},
    {"repo_gpgcheck", true, [](RepoConfig& r, std::string_view v) { return assign(r.repo_gpgcheck, parse_boolean(v)); }},
    {"allow_weak_digests", true, [](RepoConfig& r, std::string_view v) { return assign(r.allow_weak_digests, parse_boolean(v)); }},
    {"keepalive", true, [](RepoConfig& r, std::string_view v) { return assign(r.keepalive, parse_boolean(v)); }},
    {"timeout", true, [](RepoConfig& r, std::string_view v) { return assign_timeout(r.timeout, v); }},
    {"retries", true, set_retries},
    {"minrate", true, [](RepoConfig& r, std::string_view v) { return assign(r.minrate, parse_bytes(v)); }},
    {"bandwidth", true, [](RepoConfig& r, std::string_view v) { return assign(r.bandwidth, parse_bytes(v)); }},
    {"throttle", true, [](RepoConfig& r, std::string_view v) { return assign(r.throttle, parse_throttle(v)); }},
    {"metadata_expire_filter", true, set_expire_filter},
    {"check_config_file_age", true, [](RepoConfig& r, std::string_view v) { return assign_flag(r.check_config_file_age, v); }},
    {"keepcache", true, [](RepoConfig& r, std::string_view v) { return assign_flag(r.keepcache, v); }},
    {"metadata_expire", true, [](RepoConfig& r, std::string_view v) { return assign_expire(r.metadata_expire, v); }},
    {"mirrorlist_expire", true, [](RepoConfig& r, std::string_view v) { return assign_expire(r.mirrorlist_expire, v); }},
    {"max_age", true, set_max_age},
    {"allow_rollback", true, [](RepoConfig& r, std::string_view v) { return assign_flag(r.allow_rollback, v); }},
    {"failovermethod", true, set_failovermethod},
    {"http_caching", true, set_http_caching},
    {"module_hotfixes", false, [](RepoConfig& r, std::string_view v) { return assign_flag(r.module_hotfixes, v); }},
    {"exclude", false, [](RepoConfig& r, std::string_view v) { return assign_list(r.exclude, v); }},
    {"excludepkgs", false, [](RepoConfig& r, std::string_view v) { return assign_list(r.exclude, v); }},
    {"includepkgs", true, [](RepoConfig& r, std::string_view v) { return assign_list(r.includepkgs, v); }},
    {"skip_if_unavailable", true, [](RepoConfig& r, std::string_view v) { return assign(r.skip_if_unavailable, parse_boolean(v)); }},
    {"cost", true, [](RepoConfig& r, std::string_view v) { return assign(r.cost, parse_number(v, 0, std::numeric_limits<int>::max())); }},
    {"priority", true,
     [](RepoConfig& r, std::string_view v) { return assign(r.priority, parse_number(v, 0, std::numeric_limits<int>::max())); }},
    {"name", false, [](RepoConfig& r, std::string_view v) { return assign(r.name, Parsed<std::string>{v}); }},
    {"baseurl", false,
     [](RepoConfig& r, std::string_view v) { return assign(r.baseurl, Parsed<std::vector<std::string>>{parse_list(v)}); }},
    {"mirrorlist", false, [](RepoConfig& r, std::string_view v) { return assign(r.mirrorlist, Parsed<std::string>{v}); }},
    {"metalink", false, [](RepoConfig& r, std::string_view v) { return assign(r.metalink, Parsed<std::string>{v}); }},
    {"gpgkey", false, [](RepoConfig& r, std::string_view v) { return assign(r.gpgkey, Parsed<std::vector<std::string>>{parse_list(v)}); }},
};

// Each spelling and each section line adds; an override of the command line clears first.
Outcome add_excludes(MainConfig& main, std::string_view value) {
    std::vector<std::string> added;
    auto outcome = assign_list(added, value);
    main.exclude.insert(main.exclude.end(), added.begin(), added.end());
    return outcome;
}

Outcome set_reposdir(MainConfig& main, std::string_view value) {
    std::vector<fs::path> directories;
    for (const std::string& item : parse_list(value)) {
        directories.emplace_back(item);
    }
    main.reposdir = std::move(directories);
    return {};
}

Outcome set_parallel(MainConfig& main, std::string_view value) {
    return assign(main.max_parallel_downloads, parse_number(value, 1, most_parallel));
}

// yum's 0 means "as many as the default has".
bool is_default_of_yum(std::string_view value) { return value == "0" || value == "<off>"; }

Outcome set_connections(MainConfig& main, std::string_view value) {
    return is_default_of_yum(value) ? Outcome{} : set_parallel(main, value);
}

Outcome set_clean_requirements(MainConfig& main, std::string_view value) {
    return assign(main.clean_requirements_on_remove, parse_boolean(value));
}

Outcome set_solver_timeout(MainConfig& main, std::string_view value) {
    auto time = parse_seconds(value);
    if (!time) {
        return std::unexpected(std::move(time.error()));
    }
    main.solver_timeout = *time && **time > std::chrono::milliseconds{0} ? *time : std::nullopt;
    return {};
}

struct MainOption {
    std::string_view name;
    Outcome (*set)(MainConfig&, std::string_view);
};

constexpr MainOption main_options[] = {
    {"cachedir", [](MainConfig& m, std::string_view v) { return assign(m.cachedir, Parsed<fs::path>{v}); }},
    {"reposdir", set_reposdir},
    {"persistdir", [](MainConfig& m, std::string_view v) { return assign_absolute(m.persistdir, v); }},
    {"installroot", [](MainConfig& m, std::string_view v) { return assign_absolute(m.installroot, v); }},
    {"max_parallel_downloads", set_parallel},
    {"max_connections", set_connections},
    {"zchunk", [](MainConfig& m, std::string_view v) { return assign(m.zchunk, parse_boolean(v)); }},
    {"assumeyes", [](MainConfig& m, std::string_view v) { return assign(m.assumeyes, parse_boolean(v)); }},
    {"assumeno", [](MainConfig& m, std::string_view v) { return assign(m.assumeno, parse_boolean(v)); }},
    {"cache_quota", [](MainConfig& m, std::string_view v) { return assign(m.cache_quota, parse_bytes(v)); }},
    {"clean_requirements_on_remove", set_clean_requirements},
    {"exit_on_lock", [](MainConfig& m, std::string_view v) { return assign(m.exit_on_lock, parse_boolean(v)); }},
    {"solver_timeout", set_solver_timeout},
    {"exclude", add_excludes},
    {"excludepkgs", add_excludes},
    {"user_agent", [](MainConfig& m, std::string_view v) { return assign(m.user_agent, Parsed<std::string>{v}); }},
};

void copy_shared(const RepoConfig& from, MainConfig& to) {
    to.gpgcheck = from.gpgcheck;
    to.keepalive = from.keepalive;
    to.timeout = from.timeout;
    to.retries = from.retries;
    to.minrate = from.minrate;
    to.connection = from.connection;
    to.metadata_expire = from.metadata_expire;
    to.bandwidth = from.bandwidth;
    to.throttle = from.throttle;
    to.keepcache = from.keepcache;
}

Parsed<OptionFate> fate_of(Outcome outcome) {
    if (!outcome) {
        return std::unexpected(std::move(outcome.error()));
    }
    return OptionFate::set;
}

}  // namespace

Parsed<OptionFate> set_main_option(MainOptions& options, std::string_view key, std::string_view value, std::string_view origin) {
    OptionRecords& records = options.main.records;
    const std::string name{canonical_option(key)};
    if (const auto found = std::ranges::find(main_options, key, &MainOption::name); found != std::end(main_options)) {
        auto outcome = found->set(options.main, value);
        const bool says_nothing = key == "max_connections" && is_default_of_yum(value);
        if (outcome && !says_nothing) {
            const auto earlier = records.find(name);
            const bool adds = found->set == add_excludes && earlier != records.end();
            records[name] = {.value = adds ? earlier->second.value + ", " + std::string{value} : std::string{value},
                             .origin = std::string{origin}};
        }
        return fate_of(std::move(outcome));
    }
    const auto shared = std::ranges::find(repo_options, key, &RepoOption::name);
    const bool is_shared = shared != std::end(repo_options) && shared->inherited;
    if (!is_shared && !is_connection_option(key)) {
        return fate_of_foreign_option(key, value);
    }
    auto fate = set_repo_option(options.repo_defaults, key, value, origin);
    if (fate) {
        copy_shared(options.repo_defaults, options.main);
        records[name] = options.repo_defaults.records.at(name);
    }
    return fate;
}

Parsed<OptionFate> set_repo_option(RepoConfig& repo, std::string_view key, std::string_view value, std::string_view origin) {
    std::optional<Outcome> outcome;
    if (const auto found = std::ranges::find(repo_options, key, &RepoOption::name); found != std::end(repo_options)) {
        outcome = found->set(repo, value);
    } else {
        outcome = set_connection_option(repo.connection, key, value);
    }
    if (!outcome) {
        return fate_of_foreign_option(key, value);
    }
    if (*outcome) {
        repo.records[std::string{canonical_option(key)}] = {.value = std::string{value}, .origin = std::string{origin}};
    }
    return fate_of(*std::move(outcome));
}

bool is_repo_id(std::string_view id) {
    const bool is_ours = id == "objects" || id == "lock";  // stand beside the repositories' directories in the cache
    return !id.empty() && !is_ours && id.size() <= max_id_length && id.front() != '.' && std::ranges::all_of(id, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == ':' || c == '-';
    });
}

}  // namespace lastack::repo
