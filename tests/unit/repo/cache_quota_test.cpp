#include "repo/cache_quota.hpp"

#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>
#include <sys/stat.h>
#include <thread>

namespace lastack::repo {
namespace {

namespace fs = std::filesystem;

using testing::ElementsAre;
using testing::UnorderedElementsAre;

TEST(CacheQuota, takes_what_came_first_until_the_rest_fits_and_no_more) {
    const std::vector<Removable> three{{.directory = "a", .names = {"new"}, .bytes = 10, .came_at = 3},
                                       {.directory = "a", .names = {"old"}, .bytes = 10, .came_at = 1},
                                       {.directory = "b", .names = {"middle"}, .bytes = 10, .came_at = 2}};
    const std::map<std::uint64_t, std::size_t> taken{{100, 0}, {50, 0}, {49, 1}, {40, 1}, {39, 2}, {30, 2}, {29, 3}, {0, 3}};
    for (const auto& [quota, count] : taken) {
        auto removable = three;
        EXPECT_EQ(beyond_quota(removable, 50, quota), count) << quota;
        EXPECT_EQ(removable[0].names.front(), "old");
        EXPECT_EQ(removable[2].names.front(), "new");
    }
}

class KeepQuota : public testing::Test {
protected:
    lastack::test::TempDirectory root;
    Cache cache = *Cache::open(root / "c");

    // Later than whatever was put before, as the file system counts.
    void put(const std::string& name, std::size_t size) const {
        const fs::path path = root / "c" / name;
        fs::create_directories(path.parent_path());
        static std::int64_t last = 0;
        for (std::int64_t at = 0; at <= last || at == 0; last = std::max(last, at)) {
            fs::remove(path);
            std::ofstream{path} << std::string(size, 'x');
            struct stat info{};
            ASSERT_EQ(::stat(path.c_str(), &info), 0);
            at = std::int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec;
            if (at > last) {
                last = at;
                return;
            }
            std::this_thread::yield();
        }
    }
    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::recursive_directory_iterator{root / "c"}) {
            if (entry.is_regular_file() && entry.path().filename() != "lock") {
                names.push_back(entry.path().lexically_relative(root / "c").string());
            }
        }
        return names;
    }
    [[nodiscard]] std::uint64_t lock_size() const { return fs::file_size(root / "c/lock"); }
    [[nodiscard]] QuotaOutcome keep(std::uint64_t quota, const std::set<fs::path>& needed = {}) const {
        const auto outcome = keep_quota(cache, quota + lock_size(), needed);
        EXPECT_TRUE(outcome) << describe(outcome.error());
        return outcome ? *outcome : QuotaOutcome{};
    }
};

TEST_F(KeepQuota, removes_packages_and_unfinished_downloads_of_all_repositories_by_their_age) {
    put("b/packages/first.rpm", 100);
    put("objects/sha256-1.part", 100);
    put("objects/sha256-1.part.journal", 10);
    put("a/packages/third.rpm", 100);
    put("a/repomd.xml", 50);
    put("objects/sha256-2", 50);
    put("objects/sha256-2.solv", 50);
    EXPECT_EQ(keep(460).removed, 0u);
    EXPECT_EQ(keep(400).removed, 1u);
    const QuotaOutcome second = keep(350);
    EXPECT_EQ(second.removed, 2u) << "a journal goes with what it is about";
    EXPECT_EQ(second.bytes, 110u);
    EXPECT_EQ(second.left, 250u + lock_size());
    EXPECT_THAT(files(), UnorderedElementsAre("a/packages/third.rpm", "a/repomd.xml", "objects/sha256-2", "objects/sha256-2.solv"));
}

TEST_F(KeepQuota, leaves_metadata_and_tells_what_is_left) {
    put("a/packages/p.rpm", 100);
    put("a/repomd.xml", 50);
    put("objects/sha256-2", 50);
    const QuotaOutcome outcome = keep(10);
    EXPECT_EQ(outcome.removed, 1u);
    EXPECT_EQ(outcome.left, 100u + lock_size());
    EXPECT_THAT(files(), UnorderedElementsAre("a/repomd.xml", "objects/sha256-2"));
}

TEST_F(KeepQuota, leaves_what_is_needed_however_old) {
    put("a/packages/needed.rpm", 100);
    put("a/packages/other.rpm", 100);
    put("a/packages/coming.rpm.part", 100);
    EXPECT_EQ(keep(10, {root / "c/a/packages/needed.rpm", root / "c/a/packages/coming.rpm"}).removed, 1u);
    EXPECT_THAT(files(), UnorderedElementsAre("a/packages/needed.rpm", "a/packages/coming.rpm.part"));
}

TEST_F(KeepQuota, goes_by_when_a_file_came_and_not_by_the_servers_time) {
    put("a/packages/first.rpm", 100);
    put("a/packages/second.rpm", 100);
    fs::last_write_time(root / "c/a/packages/second.rpm", fs::file_time_type{} - std::chrono::years{30});
    EXPECT_EQ(keep(150).removed, 1u);
    EXPECT_THAT(files(), ElementsAre("a/packages/second.rpm"));
}

TEST_F(KeepQuota, does_not_follow_links_out_of_the_cache) {
    const fs::path outside = root / "outside";
    fs::create_directories(outside / "packages");
    std::ofstream{outside / "packages/p.rpm"} << std::string(1000, 'x');
    std::ofstream{outside / "q.rpm"} << std::string(1000, 'x');
    put("a/packages/p.rpm", 100);
    fs::create_directory_symlink(outside, root / "c/b");
    fs::create_directories(root / "c/d");
    fs::create_directory_symlink(outside / "packages", root / "c/d/packages");
    fs::create_symlink(outside / "q.rpm", root / "c/a/packages/q.rpm");
    EXPECT_EQ(keep(0).removed, 1u);
    EXPECT_TRUE(fs::exists(outside / "packages/p.rpm"));
    EXPECT_TRUE(fs::exists(outside / "q.rpm"));
}

}  // namespace
}  // namespace lastack::repo
