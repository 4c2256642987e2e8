#include "cli/arguments.hpp"

#include "base/text.hpp"

#include <CLI/CLI.hpp>
#include <climits>

#include <algorithm>
#include <map>

namespace lastack::cli {

namespace {

constexpr int usage_error = 2;
constexpr int longest_fail_after = 24 * 3600 * 1000;  // a day

// The parser's messages repeat words of the command line, and a URL among them may hold a password.
std::string without_secrets(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto blanks = std::min(text.find_first_not_of(" \n"), text.size());
        out += text.substr(0, blanks);
        text.remove_prefix(blanks);
        const std::string_view word = text.substr(0, text.find_first_of(" \n"));
        const auto at = word.rfind('@');
        const auto shown = word.starts_with("--") ? std::min(word.find('=') + 1, word.size()) : 0;
        if (at == std::string_view::npos || at < shown) {
            out += word;
        } else {
            out += std::string{word.substr(0, shown)} + "..." + std::string{word.substr(at)};
        }
        text.remove_prefix(word.size());
    }
    return out;
}

// The parser and the values it writes to; one per use, because CLI11 keeps references.
class Parser {
public:
    Parser() : app_{"Installs, updates and removes RPM packages, and downloads files.", "lastack"} {
        app_.set_version_flag("--version", "lastack " LASTACK_VERSION);
        app_.set_help_flag("-h,--help", "Show this help and exit");
        app_.require_subcommand(1);
        app_.fallthrough();
        app_.allow_windows_style_options(false);
        app_.footer("Exit status: 0 done or nothing to do, 1 error or answered No, 2 wrong usage, 100 check-update found updates.");
        add_global_options();
        add_commands();
    }

    std::variant<Arguments, EarlyExit> parse(int argc, const char* const* argv) {
        try {
            app_.parse(argc, argv);
        } catch (const CLI::RequiredError& missing) {
            // Told for a word that is no command too.
            std::string text = "lastack: " + std::string{missing.what()};
            const auto given = app_.get_subcommands();
            if (given.empty() || (given.front()->get_require_subcommand_min() > 0 && given.front()->get_subcommands().empty())) {
                text = "lastack: no known command was given";
                std::string words;
                for (int i = 1; i < argc; ++i) {
                    words += *argv[i] == '-' ? "" : " " + std::string{argv[i]};
                }
                text += words.empty() ? "" : ":" + words;
            }
            return EarlyExit{.status = usage_error,
                             .text = printable(without_secrets(text)) + "\nRun `lastack help` for the commands and options.\n"};
        } catch (const CLI::ParseError& stop) {
            std::ostringstream out;
            std::ostringstream err;
            const int status = app_.exit(stop, out, err);
            return EarlyExit{.status = status == 0 ? 0 : usage_error,
                             .text = printable(out.str() + without_secrets(err.str()), KeepLines::yes)};
        }
        for (const auto& [command, sub] : subcommands_) {
            if (sub->parsed()) {
                arguments_.command = command;
            }
        }
        return finish();
    }

