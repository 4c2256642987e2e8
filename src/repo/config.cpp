#include "repo/config.hpp"

#include "base/text.hpp"
#include "repo/command_line_options.hpp"
#include "repo/config_files.hpp"
#include "repo/error.hpp"
#include "repo/expand_globs.hpp"
#include "repo/host_uuid.hpp"
#include "repo/ini.hpp"
#include "repo/options.hpp"
#include "repo/read_config_file.hpp"
#include "repo/repo_keyring.hpp"
#include "repo/repo_sections.hpp"
#include "repo/set_connection_option.hpp"
#include "repo/variables.hpp"

#include <algorithm>
#include <tuple>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> bad_option(std::string cause, std::string next_step) {
    return std::unexpected(
        Error{.code = RepoErrc::bad_option, .phase = Phase::parsing, .cause = std::move(cause), .next_step = std::move(next_step)});
}

bool names(const std::vector<SetOption>& setopts, std::string_view key) {
    return std::ranges::any_of(setopts, [&](const SetOption& option) { return option.scope.empty() && option.key == key; });
}

// The steps of load_config in the order in which they must happen; each stops at the first error.
class Loader {
public:
    explicit Loader(const Overrides& overrides) : overrides_{overrides} {}

    Result<Config> load() {
        for (const auto step :
             {&Loader::parse_options, &Loader::read_main_file, &Loader::apply_options, &Loader::expand_excludes, &Loader::find_variables,
              &Loader::place_cache, &Loader::read_repo_files, &Loader::apply_repo_options, &Loader::finish_repos}) {
            if (auto done = (this->*step)(); !done) {
                return std::unexpected(std::move(done.error()));
            }
        }
        config_.main = options_.main;
        config_.main_file = main_path_;
        config_.variables = variables_;
        return std::move(config_);
    }

private:
    Result<void> parse_options() {
        if (overrides_.installroot && !overrides_.installroot->is_absolute()) {
            return bad_option("the installroot '" + printable(overrides_.installroot->string()) + "' is not an absolute path",
                              "write --installroot=/PATH");
        }
        auto parsed = parse_setopts(overrides_.setopts);
        if (!parsed) {
            return std::unexpected(std::move(parsed.error()));
        }
        setopts_ = std::move(*parsed);
        return {};
    }

    // The root in which the main file is looked for; the file itself may then name another.
    fs::path early_root() const {
        if (overrides_.installroot) {
            return *overrides_.installroot;
        }
        const auto given = std::ranges::find_if(setopts_, [](const SetOption& o) { return o.scope.empty() && o.key == "installroot"; });
        return given != setopts_.end() && given->value.starts_with('/') ? fs::path{given->value} : fs::path{"/"};
    }

    Result<void> read_main_file() {
        main_path_ = overrides_.config_file ? *overrides_.config_file : find_main_config(early_root());
        if (main_path_.empty()) {
            return {};
        }
        const fs::path root = early_root();
        if (main_path_.lexically_normal() == below_root(root, "/etc/dnf/dnf.conf")) {
            if (auto read = read_drop_ins(root); !read) {
                return read;
            }
        }
        auto text = read_main_part(main_path_, root);
        if (!text) {
            return std::unexpected(std::move(text.error()));
        }
        main_ini_ = std::move(*text);
        return read_main_section(main_ini_, main_path_.string(), options_, config_.warnings);
    }

    // dnf5's: dnf.conf has the last word.
    Result<void> read_drop_ins(const fs::path& root) {
        const std::vector<fs::path> files =
            list_drop_ins({below_root(root, "/etc/dnf/libdnf5.conf.d"), below_root(root, "/usr/share/dnf5/libdnf.conf.d")});
        for (const fs::path& file : files) {
            const auto ini = read_main_part(file, root);
            if (!ini) {
                return std::unexpected(ini.error());
            }
            if (auto read = read_main_section(*ini, file.string(), options_, config_.warnings); !read) {
                return read;
            }
            for (const IniSection& section : ini->sections) {
                if (section.name != "main") {
                    config_.warnings.push_back(located(ini->name_of(section.file, file.string()), section.line,
                                                       "[" + section.name + "] does not belong here and is ignored: only [main] is read"));
                }
            }
        }
        return {};
    }

    Result<IniFile> read_main_part(const fs::path& file, const fs::path& root) {
        auto text = read_config_file(file, root);
        if (!text) {
            return std::unexpected(Error{.code = RepoErrc::bad_config,
                                         .phase = Phase::parsing,
                                         .cause = "the main configuration cannot be read: " + printable(text.error().cause),
                                         .next_step = "name a readable file with -c FILE"});
        }
        std::int64_t& changed_at = options_.repo_defaults.configured_at;
        changed_at = std::max(changed_at, text->changed_at);
        return std::move(text->ini);
    }

