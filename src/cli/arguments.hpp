// The command line as a value.
#pragma once

#include "cli/get_options.hpp"
#include "repo/config.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace lastack::cli {

enum class Verbosity : std::uint8_t { quiet, normal, verbose };

enum class Command : std::uint8_t {
    update,
    install,
    remove,
    list,
    check_update,
    repolist,
    repoinfo,
    makecache,
    clean,
    cache,
    config,
    config_set,
    config_unset,
    repo_enable,
    repo_disable,
    get,
    sockets,
    help
};

// Of `repolist`: which ones. Unset: those that are enabled, or all that an operand names.
enum class RepoChoice : std::uint8_t { all, enabled, disabled };

// Whether servers are asked for newer metadata.
enum class MetadataUse : std::uint8_t {
    when_expired,
    refresh,     // --refresh: all of them
    cache_only,  // -C: none, and what is cached is used however old
};

// What `sockets` is to look at: processes, or a command that it runs (the operands).
struct SocketRequest {
    std::vector<pid_t> pids;
    std::vector<std::string> names;
    bool all = false;
    bool watch = false;
    bool json = false;
    std::optional<std::chrono::milliseconds> fail_after;
};

struct Arguments {
    Command command = Command::help;
    std::vector<std::string> operands;  // specs, URLs, what to clean or list; of sockets: the words behind "--", untouched
    repo::Overrides overrides;
    bool download_only = false;
    MetadataUse metadata = MetadataUse::when_expired;
    std::optional<RepoChoice> repo_choice;
    bool json = false;       // one document on standard output
    bool variables = false;  // config: these instead of options
    Verbosity verbosity = Verbosity::normal;
    std::filesystem::path output;                    // get -o: the file's name
    std::filesystem::path directory = ".";           // get -d: where files go
    GetOptions get;                                  // get --proxy, --cacert, ...
    std::optional<std::filesystem::path> repo_file;  // config set --repo-file
    SocketRequest sockets;
};

// Ends before any work: help or version text (exit 0), or a usage error (exit 2).
struct EarlyExit {
    int status = 0;
    std::string text;
};

[[nodiscard]] std::variant<Arguments, EarlyExit> parse_arguments(int argc, const char* const* argv);

// The text of `help [COMMAND [COMMAND]]`; nothing for an unknown command.
[[nodiscard]] std::optional<std::string> help_text(const std::vector<std::string>& command);

}  // namespace lastack::cli
