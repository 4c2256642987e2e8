#include "repo/cache_places.hpp"

#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace lastack::repo {
namespace {

namespace fs = std::filesystem;

constexpr uid_t nobody = 65534;

// Root may write everywhere: for the time of this it is somebody else.
class AsSomebody {
public:
    AsSomebody() { was_root_ = ::geteuid() == 0 && ::seteuid(nobody) == 0; }
    ~AsSomebody() {
        if (was_root_) {
            EXPECT_EQ(::seteuid(0), 0);
        }
    }
    AsSomebody(const AsSomebody&) = delete;
    AsSomebody& operator=(const AsSomebody&) = delete;

private:
    bool was_root_ = false;
};

class Places : public testing::Test {
protected:
    Places() { fs::permissions(directory.path(), fs::perms{0755}); }

    test::TempDirectory directory;
    fs::path home = directory / "home";
};

TEST_F(Places, who_may_write_to_the_configured_directory_uses_it) {
    fs::create_directories(directory / "cache");
    fs::permissions(directory / "cache", fs::perms{0777});
    const AsSomebody somebody;
    EXPECT_EQ(cache_places(directory / "cache", home), (CachePlaces{.own = directory / "cache", .shared = {}}));
    EXPECT_EQ(cache_places(directory / "cache/not/yet", home), (CachePlaces{.own = directory / "cache/not/yet", .shared = {}}));
}

TEST_F(Places, who_may_not_gets_a_directory_of_his_own_and_reads_the_other) {
    fs::create_directories(directory / "cache");
    fs::permissions(directory / "cache", fs::perms{0555});
    const AsSomebody somebody;
    for (const char* name : {"cache", "cache/not/yet"}) {
        EXPECT_EQ(cache_places(directory / name, home), (CachePlaces{.own = home / "lastack", .shared = directory / name})) << name;
    }
}

TEST_F(Places, without_a_home_the_configured_one_is_tried) {
    fs::create_directories(directory / "cache");
    fs::permissions(directory / "cache", fs::perms{0555});
    const AsSomebody somebody;
    EXPECT_EQ(cache_places(directory / "cache", {}), (CachePlaces{.own = directory / "cache", .shared = {}}));
}

}  // namespace
}  // namespace lastack::repo
