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

enum class Command : std::uint8_t { update, install, remove, list, check_update, makecache, clean, get, sockets, help };

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
    bool cache_only = false;      // -C: metadata as it is cached, no server is asked for it
    bool refresh = false;         // --refresh: metadata is asked for, however young the cached is
    bool allow_rollback = false;  // of every repository
    Verbosity verbosity = Verbosity::normal;
    std::filesystem::path output;           // get -o: the file's name
    std::filesystem::path directory = ".";  // get -d: where files go
    GetOptions get;                         // get --proxy, --cacert, ...
    SocketRequest sockets;
};

// Ends before any work: help or version text (exit 0), or a usage error (exit 2).
struct EarlyExit {
    int status = 0;
    std::string text;
};

[[nodiscard]] std::variant<Arguments, EarlyExit> parse_arguments(int argc, const char* const* argv);

// The text of `help [COMMAND]`; nothing for an unknown command.
[[nodiscard]] std::optional<std::string> help_text(const std::string& command);

}  // namespace lastack::cli
