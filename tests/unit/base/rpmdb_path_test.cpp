#include "base/rpmdb_path.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace lastack {
namespace {

namespace fs = std::filesystem;

class RpmdbPath : public testing::Test {
protected:
    RpmdbPath() {
        std::string name = (fs::temp_directory_path() / "lastack-rpmdb-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
    }
    ~RpmdbPath() override { fs::remove_all(root_); }

    void put(const fs::path& file) const {
        fs::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file) << "x";
    }

    fs::path root_;
};

TEST_F(RpmdbPath, an_empty_root_gets_the_modern_place) {
    EXPECT_EQ(rpmdb_path(root_), "/usr/lib/sysimage/rpm");
    EXPECT_FALSE(rpmdb_exists(root_));
}

TEST_F(RpmdbPath, an_existing_database_is_found_whatever_its_format) {
    put("root/.rpmdb/rpmdb.sqlite");
    EXPECT_EQ(rpmdb_path(root_), "/root/.rpmdb");
    put("var/lib/rpm/Packages");
    EXPECT_EQ(rpmdb_path(root_), "/var/lib/rpm");
    put("usr/lib/sysimage/rpm/Packages.db");
    EXPECT_EQ(rpmdb_path(root_), "/usr/lib/sysimage/rpm");
    EXPECT_TRUE(rpmdb_exists(root_));
}

TEST_F(RpmdbPath, a_directory_without_a_database_does_not_count) {
    fs::create_directories(root_ / "var/lib/rpm");
    put("var/lib/rpm/.rpm.lock");
    EXPECT_EQ(rpmdb_path(root_), "/usr/lib/sysimage/rpm");
}

TEST_F(RpmdbPath, a_link_out_of_the_root_does_not_count) {
    put("outside/rpmdb.sqlite");
    fs::create_directories(root_ / "inner/var/lib");
    fs::create_directory_symlink(root_ / "outside", root_ / "inner/var/lib/rpm");
    EXPECT_EQ(rpmdb_path(root_ / "inner"), "/usr/lib/sysimage/rpm");
    EXPECT_FALSE(rpmdb_exists(root_ / "inner"));
}

TEST_F(RpmdbPath, a_link_inside_the_root_counts) {
    put("srv/rpm/rpmdb.sqlite");
    fs::create_directories(root_ / "var/lib");
    fs::create_directory_symlink("../../srv/rpm", root_ / "var/lib/rpm");
    EXPECT_EQ(rpmdb_path(root_), "/var/lib/rpm");
}

}  // namespace
}  // namespace lastack