    std::optional<std::string> help(const std::vector<std::string>& names) {
        CLI::App* sub = &app_;
        std::string before;
        for (const std::string& name : names) {
            const auto subs = sub->get_subcommands([&](const CLI::App* each) { return each->check_name(name); });
            if (subs.empty()) {
                return std::nullopt;
            }
            before += (before.empty() ? "" : " ") + (sub == &app_ ? std::string{"lastack"} : sub->get_name());
            sub = subs.front();
        }
        return sub->help(before);
    }

private:
    void add_global_options() {
        auto& o = arguments_.overrides;
        app_.add_option("-c,--config", o.config_file, "Main configuration file")->type_name("FILE");
        app_.add_option("--installroot", o.installroot, "Root that packages are installed into")->type_name("DIR");
        app_.add_option("--releasever", o.releasever, "Value of $releasever")->type_name("VERSION");
        app_.add_option("--setvar", variables_, "Set a variable of the configuration for this run (repeatable)")->type_name("NAME=VALUE");
        app_.add_option("--setopt", o.setopts, "Override an option of the configuration (repeatable)")
            ->type_name("[REPO.]KEY=VALUE")
            ->allow_extra_args(false);
        // In the order given: a later switch wins.
        app_.add_option("--enablerepo", enabled_, "Enable repositories (id, glob or list; repeatable)")
            ->type_name("ID")
            ->allow_extra_args(false);
        app_.add_option("--disablerepo", disabled_, "Disable repositories (id, glob or list; repeatable)")
            ->type_name("ID")
            ->allow_extra_args(false);
        app_.add_option("--repofrompath", repos_from_path_, "Add a repository for this run (repeatable)")
            ->type_name("ID,URL")
            ->allow_extra_args(false);
        app_.add_flag("-y,--assumeyes", o.assumeyes, "Answer yes to every question");
        app_.add_flag("--assumeno", o.assumeno, "Answer no to every question; wins over -y");
        app_.add_flag("-C,--cacheonly", cache_only_, "Use the cached metadata however old it is; ask no server for newer");
        app_.add_flag("--refresh", refresh_, "Ask every enabled repository for newer metadata first");
        app_.add_flag("--allow-rollback", o.allow_rollback, "Accept metadata that is older than what was there, or from the future");
        app_.add_flag("--downloadonly", arguments_.download_only, "Download the packages, install nothing");
        app_.add_flag("-q,--quiet", quiet_, "Say only what must be said");
        app_.add_flag("-v,--verbose", verbose_, "Also tell the life of each connection");
    }

    CLI::App* add_command(Command command, const std::string& name, const std::string& what) {
        return add_command(app_, command, name, what);
    }

    CLI::App* add_command(CLI::App& below, Command command, const std::string& name, const std::string& what) {
        CLI::App* sub = below.add_subcommand(name, what);
        subcommands_.emplace_back(command, sub);
        return sub;
    }

    void add_operands(CLI::App* sub, const std::string& name, const std::string& what, bool required = false) {
        CLI::Option* option = sub->add_option(name, arguments_.operands, what);
        option->required(required);
    }

    void add_commands() {
        CLI::App* update = add_command(Command::update, "update", "Update packages, all of them or those named");
        update->alias("upgrade");
        add_operands(update, "PACKAGE", "Names, globs, name.arch or name-version");
        add_operands(add_command(Command::install, "install", "Install packages"), "PACKAGE",
                     "Names, globs, name.arch, name-version, or what a package provides", true);
        CLI::App* remove = add_command(Command::remove, "remove", "Remove packages and what needs them");
        remove->alias("erase");
        add_operands(remove, "PACKAGE", "Names, globs, name.arch or name-version", true);
        CLI::App* list = add_command(Command::list, "list", "List packages");
        add_operands(list, "WHAT", "all (default), installed, available or updates; then names or globs");
        add_json(list);
        CLI::App* check = add_command(Command::check_update, "check-update", "List updates; exit status 100 when there are some");
        check->alias("check-upgrade");
        add_operands(check, "PACKAGE", "Names or globs");
        add_json(check);
        add_repository_commands();
        CLI::App* makecache = add_command(Command::makecache, "makecache", "Bring the metadata cache up to date");
        add_operands(makecache, "HOW", "fast (of yum): the same, as only what commands need is ever fetched");
        makecache->add_flag("--timer", timer_, "Ask only for what has expired");
        add_operands(add_command(Command::clean, "clean", "Remove cached data"), "WHAT", "packages, metadata, dbcache, expire-cache or all",
                     true);
        add_config_commands();
        add_json(add_command(Command::cache, "cache", "Show what the cache holds and for whom"));
        CLI::App* get = add_command(Command::get, "get", "Download files");
        add_operands(get, "URL", "What to download");
        get->add_option("-o,--output", arguments_.output, "Name of the file, for a single URL")->type_name("FILE");
        get->add_option("-d,--directory", arguments_.directory, "Directory for the files")->type_name("DIR");
        add_get_options(*get, arguments_.get);
        add_socket_options(
            add_command(Command::sockets, "sockets", "Show TCP sockets and what is half closed; or run a command and watch its"));
        add_operands(add_command(Command::help, "help", "Show help for a command"), "COMMAND", "A command's name");
    }

