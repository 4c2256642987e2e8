#include "repo/host_uuid.hpp"

#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace lastack::repo {
namespace {

using test::TempDirectory;

namespace fs = std::filesystem;

constexpr auto some = "0f8fad5b-d9cb-469f-a165-70867728950e";

TEST(HostUuid, has_one_form) {
    EXPECT_TRUE(is_uuid(some));
    EXPECT_TRUE(is_uuid("0F8FAD5B-D9CB-469F-A165-70867728950E"));
    for (const char* text : {"", "0f8fad5b", "0f8fad5bd9cb469fa16570867728950e", "0f8fad5b-d9cb-469f-a165-70867728950g",
                             "0f8fad5b-d9cb-469f-a165-70867728950e ", "0f8fad5b/d9cb/469f/a165/70867728950e"}) {
        EXPECT_FALSE(is_uuid(text)) << text;
    }
}

TEST(HostUuid, is_made_once) {
    const TempDirectory root;
    EXPECT_EQ(host_uuid(root / "lib", MakeUuid::no).error().code, Errc::not_found);
    EXPECT_FALSE(fs::exists(root / "lib"));
    const auto made = host_uuid(root / "lib", MakeUuid::yes);
    ASSERT_TRUE(made) << describe(made.error());
    EXPECT_TRUE(is_uuid(*made));
    EXPECT_EQ(made->at(14), '4') << "a random one";
    EXPECT_EQ(host_uuid(root / "lib", MakeUuid::yes), *made);
    EXPECT_EQ(host_uuid(root / "lib", MakeUuid::no), *made);
    EXPECT_EQ(root.read("lib/uuid"), *made + "\n");
    EXPECT_EQ(fs::status(root / "lib/uuid").permissions(), fs::perms{0644});
    EXPECT_EQ(std::distance(fs::directory_iterator{root / "lib"}, {}), 1) << "nothing is left beside it";
    const TempDirectory other;
    EXPECT_NE(host_uuid(other.path(), MakeUuid::yes), *made);
}

TEST(HostUuid, of_a_file_that_holds_something_else_is_an_error_and_the_file_stays) {
    const TempDirectory root;
    for (const std::string& text : {std::string{"../../x\n"}, std::string{}, std::string{some} + "0\n", std::string{"\0\n", 2}}) {
        root.write("uuid", text);
        EXPECT_EQ(host_uuid(root.path(), MakeUuid::yes).error().code, Errc::io_failed) << text;
        EXPECT_EQ(root.read("uuid"), text);
    }
    root.write("target", std::string{some} + "\n");
    fs::remove(root / "uuid");
    fs::create_symlink("target", root / "uuid");
    EXPECT_FALSE(host_uuid(root.path(), MakeUuid::yes)) << "a link could lead anywhere";
    root.write("yum/uuid", some);
    EXPECT_EQ(host_uuid(root / "yum", MakeUuid::no), some) << "yum writes no line end";
}

}  // namespace
}  // namespace lastack::repo
