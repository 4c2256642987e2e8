// A client, an origin in the same process and a directory: what every test of the download layer begins with.
#pragma once

#include "base/digest_stream.hpp"
#include "support/scripted_origin.hpp"
#include "support/tcp_states.hpp"
#include "support/temp_directory.hpp"

#include "lastack/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace lastack {

// Found by GoogleTest through Error; without them a failure shows raw bytes.
void PrintTo(const Result<DownloadResult>& result, std::ostream* out);
void PrintTo(const Result<FetchResult>& result, std::ostream* out);

}  // namespace lastack

namespace lastack::test {

using namespace std::chrono_literals;

// Bytes of which no two stretches are alike: a splice at the wrong place shows.
[[nodiscard]] std::string content_of(std::size_t size, unsigned seed = 1);
[[nodiscard]] Digest sha256(std::string_view content);

class ClientTest : public ::testing::Test {
protected:
    explicit ClientTest(const ScriptedOrigin::Options& origin_options = {}) : origin(origin_options) {}
    ~ClientTest() override;

    // Made at the first use, from `options`.
    [[nodiscard]] Client& client();
    [[nodiscard]] DownloadRequest file(std::vector<std::string> urls, std::string_view name = "file") const;
    [[nodiscard]] DownloadRequest file(std::string url, std::string_view name = "file") const {
        return file(std::vector<std::string>{std::move(url)}, name);
    }
    [[nodiscard]] FetchRequest document(std::vector<std::string> urls) const;
    [[nodiscard]] FetchRequest document(std::string url) const { return document(std::vector<std::string>{std::move(url)}); }

    Result<DownloadResult> download(DownloadRequest request, std::stop_token stop = {});
    Result<FetchResult> fetch(FetchRequest request);
    // Fetches `path` and checks the answer; one attempt is all it may take.
    void expect_fetched(std::string_view path, std::string_view body);

    // Lets a first run bring `size` bytes of the content at `path` and then lose its connection.
    void leave_partial(const DownloadRequest& request, std::string_view path, std::string_view content, std::size_t size,
                       std::vector<Header> fields = {});

    [[nodiscard]] std::string stored(std::string_view name = "file") const { return directory.read(name); }
    [[nodiscard]] bool exists(std::string_view name) const { return std::filesystem::exists(directory / name); }
    // No socket of ours leads to the origin, and the pool knows of none.
    void expect_no_sockets();
    // At the end of the reactor's turn: a peer may see our FIN before the descriptor is gone.
    void expect_no_sockets_to(std::uint16_t port);

    TempDirectory directory;
    ScriptedOrigin origin;
    ClientOptions options;
    RequestOptions request_options{.timeout = 5s, .retries = 1, .minrate = 0};

private:
    std::mutex trace_mutex_;
    std::string trace_;  // shown when a test fails
    std::optional<Client> client_;
};

// How long the client took from our FIN to its own; for connections that it closed.
[[nodiscard]] std::vector<std::chrono::nanoseconds> close_latencies(const Record& record);
// The time that a quarter of them stayed below: what the code does when the machine lets it run.
[[nodiscard]] std::chrono::nanoseconds first_quartile(std::vector<std::chrono::nanoseconds> times);

// "one turn of the reactor", as the design bounds it for tests.
inline constexpr auto kOneTurn = 10ms;

// A result that holds a value; says what went wrong when it does not.
MATCHER(Succeeded, negation ? "is an error" : "is a value") {
    *result_listener << (arg.has_value() ? "it succeeded" : "it failed");
    return arg.has_value();
}

MATCHER_P(FailedWith, code, "failed with \"" + std::error_code(code).message() + "\"") {
    *result_listener << (arg.has_value() ? "it succeeded" : "it failed with \"" + arg.error().code.message() + "\"");
    return !arg.has_value() && arg.error().code == code;
}

}  // namespace lastack::test