    Result<void> apply_options() {
        if (auto applied = apply_main_setopts(setopts_, options_, config_.warnings); !applied) {
            return applied;
        }
        MainConfig& main = options_.main;
        main.installroot = overrides_.installroot ? *overrides_.installroot : main.installroot;
        main.installroot = main.installroot.lexically_normal();
        if (!main.installroot.has_filename() && main.installroot != "/") {
            main.installroot = main.installroot.parent_path();
        }
        std::error_code ignored;
        if (const auto root = fs::status(main.installroot, ignored); fs::exists(root) && !fs::is_directory(root)) {
            return bad_option("the installroot " + printable(main.installroot.string()) + " is not a directory",
                              "write --installroot=/PATH");
        }
        main.assumeyes = main.assumeyes || overrides_.assumeyes;
        main.assumeno = main.assumeno || overrides_.assumeno;
        const std::tuple<bool, const char*, std::string> switches[] = {
            {overrides_.installroot.has_value(), "installroot", main.installroot.string()},
            {overrides_.assumeyes, "assumeyes", "1"},
            {overrides_.assumeno, "assumeno", "1"}};
        for (const auto& [given, key, value] : switches) {
            if (given) {
                main.records[key] = {.value = value, .origin = std::string{"--"} + key};
            }
        }
        return {};
    }

    // "ORIGIN: NAME: cause" of a list that stands in files.
    static std::string located_list(const OptionRecords& records, std::string_view name, const std::string& cause) {
        const auto record = records.find(name);
        return printable((record == records.end() ? "" : record->second.origin + ": ") + std::string{name} + ": " + cause);
    }

    Result<void> expand_excludes() {
        MainConfig& main = options_.main;
        if (const auto expanded = expand_globs(main.exclude, main.installroot); !expanded) {
            return std::unexpected(Error{.code = RepoErrc::bad_config,
                                         .phase = Phase::parsing,
                                         .cause = located_list(main.records, "exclude", expanded.error()),
                                         .next_step = "correct that file, or leave it out of the list"});
        }
        return {};
    }

    // Whether the lists of packages could be had: without them packages would be taken that nobody wants.
    bool expand_lists(RepoConfig& repo) {
        for (const auto& [name, list] : {std::pair{"exclude", &repo.exclude}, {"includepkgs", &repo.includepkgs}}) {
            if (const auto expanded = expand_globs(*list, options_.main.installroot); !expanded) {
                config_.warnings.push_back(located_list(repo.records, name, expanded.error()) + "; the repository '" + repo.id +
                                           "' is left out");
                return false;
            }
        }
        return true;
    }

    Result<void> find_variables() {
        const fs::path& root = options_.main.installroot;
        TracedVariables loaded = load_variables(root, config_.warnings);
        if (overrides_.releasever && *overrides_.releasever != "/") {
            if (!is_variable_value(*overrides_.releasever)) {
                return bad_option("--releasever=" + printable(*overrides_.releasever) + " is not a version",
                                  "a version is 1 to 64 letters, digits, '.', '_' or '-'; '/' takes the host's");
            }
            loaded.set("releasever", *overrides_.releasever, "--releasever");
        } else if (overrides_.releasever || !loaded.values.contains("releasever")) {
            if (const std::string found = detect_releasever(overrides_.releasever ? fs::path{"/"} : root); !found.empty()) {
                loaded.set("releasever", found, overrides_.releasever ? "os-release of the host" : "os-release");
            }
        }
        for (const auto& [name, value] : overrides_.variables) {
            if (!is_variable_name(to_lower(name)) || !is_variable_path(value)) {
                return bad_option(
                    "--setvar=" + printable(name + "=" + value) + " sets no variable",
                    "a name is letters, digits and '_', a value 1 to 64 letters, digits, '.', '_' or '-', in segments between '/'");
            }
            loaded.set(to_lower(name), value, "--setvar");
        }
        variables_ = std::move(loaded.values);
        config_.variable_origins = std::move(loaded.origins);
        return {};
    }

    Result<void> place_cache() {
        fs::path& cachedir = options_.main.cachedir;
        const Expanded expanded = expand(cachedir.string(), variables_);
        if (expanded.wants_releasever) {
            return std::unexpected(Error{.code = RepoErrc::bad_config,
                                         .phase = Phase::parsing,
                                         .cause = "cannot tell $releasever, which cachedir uses",
                                         .next_step = "use --releasever=VERSION, or --setopt=cachedir=DIR"});
        }
        cachedir = expanded.text;
        if (names(setopts_, "cachedir")) {
            return cachedir.empty() ? bad_option("--setopt=cachedir= names no directory", {}) : Result<void>{};
        }
        if (!cachedir.is_absolute()) {
            return std::unexpected(
                Error{.code = RepoErrc::bad_config,
                      .phase = Phase::parsing,
                      .cause = printable(main_path_.string()) + ": cachedir '" + printable(cachedir.string()) + "' is not an absolute path",
                      .next_step = {}});
        }
        cachedir = below_root(options_.main.installroot, cachedir);
        return {};
    }

    void for_each_file(const std::vector<fs::path>& directories, const auto& use) {
        for (const fs::path& path : list_repo_files(directories)) {
            if (const auto text = read_config_file(path, options_.main.installroot)) {
                use(*text, path.string());
            } else {
                config_.warnings.push_back(printable(path.string() + ":0: the file is left out: " + text.error().cause));
            }
        }
    }

