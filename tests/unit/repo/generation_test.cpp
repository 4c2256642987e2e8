#include "repo/generation.hpp"

#include "base/digest_stream.hpp"
#include "repo/error.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace lastack::repo {
namespace {

using lastack::test::TempDirectory;

namespace fs = std::filesystem;

const std::string primary_xml = "<?xml version=\"1.0\"?><metadata packages=\"0\"/>";

struct Made {
    std::string text;
    Repomd repomd;
};

Made make(const std::string& primary) {
    Made made;
    made.text = "<repomd><revision>1</revision><data type=\"primary\"><checksum type=\"sha256\">" +
                digest_of(DigestAlgorithm::sha256, primary).hex + "</checksum><location href=\"repodata/primary.xml.gz\"/></data></repomd>";
    made.repomd = *parse_repomd(made.text, "test");
    return made;
}

class RepoDirectoryTest : public testing::Test {
protected:
    RepoDirectory open() {
        auto opened = RepoDirectory::open(root / "r");
        if (!opened) {
            throw std::runtime_error(describe(opened.error()));
        }
        return *std::move(opened);
    }
    bool exists(const std::string& name) const { return fs::exists(fs::symlink_status(root / ("r/" + name))); }
    static RefreshState state_of(const Made& made) {
        return {.checked_at = 1, .repomd_sha256 = digest_of(DigestAlgorithm::sha256, made.text).hex, .etag = "\"e\""};
    }

    TempDirectory root;
};

TEST_F(RepoDirectoryTest, a_published_generation_is_loaded) {
    const RepoDirectory directory = open();
    EXPECT_FALSE(directory.load());
    const Made made = make(primary_xml);
    ASSERT_TRUE(directory.publish(made.text, "", state_of(made)));
    const auto loaded = directory.load();
    ASSERT_TRUE(loaded);
    EXPECT_EQ(loaded->text, made.text);
    EXPECT_EQ(loaded->repomd, made.repomd);
    ASSERT_TRUE(loaded->state);
    EXPECT_EQ(*loaded->state, state_of(made));
}

TEST_F(RepoDirectoryTest, a_state_that_belongs_to_another_repomd_is_ignored) {
    const RepoDirectory directory = open();
    const Made made = make(primary_xml);
    ASSERT_TRUE(directory.publish(made.text, "", state_of(made)));
    root.write("r/repomd.xml", make("<other/>").text);
    const auto loaded = directory.load();
    ASSERT_TRUE(loaded);
    EXPECT_FALSE(loaded->state);
}

TEST_F(RepoDirectoryTest, a_damaged_repomd_is_no_generation) {
    const RepoDirectory directory = open();
    root.write("r/repomd.xml", "<repomd>");
    EXPECT_FALSE(directory.load());
}

TEST_F(RepoDirectoryTest, a_signature_is_kept_beside_its_repomd_and_goes_with_it) {
    const RepoDirectory directory = open();
    const Made made = make(primary_xml);
    ASSERT_TRUE(directory.publish(made.text, "signature", state_of(made)));
    EXPECT_EQ(root.read("r/repomd.xml.asc"), "signature");
    ASSERT_TRUE(directory.publish(made.text, "", state_of(made)));
    EXPECT_FALSE(exists("repomd.xml.asc"));
}

TEST_F(RepoDirectoryTest, files_of_the_layout_before_the_shared_objects_are_removed) {
    const std::string old = std::string(64, 'a') + "-primary.xml.gz";
    for (const std::string& name : {old, old + ".part", old + ".part.journal", std::string{"gen/primary.xml"}, std::string{"notes"},
                                    std::string{"packages/a-1.rpm"}}) {
        root.write("r/" + name, "x");
    }
    open();
    for (const std::string& name : {old, old + ".part", old + ".part.journal", std::string{"gen"}}) {
        EXPECT_FALSE(exists(name)) << name;
    }
    EXPECT_TRUE(exists("notes"));
    EXPECT_TRUE(exists("packages/a-1.rpm"));
}

TEST_F(RepoDirectoryTest, what_a_killed_run_left_is_removed) {
    for (const char* name :
         {"repomd.xml.a1B2c3", "refresh.state.abcdef", "mirrorlist.txt.XXXXXX", "metalink.xml.123456", "repomd.xml.asc.123456"}) {
        root.write(std::string{"r/"} + name, "x");
    }
    for (const char* name : {"repomd.xml.old", "repomd.xml.a1B2c3d", "refresh.state", "0123.part"}) {
        root.write(std::string{"r/"} + name, "x");
    }
    open();
    for (const char* name :
         {"repomd.xml.a1B2c3", "refresh.state.abcdef", "mirrorlist.txt.XXXXXX", "metalink.xml.123456", "repomd.xml.asc.123456"}) {
        EXPECT_FALSE(exists(name)) << name;
    }
    for (const char* name : {"repomd.xml.old", "repomd.xml.a1B2c3d", "refresh.state", "0123.part"}) {
        EXPECT_TRUE(exists(name)) << name;
    }
}

TEST_F(RepoDirectoryTest, a_link_in_place_of_a_directory_is_refused) {
    for (const char* name : {"r", "r/packages"}) {
        fs::remove_all(root / "r");
        fs::create_directories(root / "outside");
        if (std::string_view{name} != "r") {
            fs::create_directory(root / "r");
        }
        fs::create_directory_symlink(root / "outside", root / name);
        const auto opened = RepoDirectory::open(root / "r");
        ASSERT_FALSE(opened) << name;
        EXPECT_EQ(opened.error().code, RepoErrc::cache_unusable) << name;
        EXPECT_TRUE(fs::is_empty(root / "outside")) << name;
        fs::remove(root / name);
    }
}

TEST_F(RepoDirectoryTest, a_link_in_place_of_the_old_generation_is_left_alone) {
    root.write("outside/file", "x");
    fs::create_directory(root / "r");
    fs::create_directory_symlink(root / "outside", root / "r/gen");
    open();
    EXPECT_EQ(root.read("outside/file"), "x");
}

TEST_F(RepoDirectoryTest, the_mirror_list_and_the_metalink_are_kept) {
    const RepoDirectory directory = open();
    EXPECT_FALSE(directory.cached_list(RepoDirectory::List::mirrorlist));
    ASSERT_TRUE(directory.publish_list(RepoDirectory::List::mirrorlist, "http://a/\n"));
    ASSERT_TRUE(directory.publish_list(RepoDirectory::List::metalink, "<metalink/>"));
    EXPECT_EQ(directory.cached_list(RepoDirectory::List::mirrorlist), "http://a/\n");
    EXPECT_EQ(directory.cached_list(RepoDirectory::List::metalink), "<metalink/>");
}

}  // namespace
}  // namespace lastack::repo