    void add_config_commands() {
        CLI::App* config = add_command(Command::config, "config", "Show every option's value and where it comes from, or change it");
        add_operands(config, "WHOSE", "main, or repositories' ids or globs; default: all");
        config->add_flag("--variables", arguments_.variables, "The variables instead");
        add_json(config);
        config->require_subcommand(0, 1);
        CLI::App* set = add_command(*config, Command::config_set, "set", "Set options in the configuration files");
        add_operands(set, "[REPO.]KEY=VALUE", "Of [main], or of repositories by id or glob", true);
        CLI::App* unset = add_command(*config, Command::config_unset, "unset", "Take options out of the configuration files");
        add_operands(unset, "[REPO.]KEY", "Of [main], or of repositories by id or glob", true);
        for (CLI::App* sub : {set, unset}) {
            sub->add_option("--repo-file", arguments_.repo_file, "The file of REPO; default: where it is defined")->type_name("FILE");
            add_json(sub);
        }
    }

    void add_json(CLI::App* sub) { sub->add_flag("--json", arguments_.json, "One JSON document"); }

    void add_repository_commands() {
        CLI::App* repo = app_.add_subcommand("repo", "List repositories, or enable and disable them for good");
        repo->require_subcommand(1);
        constexpr auto lists = "List the configured repositories";
        constexpr auto tells = "Show what is known of repositories";
        CLI::App* list = add_command(Command::repolist, "repolist", lists);
        list->alias("repository-list");
        for (CLI::App* sub : {list, add_command(Command::repoinfo, "repoinfo", tells), add_command(*repo, Command::repolist, "list", lists),
                              add_command(*repo, Command::repoinfo, "info", tells)}) {
            add_operands(sub, "WHAT", "all, enabled (default) or disabled; then ids or globs");
            sub->add_flag("--all", all_, "All repositories");
            sub->add_flag("--enabled", only_enabled_, "Enabled repositories");
            sub->add_flag("--disabled", only_disabled_, "Disabled repositories");
            add_json(sub);
        }
        for (CLI::App* sub : {add_command(*repo, Command::repo_enable, "enable", "Write enabled=1 where repositories are defined"),
                              add_command(*repo, Command::repo_disable, "disable", "Write enabled=0 where repositories are defined")}) {
            add_operands(sub, "ID", "Ids of repositories or globs", true);
            add_json(sub);
        }
    }

    // yum's word in front of the operands, or dnf's flag.
    std::optional<std::string> finish_repositories() {
        const bool is_list = arguments_.command == Command::repolist || arguments_.command == Command::repoinfo;
        if (!is_list) {
            return std::nullopt;
        }
        auto& words = arguments_.operands;
        const std::map<std::string, RepoChoice> choices{
            {"all", RepoChoice::all}, {"enabled", RepoChoice::enabled}, {"disabled", RepoChoice::disabled}};
        const bool flags[] = {all_, only_enabled_, only_disabled_};
        if (std::ranges::count(flags, true) > 1) {
            return "--all, --enabled and --disabled exclude each other";
        }
        if (all_ || only_enabled_ || only_disabled_) {
            arguments_.repo_choice = all_ ? RepoChoice::all : only_enabled_ ? RepoChoice::enabled : RepoChoice::disabled;
        } else if (!words.empty() && choices.contains(words.front())) {
            arguments_.repo_choice = choices.at(words.front());
            words.erase(words.begin());
        }
        return std::nullopt;
    }