    Result<void> read_repo_files() {
        MainConfig& main = options_.main;
        main.reposdir = main.reposdir == MainConfig{}.reposdir && !names(setopts_, "reposdir")
                            ? default_repo_directories(main.installroot, main.reposdir)
                            : given_repo_directories(main.installroot, main.reposdir);
        read_repo_sections(main_ini_, main_path_.string(), ConfigFile::main, options_.repo_defaults, drafts_, config_.warnings);
        for_each_file(main.reposdir, [&](const ConfigText& text, const std::string& path) {
            RepoConfig defaults = options_.repo_defaults;
            defaults.configured_at = std::max(defaults.configured_at, text.changed_at);
            read_repo_sections(text.ini, path, ConfigFile::repos, defaults, drafts_, config_.warnings);
        });
        std::vector<fs::path> overriding;
        for (const char* directory : {"/usr/share/dnf5/repos.override.d", "/etc/dnf/repos.override.d"}) {
            overriding.push_back(below_root(main.installroot, directory));
        }
        for_each_file(overriding, [&](const ConfigText& text, const std::string& path) {
            override_repo_sections(text.ini, path, drafts_, config_.warnings);
            for (auto& [id, draft] : drafts_) {
                draft.config.configured_at = std::max(draft.config.configured_at, text.changed_at);
            }
        });
        return add_repos_from_path(overrides_.repos_from_path, options_.repo_defaults, variables_, drafts_, config_.warnings);
    }

    Result<void> apply_repo_options() {
        if (auto applied = apply_repo_setopts(setopts_, drafts_, config_.warnings); !applied) {
            return applied;
        }
        return switch_repos(overrides_.repo_switches, drafts_);
    }

    // Only when a URL uses it: a system is not numbered for nothing.
    void find_uuid() {
        const auto uses_uuid = [&](const std::string& url) { return expand(url, variables_).wants_uuid; };
        const auto has_such_url = [&](const RepoDrafts::value_type& each) {
            const RepoConfig& repo = each.second.config;
            return each.second.dropped_for.empty() && repo.enabled &&
                   (std::ranges::any_of(repo.baseurl, uses_uuid) || uses_uuid(repo.mirrorlist) || uses_uuid(repo.metalink));
        };
        if (std::ranges::none_of(drafts_, has_such_url)) {
            return;
        }
        if (auto uuid = host_uuid(persist_directory(options_.main), ::geteuid() == 0 ? MakeUuid::yes : MakeUuid::no)) {
            variables_["uuid"] = std::move(*uuid);
            config_.variable_origins["uuid"] = "uuid of persistdir";
        } else {
            config_.warnings.push_back("$uuid has no value: " + describe(uuid.error()));
        }
    }

    void warn_of_throttle(const OptionRecords& records, const RateLimit& throttle, std::uint64_t bandwidth) {
        if (const auto record = records.find("throttle"); record != records.end() && throttle.part > 0 && bandwidth == 0) {
            config_.warnings.push_back(printable(record->second.origin + ": throttle=" + record->second.value +
                                                 " has no effect, as no bandwidth is set of which it is a part"));
        }
    }

    // What a repository inherited was told of [main].
    void warn_of_own_throttle(const RepoConfig& repo) {
        const auto of_main = options_.main.records.find("throttle");
        const auto own = repo.records.find("throttle");
        if (own != repo.records.end() && (of_main == options_.main.records.end() || own->second != of_main->second)) {
            warn_of_throttle(repo.records, repo.throttle, repo.bandwidth);
        }
    }

    Result<void> finish_repos() {
        find_uuid();
        warn_of_throttle(options_.main.records, options_.main.throttle, options_.main.bandwidth);
        // A repository expands what it inherited by itself; a $releasever without a value matters only to one that is used.
        (void)expand_connection(options_.main.connection, variables_);
        for (auto& [id, draft] : drafts_) {
            if (!draft.dropped_for.empty() || (draft.config.enabled && !expand_lists(draft.config))) {
                continue;
            }
            if (auto finished = finish_urls(draft, variables_); !finished) {
                return finished;
            }
            if (overrides_.allow_rollback) {
                draft.config.allow_rollback = true;
                draft.config.records["allow_rollback"] = {.value = "1", .origin = "--allow-rollback"};
            }
            if (draft.config.enabled) {
                config_.warnings.insert(config_.warnings.end(), draft.notes.begin(), draft.notes.end());
                warn_of_own_throttle(draft.config);
            }
            config_.repos.push_back(std::move(draft.config));
        }
        std::ranges::sort(config_.repos, {}, [](const RepoConfig& repo) { return std::pair{repo.cost, std::string_view{repo.id}}; });
        return {};
    }

    const Overrides& overrides_;
    Config config_;
    MainOptions options_;
    std::vector<SetOption> setopts_;
    fs::path main_path_;
    IniFile main_ini_;
    Variables variables_;
    RepoDrafts drafts_;
};

}  // namespace

Result<Config> load_config(const Overrides& overrides) { return Loader{overrides}.load(); }

}  // namespace lastack::repo
