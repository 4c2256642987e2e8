#include "repo/generation.hpp"

#include "base/digest_stream.hpp"
#include "compressed.hpp"
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
    std::string primary_gz;
    std::string primary_name;
};

Made make(const std::string& primary, bool with_open_checksum = true) {
    Made made;
    made.primary_gz = test::gzip(primary);
    const std::string digest = digest_of(DigestAlgorithm::sha256, made.primary_gz).hex;
    made.primary_name = digest + "-primary.xml.gz";
    made.text = "<repomd><revision>1</revision><data type=\"primary\"><checksum type=\"sha256\">" + digest + "</checksum><size>" +
                std::to_string(made.primary_gz.size()) + "</size><open-size>" + std::to_string(primary.size()) + "</open-size>";
    if (with_open_checksum) {
        made.text += "<open-checksum type=\"sha256\">" + digest_of(DigestAlgorithm::sha256, primary).hex + "</open-checksum>";
    }
    made.text += "<location href=\"repodata/primary.xml.gz\"/></data></repomd>";
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
    ASSERT_TRUE(directory.publish(made.text, made.repomd, state_of(made)));
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
    ASSERT_TRUE(directory.publish(made.text, made.repomd, state_of(made)));
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

TEST_F(RepoDirectoryTest, the_primary_is_checked_and_made_again_from_the_downloaded_file) {
    const RepoDirectory directory = open();
    const Made made = make(primary_xml);
    EXPECT_FALSE(directory.ensure_primary(made.repomd, {}).value());
    root.write("r/" + made.primary_name, made.primary_gz);
    EXPECT_EQ(directory.downloaded(made.repomd), root / ("r/" + made.primary_name));
    EXPECT_TRUE(directory.ensure_primary(made.repomd, {}).value());
    EXPECT_EQ(root.read("r/gen/primary.xml"), primary_xml);

    root.write("r/gen/primary.xml", std::string(primary_xml.size(), 'x'));
    EXPECT_TRUE(directory.ensure_primary(made.repomd, {}).value());
    EXPECT_EQ(root.read("r/gen/primary.xml"), primary_xml);
}

TEST_F(RepoDirectoryTest, a_good_primary_does_not_need_the_downloaded_file) {
    const RepoDirectory directory = open();
    const Made made = make(primary_xml);
    root.write("r/gen/primary.xml", primary_xml);
    EXPECT_TRUE(directory.ensure_primary(made.repomd, {}).value());
}

TEST_F(RepoDirectoryTest, without_an_open_checksum_the_primary_is_made_each_time) {
    const RepoDirectory directory = open();
    const Made made = make(primary_xml, false);
    root.write("r/gen/primary.xml", std::string(primary_xml.size(), 'x'));
    EXPECT_FALSE(directory.ensure_primary(made.repomd, {}).value());
    root.write("r/" + made.primary_name, made.primary_gz);
    EXPECT_TRUE(directory.ensure_primary(made.repomd, {}).value());
    EXPECT_EQ(root.read("r/gen/primary.xml"), primary_xml);
}

TEST_F(RepoDirectoryTest, corrupt_downloads_links_and_odd_files_are_fetched_again) {
    const RepoDirectory directory = open();
    const Made made = make(primary_xml);
    std::string corrupt = made.primary_gz;
    corrupt.back() = static_cast<char>(corrupt.back() ^ 1);
    root.write("r/" + made.primary_name, corrupt);
    EXPECT_FALSE(directory.ensure_primary(made.repomd, {}).value());

    root.write("elsewhere", made.primary_gz);
    fs::remove(root / ("r/" + made.primary_name));
    fs::create_symlink(root / "elsewhere", root / ("r/" + made.primary_name));
    const auto linked = directory.ensure_primary(made.repomd, {});
    ASSERT_TRUE(linked) << describe(linked.error());
    EXPECT_FALSE(*linked);
}

TEST_F(RepoDirectoryTest, publishing_removes_what_is_no_longer_referred_to) {
    const RepoDirectory directory = open();
    const Made old = make("<old/>");
    const Made made = make(primary_xml);
    for (const std::string& name : {old.primary_name, old.primary_name + ".part", old.primary_name + ".part.journal", made.primary_name,
                                    std::string{"mirrorlist.txt"}, std::string{"notes"}, std::string{"packages/a-1.rpm"}}) {
        root.write("r/" + name, "x");
    }
    ASSERT_TRUE(directory.publish(made.text, made.repomd, state_of(made)));
    EXPECT_FALSE(exists(old.primary_name));
    EXPECT_FALSE(exists(old.primary_name + ".part"));
    EXPECT_FALSE(exists(old.primary_name + ".part.journal"));
    for (const std::string& name :
         {made.primary_name, std::string{"mirrorlist.txt"}, std::string{"notes"}, std::string{"packages/a-1.rpm"}}) {
        EXPECT_TRUE(exists(name)) << name;
    }
}

TEST_F(RepoDirectoryTest, what_a_killed_run_left_is_removed) {
    for (const char* name : {"repomd.xml.a1B2c3", "refresh.state.abcdef", "mirrorlist.txt.XXXXXX", "gen/primary.xml.123456"}) {
        root.write(std::string{"r/"} + name, "x");
    }
    for (const char* name : {"repomd.xml.old", "repomd.xml.a1B2c3d", "refresh.state", "gen/primary.solv", "0123.part"}) {
        root.write(std::string{"r/"} + name, "x");
    }
    open();
    for (const char* name : {"repomd.xml.a1B2c3", "refresh.state.abcdef", "mirrorlist.txt.XXXXXX", "gen/primary.xml.123456"}) {
        EXPECT_FALSE(exists(name)) << name;
    }
    for (const char* name : {"repomd.xml.old", "repomd.xml.a1B2c3d", "refresh.state", "gen/primary.solv", "0123.part"}) {
        EXPECT_TRUE(exists(name)) << name;
    }
}

TEST_F(RepoDirectoryTest, a_link_in_place_of_a_directory_is_refused) {
    for (const char* name : {"r", "r/gen", "r/packages"}) {
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

TEST_F(RepoDirectoryTest, the_mirror_list_is_kept) {
    const RepoDirectory directory = open();
    EXPECT_FALSE(directory.cached_mirrorlist());
    ASSERT_TRUE(directory.publish_mirrorlist("http://a/\n"));
    EXPECT_EQ(directory.cached_mirrorlist(), "http://a/\n");
}

}  // namespace
}  // namespace lastack::repo