    std::optional<std::string> finish_metadata() {
        if (cache_only_ && (refresh_ || arguments_.command == Command::makecache)) {
            return "-C asks no server, and --refresh and makecache ask them all";
        }
        if (arguments_.command == Command::makecache) {
            auto& words = arguments_.operands;
            if (words.size() > 1 || (words.size() == 1 && words.front() != "fast")) {
                return "makecache takes no operand but fast";
            }
            refresh_ = !timer_;
        }
        arguments_.metadata = cache_only_ ? MetadataUse::cache_only : refresh_ ? MetadataUse::refresh : MetadataUse::when_expired;
        return std::nullopt;
    }

    // Files are changed for all runs: what is said for one run has no place there, and would hide what they say.
    std::optional<std::string> finish_changes() {
        constexpr Command changing[] = {Command::config_set, Command::config_unset, Command::repo_enable, Command::repo_disable};
        if (std::ranges::find(changing, arguments_.command) == std::end(changing)) {
            return std::nullopt;
        }
        const repo::Overrides& o = arguments_.overrides;
        if (!o.setopts.empty() || !o.repo_switches.empty() || !o.repos_from_path.empty() || !o.variables.empty()) {
            return "--setopt, --setvar, --enablerepo, --disablerepo and --repofrompath are for one run, and this command changes files";
        }
        return std::nullopt;
    }

    void add_socket_options(CLI::App* sub) {
        SocketRequest& s = arguments_.sockets;
        sub->add_option("--pid", s.pids, "Those of this process (repeatable)")
            ->type_name("PID")
            ->check(CLI::Range(1, INT_MAX).description(""))
            ->allow_extra_args(false);
        sub->add_option("--name", s.names, "Those of every program with this name (repeatable; default: lastack, lastack-transact)")
            ->type_name("NAME")
            ->allow_extra_args(false);
        sub->add_flag("--all", s.all, "Those of all processes");
        sub->add_flag("--watch", s.watch, "Go on until interrupted: redrawn on a terminal, else a line per change");
        sub->add_flag("--json", s.json, "One JSON object per line");
        sub->add_option("--fail-after", fail_after_, "Exit with 1 when a socket stays in CLOSE_WAIT longer than this many milliseconds")
            ->type_name("MS")
            ->check(CLI::Range(0, longest_fail_after).description(""));
        sub->footer(
            "lastack sockets [--fail-after MS] [--json] -- COMMAND [ARGS...]\n"
            "  runs COMMAND and watches it and its descendants; what is found is told on standard error when it has ended.\n"
            "  Exit status: COMMAND's (128+N when signal N ended it, 127 not found, 126 not executable), or 1 after --fail-after.");
    }

    std::optional<std::string> finish_sockets() {
        SocketRequest& s = arguments_.sockets;
        if (fail_after_ >= 0) {
            s.fail_after = std::chrono::milliseconds(fail_after_);
        }
        if (s.all && (!s.pids.empty() || !s.names.empty())) {
            return "--all leaves nothing for --pid and --name to choose";
        }
        return std::nullopt;
    }

    std::optional<std::string> finish_get() const {
        const GetOptions& get = arguments_.get;
        const bool from_lists = !get.lists.empty() || !get.metalinks.empty() || !get.manifests.empty();
        const std::size_t urls = arguments_.operands.size();
        if (arguments_.command != Command::get) {
            return std::nullopt;
        }
        if (urls == 0 && !from_lists) {
            return "get wants a URL, or files named by -i, --metalink or --manifest";
        }
        if (!arguments_.output.empty() && (urls > 1 || from_lists)) {
            return "-o names one file, but there are several URLs";
        }
        const bool about_one = !get.mirrors.empty() || !get.sha256.empty() || !get.sha512.empty() || !get.size.empty();
        if (about_one && (urls != 1 || from_lists)) {
            return "--mirror, --sha256, --sha512 and --size are about one file: use them with one URL, or write a list (-i)";
        }
        return std::nullopt;
    }

