#include "repo/option_table.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

using enum OptionPlace;

constexpr KnownOption options[] = {
    {"allow_rollback", both, "0", "metadata that is older than what was there, or from the future, is accepted"},
    {"allow_weak_digests", both, "0", "md5 and sha1 are enough to vouch for metadata and packages"},
    {"assumeno", main, "0", "every question is answered with no; wins over assumeyes"},
    {"assumeyes", main, "0", "every question is answered with yes"},
    {"bandwidth", both, "0", "bytes per second that there are, for a throttle that is a part of them"},
    {"baseurl", repository, "", "list of URLs (http, https, ftp, file) that are mirrors of each other"},
    {"cache_quota", main, "0", "most bytes in cachedir: the oldest packages and unfinished downloads go; 0: no limit"},
    {"cachedir", main, "/var/cache/lastack", "where metadata and packages are kept, below the installroot"},
    {"check_config_file_age", both, "1", "metadata that is older than a change of the configuration has expired"},
    {"clean_requirements_on_remove", main, "0", "known, and nothing acts on it"},
    {"cost", both, "1000", "of the same package in several repositories the cheapest is taken"},
    {"enabled", both, "1", "whether the repository is used"},
    {"exclude", both, "", "names or globs of packages that are not taken from repositories"},
    {"exit_on_lock", main, "0", "fail at once where another process uses the cache, instead of waiting for it"},
    {"failovermethod", both, "priority", "priority: URLs are asked in their order; roundrobin: by what was measured of them"},
    {"gpgcheck", both, "1", "packages must be signed by a key of their repository"},
    {"gpgkey", repository, "", "list of URLs and paths of the repository's keys"},
    {"http_caching", both, "all", "all, packages, lazy:packages or none: what caches of proxies may answer"},
    {"includepkgs", both, "", "names or globs: all other packages of the repository are hidden"},
    {"installroot", main, "/", "the root that packages are installed into"},
    {"ip_resolve", both, "whatever", "4 or ipv4, 6 or ipv6: addresses that are tried"},
    {"keepalive", both, "1", "0: one request per connection"},
    {"keepcache", both, "1", "packages are kept after they were installed"},
    {"max_age", both, "", "metadata whose own date is older is refused"},
    {"max_parallel_downloads", main, "3", "files at a time"},
    {"metadata_expire", both, "6h", "age up to which metadata is used without asking; never"},
    {"metadata_expire_filter", both, "never", "read-only:past, :present, :future: commands that do not need the newest use what is cached"},
    {"metalink", repository, "", "URL of a metalink that names mirrors and the digest of repomd.xml"},
    {"minrate", both, "", "bytes per second over one timeout, below which a mirror is left"},
    {"mirrorlist", repository, "", "URL of a list of mirrors"},
    {"mirrorlist_expire", both, "1d", "age up to which a mirror list is used without asking; never"},
    {"module_hotfixes", repository, "0", "packages are used whatever modules say, as all are"},
    {"name", repository, "", "what the repository is called"},
    {"password", both, "", "for the repository's servers"},
    {"persistdir", main, "/var/lib/lastack", "keys that were accepted for repositories, below the installroot"},
    {"priority", both, "99", "of a package in several repositories only the lowest number's is seen"},
    {"proxy", both, "", "[SCHEME://][USER:PASSWORD@]HOST[:PORT]; _none_: no proxy; unset: the environment's"},
    {"proxy_password", both, "", "for the proxy"},
    {"proxy_sslcacert", both, "", "as sslcacert, for an https proxy"},
    {"proxy_sslclientcert", both, "", "as sslclientcert, for an https proxy"},
    {"proxy_sslclientkey", both, "", "as sslclientkey, for an https proxy"},
    {"proxy_sslverify", both, "1", "as sslverify, for an https proxy"},
    {"proxy_username", both, "", "for the proxy"},
    {"repo_gpgcheck", both, "0", "repomd.xml must be signed by a key of the repository"},
    {"reposdir", main, "/etc/yum.repos.d,/etc/yum/repos.d,/etc/distro.repos.d,/usr/share/dnf5/repos.d", "where .repo files are"},
    {"retries", both, "10", "attempts per file; <forever>"},
    {"skip_if_unavailable", both, "0", "go on without the repository when it cannot be had"},
    {"solver_timeout", main, "2m", "processor time that dependencies may take; 0 or never: no limit"},
    {"sslcacert", both, "", "trusted issuers: a PEM file, or a directory of them; unset: the system's"},
    {"sslclientcert", both, "", "the certificate shown when a server asks for one (PEM)"},
    {"sslclientkey", both, "", "its key (PEM)"},
    {"sslverify", both, "1", "the server's certificate must be valid and name the host"},
    {"throttle", both, "0", "most bytes per second, or N% of bandwidth: of all downloads, and of each file of a repository"},
    {"timeout", both, "", "seconds of silence in any phase of a download"},
    {"user_agent", main, "", "what servers are told about who asks"},
    {"username", both, "", "for the repository's servers"},
    {"zchunk", main, "1", "of new metadata in zchunk only the chunks that changed are fetched"},
};
static_assert(std::ranges::is_sorted(options, {}, &KnownOption::name));

}  // namespace

std::span<const KnownOption> known_options() { return options; }

std::string_view canonical_option(std::string_view key) {
    constexpr std::pair<std::string_view, std::string_view> spellings[] = {
        {"excludepkgs", "exclude"}, {"pkg_gpgcheck", "gpgcheck"}, {"max_connections", "max_parallel_downloads"}};
    const auto* const found = std::ranges::find(spellings, key, &std::pair<std::string_view, std::string_view>::first);
    return found == std::end(spellings) ? key : found->second;
}

}  // namespace lastack::repo
