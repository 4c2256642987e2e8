// What every command of one run shares: arguments, configuration, the one client, the wish to stop, and the two voices (what was asked for
// goes to standard output, trouble to standard error).
#pragma once

#include "cli/arguments.hpp"
#include "cli/signals.hpp"
#include "cli/trace_writer.hpp"
#include "repo/config.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace lastack::cli {

namespace exit_status {
constexpr int done = 0;
constexpr int failed = 1;  // also: answered No
constexpr int usage = 2;
constexpr int updates_found = 100;
}  // namespace exit_status

class Session {
public:
    Session(Arguments arguments, Signals& signals) : arguments_{std::move(arguments)}, signals_{signals} {}
    ~Session() { signals_.on_pause({}, {}); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    // Reads the configuration and tells its warnings. Errors as repo::load_config.
    [[nodiscard]] Result<void> load_config();

    [[nodiscard]] const Arguments& arguments() const { return arguments_; }
    [[nodiscard]] const repo::Config& config() const { return config_; }
    [[nodiscard]] Signals& signals() { return signals_; }
    [[nodiscard]] std::stop_token stop() const { return signals_.stop(); }

    // Bytes per second of the whole run instead of what [main] says; before the first call of client().
    void limit_rate(std::uint64_t rate) { rate_limit_ = rate; }
    // Where the client keeps what it learns of mirrors; before the first call of client().
    void remember_mirrors_in(std::filesystem::path file) { mirror_history_ = std::move(file); }
    // Made at the first call; commands that need no network never make one.
    [[nodiscard]] Client& client();
    // Before the user is asked anything and before anything long without the network: no socket stays open.
    void close_connections();

    [[nodiscard]] bool quiet() const { return arguments_.verbosity == Verbosity::quiet; }

    // What the user asked for.
    void print(std::string_view text);
    // News on the way; not with -q.
    void say(std::string_view text);
    void warn(std::string_view text);
    // Returns exit_status::failed.
    int fail(const Error& error);
    int fail(std::string_view sentence);
    int fail_as(std::string_view text);  // words that say themselves that they tell of an error
    // The user stopped it; returns exit_status::failed.
    int stopped();

private:
    Arguments arguments_;
    Signals& signals_;
    repo::Config config_;
    std::optional<std::uint64_t> rate_limit_;
    std::filesystem::path mirror_history_;
    std::optional<TraceWriter> trace_;  // outlives the client, whose reactor writes to it
    std::unique_ptr<Client> client_;
};

}  // namespace lastack::cli