    std::variant<Arguments, EarlyExit> finish() {
        const auto refuse = [](std::string text) { return EarlyExit{.status = usage_error, .text = "lastack: " + text + "\n"}; };
        // In the order given: a later switch wins.
        std::size_t next_enabled = 0;
        std::size_t next_disabled = 0;
        for (const CLI::Option* option : app_.parse_order()) {
            if (option->get_name() == "--enablerepo") {
                arguments_.overrides.repo_switches.emplace_back(enabled_.at(next_enabled++), true);
            } else if (option->get_name() == "--disablerepo") {
                arguments_.overrides.repo_switches.emplace_back(disabled_.at(next_disabled++), false);
            }
        }
        for (const std::string& pair : repos_from_path_) {
            const auto comma = pair.find(',');
            if (comma == 0 || comma == std::string::npos || comma + 1 == pair.size()) {
                return refuse("--repofrompath wants ID,URL, not '" + printable(pair) + "'");
            }
            arguments_.overrides.repos_from_path.emplace_back(pair.substr(0, comma), pair.substr(comma + 1));
        }
        for (const std::string& pair : variables_) {
            const auto equals = pair.find('=');
            if (equals == std::string::npos) {
                return refuse("--setvar wants NAME=VALUE, not '" + printable(pair) + "'");
            }
            arguments_.overrides.variables.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
        }
        if (quiet_ && verbose_) {
            return refuse("-q and -v exclude each other");
        }
        for (const auto finish : {&Parser::finish_repositories, &Parser::finish_metadata, &Parser::finish_changes}) {
            if (const auto reason = (this->*finish)()) {
                return refuse(*reason);
            }
        }
        if (const auto reason = finish_get()) {
            return refuse(*reason);
        }
        if (const auto reason = finish_sockets()) {
            return refuse(*reason);
        }
        arguments_.verbosity = quiet_ ? Verbosity::quiet : verbose_ ? Verbosity::verbose : Verbosity::normal;
        return arguments_;
    }

    CLI::App app_;
    Arguments arguments_;
    std::vector<std::pair<Command, CLI::App*>> subcommands_;  // those below others behind them
    std::vector<std::string> repos_from_path_;
    std::vector<std::string> variables_;
    std::vector<std::string> enabled_;
    std::vector<std::string> disabled_;
    int fail_after_ = -1;
    bool quiet_ = false;
    bool verbose_ = false;
    bool cache_only_ = false;
    bool refresh_ = false;
    bool timer_ = false;
    bool all_ = false;
    bool only_enabled_ = false;
    bool only_disabled_ = false;
};

// `sockets ... -- COMMAND...`: the words behind "--" belong to another program. CLI11 never sees them, because it would take "[a,b]" apart.
std::optional<std::variant<Arguments, EarlyExit>> parse_sockets_with_command(int argc, const char* const* argv) {
    const auto* const end = argv + argc;
    const auto* const mark = std::find_if(argv, end, [](const char* word) { return std::string_view{word} == "--"; });
    if (mark == end) {
        return std::nullopt;
    }
    auto parsed = Parser{}.parse(static_cast<int>(mark - argv), argv);
    auto* const arguments = std::get_if<Arguments>(&parsed);
    if (arguments == nullptr || arguments->command != Command::sockets) {
        return std::nullopt;
    }
    const auto refuse = [](const char* text) { return EarlyExit{.status = usage_error, .text = std::string{"lastack: "} + text + "\n"}; };
    const SocketRequest& sockets = arguments->sockets;
    if (mark + 1 == end) {
        return refuse("a command must stand behind --");
    }
    if (sockets.all || sockets.watch || !sockets.pids.empty() || !sockets.names.empty()) {
        return refuse("a command behind -- is what is watched: no --pid, --name, --all or --watch beside it");
    }
    arguments->operands.assign(mark + 1, end);
    return parsed;
}

}  // namespace

std::variant<Arguments, EarlyExit> parse_arguments(int argc, const char* const* argv) {
    if (auto sockets = parse_sockets_with_command(argc, argv)) {
        return std::move(*sockets);
    }
    return Parser{}.parse(argc, argv);
}

std::optional<std::string> help_text(const std::vector<std::string>& command) { return Parser{}.help(command); }

}  // namespace lastack::cli
