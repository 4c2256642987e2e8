#include "cli/session.hpp"

#include "base/text.hpp"

#include <cstdio>
#include <cstdlib>

namespace lastack::cli {

namespace {

// Small answers wait for the way there and back, not for bandwidth: one round of questions to all repositories.
constexpr unsigned parallel_documents = 16;
constexpr unsigned parallel_documents_per_host = 10;

void put(std::FILE* out, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), out);
    std::fflush(out);
}

}  // namespace

Result<void> Session::load_config() {
    auto config = repo::load_config(arguments_.overrides);
    if (!config) {
        return std::unexpected(std::move(config.error()));
    }
    config_ = std::move(*config);
    if (arguments_.command != Command::get) {
        for (const std::string& warning : config_.warnings) {
            warn(warning);
        }
    }
    return {};
}

Client& Session::client() {
    if (!client_) {
        const char* debug = std::getenv("LASTACK_DEBUG");
        ClientOptions options{.max_parallel_downloads = config_.main.max_parallel_downloads, .max_parallel_documents = parallel_documents};
        if (options.max_parallel_downloads <= options.max_connections_per_host) {
            options.max_connections_per_host = parallel_documents_per_host;  // downloads have fewer places than that
        }
        if (arguments_.get.jobs) {
            options.max_parallel_downloads = *arguments_.get.jobs;
            options.max_connections_per_host = *arguments_.get.jobs;
        }
        options.mirror_history = mirror_history_;
        options.rate_limit = rate_limit_ ? *rate_limit_ : repo::rate_of(config_.main.throttle, config_.main.bandwidth);
        if (arguments_.verbosity == Verbosity::verbose || (debug != nullptr && *debug != '\0' && std::string_view{debug} != "0")) {
            trace_.emplace();
            options.trace = [this](std::string_view line) { trace_->line(line); };
        }
        client_ = std::make_unique<Client>(std::move(options));
        signals_.on_pause([client = client_.get()] { client->suspend(); }, [client = client_.get()] { client->resume(); });
    }
    return *client_;
}

void Session::close_connections() {
    if (client_) {
        client_->expect_more(false);
        client_->close_connections();
    }
}

void Session::print(std::string_view text) { put(stdout, text); }

void Session::say(std::string_view text) {
    if (!quiet()) {
        put(stdout, text);
    }
}

void Session::warn(std::string_view text) {
    std::fflush(stdout);
    put(stderr, "warning: " + printable(text, KeepLines::yes) + "\n");
}

int Session::fail(const Error& error) {
    if (error.code == Errc::cancelled) {
        return stopped();
    }
    std::fflush(stdout);
    put(stderr, "Error: " + describe(error) + "\n");
    return exit_status::failed;
}

int Session::fail(std::string_view sentence) { return fail_as("Error: " + std::string{sentence}); }

int Session::fail_as(std::string_view text) {
    std::fflush(stdout);
    put(stderr, printable(text, KeepLines::yes) + "\n");
    return exit_status::failed;
}

int Session::stopped() {
    std::fflush(stdout);
    put(stderr, "\nExiting on user cancel\n");
    return exit_status::failed;
}

}  // namespace lastack::cli
