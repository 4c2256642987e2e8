// The download engine on the simulated network, with real files in a directory of the test's own and disk work done inline.
#pragma once

#include "base/digest_stream.hpp"
#include "download/engine.hpp"
#include "download/error.hpp"
#include "download/partial_file.hpp"
#include "http/error.hpp"
#include "net/error.hpp"
#include "sim/sim_network.hpp"
#include "sim/sim_origin.hpp"
#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::download {

class EngineSim : public testing::Test {
protected:
    EngineSim() { make_engine({}); }
    ~EngineSim() override {
        network.run(engine->shut_down());
        EXPECT_EQ(network.open_connections(), 0u);
    }

    void make_engine(const ClientOptions& options) {
        if (engine) {
            network.run(engine->shut_down());
        }
        engine.emplace(network, options, Engine::Setting{.worker_threads = 0});
    }

    // One file and what became of it.
    struct Download {
        std::optional<Result<DownloadResult>> result;
        Engine::JobId id = 0;
        TimePoint ended{};

        [[nodiscard]] bool ok() const { return result && *result; }
        [[nodiscard]] const Error& error() const {
            static const Error none{.cause = "it succeeded"};
            return result && !*result ? result->error() : none;
        }
    };

    // A request for `content` under the name `name`, by size and digest.
    [[nodiscard]] DownloadRequest want(std::string_view name, std::string_view content, std::vector<std::string> urls) const {
        return {.urls = std::move(urls),
                .path = directory / name,
                .size = content.size(),
                .digests = {digest_of(DigestAlgorithm::sha256, content)}};
    }

    Download& add(DownloadRequest request) {
        Download& download = *downloads_.emplace_back(std::make_unique<Download>());
        download.id = engine->add(std::move(request), std::make_shared<JobProgress>(), [this, &download](Result<DownloadResult> result) {
            EXPECT_FALSE(download.result) << "told twice";
            download.result.emplace(std::move(result));
            download.ended = network.now();
        });
        return download;
    }
    Download& run(DownloadRequest request) {
        Download& download = add(std::move(request));
        EXPECT_TRUE(network.run_until([&download] { return download.result.has_value(); })) << "the download never ends";
        network.settle();
        return download;
    }

    Result<FetchResult> fetch(FetchRequest request) {
        std::optional<Result<FetchResult>> result;
        engine->add(std::move(request), [&result](Result<FetchResult> got) { result.emplace(std::move(got)); });
        if (!network.run_until([&result] { return result.has_value(); })) {
            ADD_FAILURE() << "the fetch never ends";
            return std::unexpected(Error{});
        }
        network.settle();
        return std::move(*result);
    }

    // A host that serves `content` at every path, with ranges, and keeps what it was asked.
    void serve(const std::string& host, std::string content, std::string etag = "\"v1\"") {
        network.listen(host, 80,
                       sim::keep_alive([this, content = std::move(content), etag = std::move(etag)](const sim::SimRequest& request) {
                           asked.push_back(request);
                           return sim::file_answer(request, content, etag);
                       }));
    }
    // A host whose n-th answer over all connections is the n-th of these; the last one repeats. Each closes the connection behind it.
    void serve_cut(const std::string& host, std::vector<std::function<std::string(const sim::SimRequest&)>> answers) {
        network.listen(host, 80,
                       [this, answers = std::move(answers), n = std::make_shared<std::size_t>(0)](sim::Peer peer) -> sim::Task<void> {
                           while (auto head = co_await peer.read_request()) {
                               asked.emplace_back(std::move(*head));
                               peer.send(answers[std::min((*n)++, answers.size() - 1)](asked.back()));
                               peer.close();
                               co_return;
                           }
                       });
    }
    void answer_all(const std::string& host, const std::string& text) {
        network.listen(host, 80, sim::keep_alive([this, text](const sim::SimRequest& request) {
                           asked.push_back(request);
                           return text;
                       }));
    }

    // As a run that was killed leaves it.
    void leave_behind(std::string_view name, std::string_view content, std::string_view bytes, const Source& source) const {
        PartialFile file{directory / name, {.size = content.size(), .digests = {digest_of(DigestAlgorithm::sha256, content)}}};
        ASSERT_TRUE(file.open());
        ASSERT_TRUE(file.start_over(source));
        ASSERT_TRUE(file.append(std::as_bytes(std::span{bytes})));
    }

    [[nodiscard]] std::ptrdiff_t entries() const {
        return std::distance(std::filesystem::directory_iterator{directory.path()}, std::filesystem::directory_iterator{});
    }

    test::TempDirectory directory;
    sim::SimNetwork network;
    std::vector<sim::SimRequest> asked;
    std::optional<Engine> engine;

private:
    std::vector<std::unique_ptr<Download>> downloads_;
};

}  // namespace lastack::download
