// The stage of one bad input: a root with target-1.0, a cache, a repository served by a scripted origin, and lastack run on them. Each run
// is looked at from all sides: words, exit status, time, what changed in root and cache, what is left behind.
#pragma once

#include "support/process.hpp"
#include "support/scripted_origin.hpp"
#include "support/temp_directory.hpp"
#include "support/written_repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace lastack::test {

using testing::HasSubstr;
using testing::Not;

// What must be as before when a run is refused: files and links. Locks, unfinished downloads, what is known of mirrors and empty
// directories do not count.
struct State {
    std::map<std::string, std::string> root;   // path -> digest or target; without the rpm database
    std::map<std::string, std::string> cache;  // likewise
    std::string rpms;                          // rpm -qa
    friend bool operator==(const State&, const State&) = default;
};

struct Outcome {
    ProcessResult process;
    std::chrono::milliseconds took{};
    State before;
    State after;
    std::vector<std::string> left_running;  // processes that outlived the run
    std::vector<std::string> left_files;    // in the directory for temporary files

    [[nodiscard]] std::string all() const { return process.out + process.err; }
};

class Scene : public testing::Test {
protected:
    Scene();

    // target-1.0 is installed; target-2.0 is what an update would bring.
    static RpmSpec old_target();
    static RpmSpec new_target();

    [[nodiscard]] ScriptedOrigin& origin() { return origin_; }
    [[nodiscard]] std::string repo_url(std::string_view path = "") const { return origin_.url("/repo") + std::string{path}; }
    [[nodiscard]] std::filesystem::path root() const { return directory_ / "root"; }
    [[nodiscard]] std::filesystem::path cache() const { return directory_ / "cache"; }
    [[nodiscard]] std::filesystem::path repos_directory() const { return directory_ / "repos"; }
    [[nodiscard]] const TempDirectory& directory() const { return directory_; }

    // Serves these packages as the repository's next generation.
    void offer(const std::vector<Entry>& entries);
    // Serves metadata as it is written.
    void offer_metadata(std::string repomd, std::string primary);
    [[nodiscard]] unsigned next_revision() { return ++revision_; }
    // The same, and lastack has its metadata: from here on nothing but packages is fetched.
    void offer_and_cache(const std::vector<Entry>& entries);
    // Generation 1 is in the cache: it offers target-1.0 only.
    void cache_old_generation();

    // The .repo file of repository 'repo': these lines besides id, name and baseurl.
    void configure(std::string_view lines, std::string_view baseurl = "");

    // Options every run gets: configuration, root, cache.
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& arguments) const;
    Outcome lastack(const std::vector<std::string>& arguments) { return run_command_line(command(arguments)); }
    // The command line as a whole: for lastack in a mount namespace, or as another user.
    Outcome run_command_line(const std::vector<std::string>& arguments);

    // Updates everything with what the cache holds, or after asking for newer metadata.
    Outcome update(const std::vector<std::string>& options = {});
    Outcome update_metadata_too(std::vector<std::string> options = {});

    [[nodiscard]] State state() const;
    [[nodiscard]] std::uint64_t cache_size() const;  // bytes of all files, unfinished ones too

    // It ended with status 1 and each of `words` in its message, soon, and nothing changed.
    static void expect_refused(const Outcome& outcome, const std::vector<std::string>& words);
    // The same where something may change.
    static void expect_failed(const Outcome& outcome, const std::vector<std::string>& words);
    static void expect_done(const Outcome& outcome);
    static void expect_clean_ending(const Outcome& outcome);
    // The cached generation answers without the server.
    void expect_cached_generation_works(const std::string& offered);

private:
    TempDirectory directory_{"lastack-bad-input"};
    ScriptedOrigin origin_;
    unsigned revision_ = 1;
};

// Bytes that would steer a terminal: ESC, other control characters but newline, C1 in UTF-8.
[[nodiscard]] bool steers_a_terminal(std::string_view text);

}  // namespace lastack::test
