// The main configuration and the .repo files, with yum's names. Parsing is pure (text in, values and warnings out); `load` reads files.
// Precedence: defaults < main configuration < .repo file < --setopt/--enablerepo/... of the command line.
#pragma once

#include "repo/expire_filter.hpp"
#include "repo/rate_limit.hpp"

#include "lastack/connection_options.hpp"
#include "lastack/result.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::repo {

// The text that an option was given, and by whom: "FILE:LINE", or the switch of the command line.
struct OptionRecord {
    std::string value;
    std::string origin;

    friend bool operator==(const OptionRecord&, const OptionRecord&) = default;
};
using OptionRecords = std::map<std::string, OptionRecord, std::less<>>;  // by the name in option_table; what is not there has its default

// What an answer of a proxy's cache is good for (yum.conf: http_caching).
enum class HttpCaching : std::uint8_t { all, packages, lazy_packages, none };

// In which order several baseurls are asked (yum.conf: failovermethod).
enum class FailoverMethod : std::uint8_t { roundrobin, priority };

// [main]; names and meanings are yum.conf's.
struct MainConfig {
    std::filesystem::path cachedir = "/var/cache/lastack";  // installroot is put in front; variables are expanded
    // Those under installroot when one exists there.
    std::vector<std::filesystem::path> reposdir{"/etc/yum.repos.d", "/etc/yum/repos.d", "/etc/distro.repos.d", "/usr/share/dnf5/repos.d"};
    std::filesystem::path installroot = "/";
    bool gpgcheck = true;  // yum's built-in default is 0; distributions set 1; ours is 1
    bool keepalive = true;
    std::optional<std::chrono::milliseconds> timeout;  // unset: the download library decides
    unsigned retries = 10;
    std::optional<std::uint64_t> minrate;
    std::uint64_t bandwidth = 0;   // bytes per second, for a throttle that is a part of it
    RateLimit throttle;            // of all downloads together
    ConnectionOptions connection;  // sslverify, proxy, username, ...; variables are expanded
    unsigned max_parallel_downloads = 3;
    std::optional<std::chrono::seconds> metadata_expire = std::chrono::hours{6};  // unset: never
    bool keepcache = true;  // keep packages after a successful transaction; yum's default
    bool zchunk = true;     // metadata in zchunk where a repository has it, so that only what changed is fetched
    bool assumeyes = false;
    bool assumeno = false;
    std::filesystem::path persistdir = "/var/lib/lastack";  // keys of repositories, what was learnt of them; installroot is put in front
    bool clean_requirements_on_remove = false;
    std::uint64_t cache_quota = 0;  // bytes; 0: no limit
    bool exit_on_lock = false;
    std::optional<std::chrono::milliseconds> solver_timeout = std::chrono::minutes{2};  // of processor time; unset: no limit
    std::vector<std::string> exclude;
    std::string user_agent;
    OptionRecords records;  // of [main], also what repositories inherit
};

// One [repository]; unset fields were inherited from [main].
struct RepoConfig {
    std::string id;
    std::string name;
    bool enabled = true;
    std::vector<std::string> baseurl;                                                // variables expanded, no trailing slash
    std::string mirrorlist;                                                          // empty: none
    std::string metalink;                                                            // empty: none
    std::optional<std::chrono::seconds> mirrorlist_expire = std::chrono::hours{24};  // unset: never
    FailoverMethod failovermethod = FailoverMethod::priority;
    HttpCaching http_caching = HttpCaching::all;
    bool gpgcheck = true;
    bool repo_gpgcheck = false;
    std::vector<std::string> gpgkey;
    bool keepalive = true;
    std::optional<std::chrono::milliseconds> timeout;  // unset: the download library decides
    unsigned retries = 10;
    std::optional<std::uint64_t> minrate;
    std::uint64_t bandwidth = 0;
    RateLimit throttle;            // of each of its files
    ConnectionOptions connection;  // each option is inherited by itself
    std::optional<std::chrono::seconds> metadata_expire = std::chrono::hours{6};
    ExpireFilter metadata_expire_filter = ExpireFilter::never;
    bool check_config_file_age = true;            // metadata from before `configured_at` has expired
    std::int64_t configured_at = 0;               // when one of the files that say something of it was changed last, seconds since 1970
    bool keepcache = true;                        // its packages stay after a successful transaction
    std::optional<std::chrono::seconds> max_age;  // of repomd.xml by its own date; older is refused. Unset: a warning after two weeks
    bool allow_rollback = false;                  // metadata older than what we had, or from the future, is accepted (--allow-rollback)
    bool allow_weak_digests = false;              // md5 and sha1 in metadata
    bool skip_if_unavailable = false;
    std::vector<std::string> exclude;      // names or globs; these packages of it are hidden
    std::vector<std::string> includepkgs;  // not empty: all others are
    bool module_hotfixes = false;
    int cost = 1000;
    int priority = 99;
    std::string origin;  // "FILE:LINE" of the section, or "--repofrompath"
    OptionRecords records;
};

struct Config {
    MainConfig main;
    std::vector<RepoConfig> repos;                              // all of them, enabled or not, sorted by cost then id
    std::filesystem::path main_file;                            // empty: there is none
    std::map<std::string, std::string, std::less<>> variables;  // without the '$'
    std::map<std::string, std::string, std::less<>> variable_origins;
    std::vector<std::string> warnings;  // "FILE:LINE: ...": unknown keys, bad lines, sections left out
};

// What the command line says about configuration.
struct Overrides {
    std::optional<std::filesystem::path> config_file;  // -c; must exist
    std::optional<std::filesystem::path> installroot;
    std::optional<std::string> releasever;
    std::vector<std::pair<std::string, std::string>> variables;  // --setvar=NAME=VALUE; the later counts
    std::vector<std::pair<std::string, bool>> repo_switches;     // --enablerepo (true) and --disablerepo (false) in order; globs and commas
    std::vector<std::string> setopts;                            // "[REPO.]KEY=VALUE"
    std::vector<std::pair<std::string, std::string>> repos_from_path;  // --repofrompath=ID,URL
    bool assumeyes = false;
    bool assumeno = false;
    bool allow_rollback = false;  // of every repository
};

// Errors: RepoErrc::bad_config (main configuration unreadable or wrong: "FILE:LINE: ..."), RepoErrc::unknown_repo (an exact id of
// --enablerepo that does not exist), RepoErrc::bad_option (--setopt). A bad line in a .repo file is a warning and drops that repository
// only.
[[nodiscard]] Result<Config> load_config(const Overrides& overrides);

}  // namespace lastack::repo
