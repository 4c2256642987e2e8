#include "repo/expand_globs.hpp"

#include "repo/ini.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace lastack::repo {
namespace {

using test::TempDirectory;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

namespace fs = std::filesystem;

class ExpandGlobs : public testing::Test {
protected:
    std::expected<std::vector<std::string>, std::string> expanded(std::vector<std::string> items, const fs::path& below = "/") const {
        if (auto done = expand_globs(items, below); !done) {
            return std::unexpected(done.error());
        }
        return items;
    }
    [[nodiscard]] std::string glob(std::string_view pattern) const { return "glob:" + (root / pattern).string(); }

    TempDirectory root;
};

TEST_F(ExpandGlobs, lines_of_the_files_take_the_place_of_the_item_in_the_order_of_the_files) {
    root.write("d/b.conf", "b1\n\n  # no\n\tb2, b3 \r\nb4");
    root.write("d/a.conf", "a1\n");
    root.write("d/c.txt", "c1\n");
    fs::create_directory(root / "d/dir.conf");
    EXPECT_THAT(*expanded({"x", glob("d/*.conf"), "y"}), ElementsAre("x", "a1", "b1", "b2", "b3", "b4", "y"));
    EXPECT_THAT(*expanded({glob("d/[c]*"), glob("d/a.conf")}), ElementsAre("c1", "a1"));
}

TEST_F(ExpandGlobs, no_file_is_an_empty_list) {
    EXPECT_THAT(*expanded({glob("d/*.conf")}), IsEmpty());
    EXPECT_THAT(*expanded({}), IsEmpty());
}

TEST_F(ExpandGlobs, files_are_looked_for_below_the_root_when_their_directory_is_there) {
    const std::string directory = root.path().string();
    root.write("here/a", "host\n");
    root.write("r*t" + directory + "/there/a", "inside\n");
    const fs::path below = root / "r*t";
    EXPECT_THAT(*expanded({glob("here/*")}, below), ElementsAre("host"));
    EXPECT_THAT(*expanded({glob("there/*")}, below), ElementsAre("inside")) << "the root's name is no pattern";
    root.write("there/a", "host\n");
    fs::remove(below / directory.substr(1) / "there/a");
    EXPECT_THAT(*expanded({glob("there/*")}, below), IsEmpty());
}

TEST_F(ExpandGlobs, what_is_no_list_of_names_is_an_error_with_its_place) {
    for (const std::string& line : {std::string{"a\0b", 3}, std::string{"\x1b[2J"}, std::string(max_config_line + 1, 'x'), glob("*")}) {
        root.write("a", "ok\n" + line + "\n");
        EXPECT_THAT(expanded({glob("a")}).error(), testing::StartsWith((root / "a").string() + ":2: "));
    }
    fs::remove(root / "a");
    fs::create_symlink("/dev/zero", root / "a");
    EXPECT_THAT(expanded({glob("a")}).error(), HasSubstr("is not a regular file"));
    fs::remove(root / "a");
    fs::create_symlink("a", root / "a");
    EXPECT_THAT(expanded({glob("*")}).error(), HasSubstr((root / "a").string()));
}

TEST_F(ExpandGlobs, files_together_have_the_size_of_one_configuration_file_at_most) {
    root.write("a", std::string(max_config_file / 2 + 1, '#'));
    EXPECT_TRUE(expanded({glob("a")}));
    root.write("b", std::string(max_config_file / 2 + 1, '#'));
    EXPECT_THAT(expanded({glob("*")}).error(), HasSubstr("larger than"));
}

}  // namespace
}  // namespace lastack::repo
