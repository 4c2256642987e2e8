// What kill -9 tests share: the random moment, and runs that are ended at it.
#pragma once

#include "support/nginx_server.hpp"
#include "support/process.hpp"

#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace lastack::test {

using std::chrono::milliseconds;

// Seeded from LASTACK_TEST_SEED or at random; the seed is printed, so that a failure can be repeated.
class Moments {
public:
    Moments();
    [[nodiscard]] milliseconds below(milliseconds end) {
        return milliseconds{std::uniform_int_distribution<milliseconds::rep>{0, std::max<milliseconds::rep>(end.count() - 1, 0)}(random_)};
    }
    [[nodiscard]] unsigned seed() const { return seed_; }

private:
    unsigned seed_;
    std::mt19937 random_;
};

// Runs the program, waits for `begin` in its output, then kills it with its process group after `moment`, unless `end` stands in the
// output by then. True when it was killed.
[[nodiscard]] bool run_and_kill(const std::vector<std::string>& command, const std::string& begin, const std::string& end,
                                milliseconds moment);

// The time between the two words in the output of an undisturbed run, which must end well.
[[nodiscard]] milliseconds time_between(const std::vector<std::string>& command, const std::string& begin, const std::string& end);

// Requests on connections that were made after this point.
class LogMark {
public:
    explicit LogMark(const NginxServer& nginx);
    // Waits until there are `count` of them; fewer when that takes too long.
    [[nodiscard]] std::vector<NginxLogLine> requests_since(std::size_t count) const;

private:
    const NginxServer& nginx_;
    std::uint64_t connection_ = 0;
};

[[nodiscard]] std::vector<NginxLogLine> requests_for(const std::vector<NginxLogLine>& lines, const std::string& path);

// The unfinished download of a file.
struct Unfinished {
    std::uint64_t size = 0;
    bool has_journal = false;  // and a whole one: without it the bytes mean nothing
};
[[nodiscard]] Unfinished unfinished(const std::filesystem::path& file);

}  // namespace lastack::test
