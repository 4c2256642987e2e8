// Options of yum and dnf that have no field of ours.
#include "base/text.hpp"
#include "repo/options.hpp"

#include <algorithm>
#include <array>
#include <iterator>

namespace lastack::repo {

namespace {

constexpr std::string_view inert_options[] = {
    "allow_downgrade",
    "alwaysprompt",
    "async",
    "autocheck_running_kernel",
    "autorefresh",
    "autosavets",
    "bugtracker_url",
    "cacheonly",
    "cashe_root_dir",
    "color",
    "commands",
    "comment",
    "compare_providers_priority",
    "config_file_path",
    "countme",
    "debug_solver",
    "debugdir",
    "debuglevel",
    "deltarpm",
    "deltarpm_metadata_percentage",
    "deltarpm_percentage",
    "depsolve_loop_limit",
    "destdir",
    "distroverpkg",
    "downloaddir",
    "enable_group_conditionals",
    "enabled_metadata",
    "enablegroups",
    "errorlevel",
    "exactarch",
    "exactarchlist",
    "exclude_from_weak",
    "exclude_from_weak_autodetect",
    "excludeenvs",
    "excludegroups",
    "fastestmirror",
    "ftp_disable_epsv",
    "gaftonmode",
    "group_command",
    "group_package_types",
    "groupremove_leaf_only",
    "history_list_view",
    "history_record",
    "history_record_packages",
    "keeppackages",
    "kernelpkgnames",
    "loadts_ignoremissing",
    "loadts_ignorenewrpm",
    "loadts_ignorerpm",
    "log_compress",
    "log_level",
    "log_rotate",
    "log_size",
    "logdir",
    "logfile",
    "max_downloads_per_mirror",
    "mddownloadpolicy",
    "mdpolicy",
    "mediaid",
    "metadata_timer_sync",
    "module_obsoletes",
    "module_stream_switch",
    "optional_metadata_types",
    "overwrite_groups",
    "persistence",
    "plugin_conf_dir",
    "pluginconfpath",
    "pluginpath",
    "plugins",
    "proxy_auth_method",
    "query_install_excludes",
    "recent",
    "recheck_installed_requires",
    "repopkgsremove_leaf_only",
    "reset_nice",
    "rpm_check_debug",
    "rpmverbosity",
    "service",
    "shell_exit_status",
    "showdupesfromrepos",
    "skip_missing_names_on_install",
    "skip_missing_names_on_update",
    "skip_system_repo_lock",
    "ssl_check_cert_permissions",
    "syslog_device",
    "syslog_facility",
    "syslog_ident",
    "system_cachedir",
    "system_state_dir",
    "tolerant",
    "transaction_history_dir",
    "type",
    "ui_repoid_vars",
    "upgrade_group_objects_upgrade",
    "use_host_config",
    "usercache",
    "usr_drift_protected_paths",
    "usr_w_check",
    "varsdir",
    "max_connections",
    "max_parallel_downloads",
    "user_agent",  // in a repository: [main] decides, as of zchunk
    "zchunk",
};

// `same` is the value that asks for what happens anyway; empty: every value is worth a word.
struct NoEffect {
    std::string_view key;
    std::string_view same;
};
constexpr NoEffect no_effect_options[] = {
    {"allow_vendor_change", "1"},
    {"best", ""},
    {"build_cache", ""},
    {"defaultyes", "0"},
    {"disable_excludes", ""},
    {"diskspacecheck", "1"},
    {"fssnap_automatic_post", "0"},
    {"fssnap_automatic_pre", "0"},
    {"gpgcakey", ""},
    {"gpgcheck_policy", "legacy"},
    {"gpgkey_dns_verification", "0"},
    {"ignorearch", "0"},
    {"install_weak_deps", "1"},
    {"installonly_limit", "0"},
    {"installonlypkgs", ""},
    {"localpkg_gpgcheck", "0"},
    {"module_platform_id", ""},
    {"multilib_policy", ""},
    {"obsoletes", "1"},
    {"override_install_langs", ""},
    {"path", "/"},
    {"protect_running_kernel", "0"},
    {"protected_multilib", ""},
    {"protected_packages", ""},
    {"remove_leaf_only", "0"},
    {"requires_policy", ""},
    {"skip_broken", "0"},
    {"skip_unavailable", "0"},
    {"sslverifystatus", "0"},
    {"strict", "1"},
    {"tsflags", ""},
    {"upgrade_requirements_on_install", "0"},
};

bool asks_for_the_same(const NoEffect& option, std::string_view value) {
    if (value.empty() || iequals(value, option.same) || (value == "<off>" && option.same == "0")) {
        return true;
    }
    const auto wanted = parse_boolean(value);
    const auto same = parse_boolean(option.same);
    return wanted && same && *wanted == *same;
}

}  // namespace

OptionFate fate_of_foreign_option(std::string_view key, std::string_view value) {
    if (std::ranges::find(inert_options, key) != std::end(inert_options) || key.starts_with("color_")) {
        return OptionFate::inert;
    }
    const auto found = std::ranges::find(no_effect_options, key, &NoEffect::key);
    if (found == std::end(no_effect_options)) {
        return OptionFate::unknown;
    }
    return asks_for_the_same(*found, value) ? OptionFate::inert : OptionFate::no_effect;
}

std::vector<std::string_view> foreign_options() {
    std::vector<std::string_view> names{std::begin(inert_options), std::end(inert_options)};
    std::ranges::transform(no_effect_options, std::back_inserter(names), &NoEffect::key);
    return names;
}

}  // namespace lastack::repo
