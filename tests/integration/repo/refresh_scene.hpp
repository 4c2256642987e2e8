// What refreshes are tested with: a repository on a scripted server, and runs against it.
#pragma once

#include "base/digest_stream.hpp"
#include "repo/refresh.hpp"
#include "support/scripted_origin.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::repo {

using test::Reply;
using test::ScriptedOrigin;
using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;
using namespace std::chrono_literals;

inline std::string primary_of(int generation) {
    return "<?xml version=\"1.0\"?><metadata packages=\"0\"><!-- generation " + std::to_string(generation) + " --></metadata>";
}

struct RepomdParts {
    std::string primary;
    std::string revision = "1";
    std::string href = "repodata/primary.xml";
    std::string digest;  // empty: the right one
    std::string open_digest;
    std::uint64_t size = 0;  // 0: the right one
};

inline std::string repomd_of(const RepomdParts& parts) {
    const std::string digest = digest_of(DigestAlgorithm::sha256, parts.primary).hex;
    const std::string size = std::to_string(parts.size != 0 ? parts.size : parts.primary.size());
    return "<repomd><revision>" + parts.revision + "</revision><data type=\"primary\"><checksum type=\"sha256\">" +
           (parts.digest.empty() ? digest : parts.digest) + "</checksum><open-checksum type=\"sha256\">" +
           (parts.open_digest.empty() ? digest : parts.open_digest) + "</open-checksum><size>" + size + "</size><location href=\"" +
           parts.href + "\"/></data></repomd>";
}

class Refresh : public testing::Test {
protected:
    Refresh() {
        serve(1);
        config.repos = {repo("r", origin.url("/r"))};
    }

    static RepoConfig repo(std::string id, std::string url) {
        RepoConfig made;
        made.id = std::move(id);
        made.baseurl = {std::move(url)};
        made.origin = "x.repo:1";
        made.timeout = 5s;
        made.retries = 1;
        made.minrate = 0;
        return made;
    }
    RepoConfig& first() { return config.repos.front(); }

    void serve(int generation, const std::string& path = "/r") {
        serve_repomd({.primary = primary_of(generation), .revision = std::to_string(generation)}, path);
        origin.serve_file(path + "/repodata/primary.xml", primary_of(generation));
    }
    void serve_repomd(const RepomdParts& parts, const std::string& path = "/r") {
        const std::string text = repomd_of(parts);
        origin.serve_file(path + "/repodata/repomd.xml", text, {.etag = "\"" + digest_of(DigestAlgorithm::sha256, text).hex + "\""});
    }

    Result<RefreshOutcome> run(Expiry expiry = Expiry::honour, std::stop_token stop = {}) {
        auto cache = Cache::open(cache_directory, shared_directory);
        if (!cache) {
            return std::unexpected(cache.error());
        }
        Client client{{.max_parallel_documents = 16}};
        client.expect_more(true);  // as the commands do
        return refresh({.config = config,
                        .cache = *cache,
                        .client = client,
                        .expiry = expiry,
                        .timeliness = timeliness,
                        .types = types,
                        .indexer = indexer,
                        .trust = trust,
                        .stop = std::move(stop),
                        .wall_clock = [this] { return now != 0 ? now : std::time(nullptr); }});
    }
    // Runs and checks which generation came of it.
    ReadyRepo expect_generation(int generation, Expiry expiry = Expiry::honour) {
        const auto outcome = run(expiry);
        if (!outcome) {
            ADD_FAILURE() << describe(outcome.error());
            return {};
        }
        if (outcome->ready.size() != 1) {
            ADD_FAILURE() << outcome->ready.size() << " repositories";
            return {};
        }
        EXPECT_EQ(content(outcome->ready[0].files.front().path), primary_of(generation));
        return outcome->ready[0];
    }
    Error expect_failure(std::error_code code) {
        const auto outcome = run(Expiry::ignore);
        if (outcome) {
            ADD_FAILURE() << "it went well";
            return {};
        }
        EXPECT_EQ(outcome.error().code, code) << describe(outcome.error());
        EXPECT_THAT(outcome.error().cause, HasSubstr("repository 'r'"));
        EXPECT_THAT(outcome.error().next_step, HasSubstr("--disablerepo=r"));
        EXPECT_THAT(outcome.error().next_step, HasSubstr("skip_if_unavailable=1"));
        return outcome.error();
    }
    static std::string content(const fs::path& path) {
        std::ifstream in(path, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }
    std::vector<std::string> requested() const {
        std::vector<std::string> targets;
        for (const auto& request : origin.requests()) {
            targets.push_back(request.target);
        }
        return targets;
    }
    std::string cached(const std::string& name) const { return directory.read("cache/r/" + name); }
    static std::string object_name(int generation) {
        return "cache/objects/sha256-" + digest_of(DigestAlgorithm::sha256, primary_of(generation)).hex;
    }
    std::string object(int generation) const { return directory.read(object_name(generation)); }

    std::vector<std::string> types{"primary"};
    Indexer* indexer = nullptr;
    RepomdTrust* trust = nullptr;
    Timeliness timeliness = Timeliness::newest;
    std::int64_t now = 0;  // 0: the system's
    TempDirectory directory;
    fs::path cache_directory = directory / "cache";
    fs::path shared_directory;
    ScriptedOrigin origin;
    Config config;
};

}  // namespace lastack::repo
