#include "repo/cache_report.hpp"

#include "base/digest_stream.hpp"
#include "repo/declared_packages.hpp"
#include "support/temp_directory.hpp"
#include "support/written_repository.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace lastack::repo {
namespace {

namespace fs = std::filesystem;

class Report : public testing::Test {
protected:
    lastack::test::TempDirectory root;
    Cache cache = *Cache::open(root / "c");

    void put(const std::string& name, std::string_view content) const {
        const fs::path path = root / "c" / name;
        fs::create_directories(path.parent_path());
        std::ofstream{path} << content;
    }
    [[nodiscard]] static std::string object_of(std::string_view content) {
        return "objects/sha256-" + digest_of(DigestAlgorithm::sha256, content).hex;
    }
    [[nodiscard]] CacheReport report() const {
        auto made = report_cache(cache);
        EXPECT_TRUE(made) << describe(made.error());
        return made ? *made : CacheReport{};
    }
};

TEST_F(Report, counts_a_shared_file_once_and_for_each_repository_that_names_it) {
    const std::string primary = "<metadata/>";
    for (const char* id : {"a", "b"}) {
        put(std::string{id} + "/repomd.xml", lastack::test::repomd_xml(primary));
    }
    put("a/packages/p.rpm", "12345");
    put(object_of(primary), primary);
    put(object_of(primary) + ".solv", "index");
    put(object_of("old"), "old");
    put(object_of("new") + ".part", "1");
    const auto seen = report();
    ASSERT_EQ(seen.repositories.size(), 2u);
    EXPECT_EQ(seen.repositories[0].packages, (CacheReport::Amount{1, 5}));
    EXPECT_EQ(seen.repositories[1].metadata.files, 2u);
    EXPECT_EQ(seen.objects, (CacheReport::Amount{2, primary.size() + 3}));
    EXPECT_EQ(seen.shared, (CacheReport::Amount{1, primary.size()}));
    EXPECT_EQ(seen.indexes, (CacheReport::Amount{1, 5}));
    EXPECT_EQ(seen.unfinished, (CacheReport::Amount{1, 1}));
    EXPECT_EQ(seen.unreferenced, (CacheReport::Amount{1, 3}));
    EXPECT_EQ(seen.total.files, 8u);  // the lock too
}

TEST_F(Report, does_not_follow_links_out_of_the_cache) {
    std::ofstream{root / "outside"} << std::string(1000, 'x');
    fs::create_directories(root / "c/objects");
    fs::create_symlink(root / "outside", root / ("c/" + object_of("x")));
    fs::create_directory_symlink(root.path(), root / "c/link");
    EXPECT_EQ(report().objects.files, 0u);
    EXPECT_LT(report().total.bytes, 1000u);
}

TEST(DeclaredPackages, are_those_of_the_root_element) {
    EXPECT_EQ(packages_attribute(R"(<?xml version="1.0"?><metadata xmlns="x" packages="60000"><package/>)"), 60000u);
    EXPECT_EQ(packages_attribute("<metadata packages='3'>"), 3u);
    EXPECT_EQ(packages_attribute(R"(<metadata xmlns="x"><package packages="9"/>)"), std::nullopt);
    EXPECT_EQ(packages_attribute(R"(<metadata packages="-1">)"), std::nullopt);
    EXPECT_EQ(packages_attribute(R"(<metadata packages=)"), std::nullopt);
    EXPECT_EQ(packages_attribute(R"(<metadata packages="1)"), std::nullopt);
    EXPECT_EQ(packages_attribute(""), std::nullopt);
}

}  // namespace
}  // namespace lastack::repo
