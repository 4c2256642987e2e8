#include "repo/mirrorlist.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::repo {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Mirrorlist, one_url_per_line_in_their_order) {
    EXPECT_THAT(parse_mirrorlist("# comment\nhttp://a/x/\nhttps://b/y\r\n\nhttp://c/z/ \t\nhttp://last"),
                ElementsAre("http://a/x", "https://b/y", "http://c/z", "http://last"));
}

TEST(Mirrorlist, lines_that_are_no_http_url_are_passed_over) {
    EXPECT_THAT(
        parse_mirrorlist("ftp://a/\nfile:///etc\nrsync://h/x\nhttp://a b/\n http://indented/\nhttp://\n../x\nnot a url\nhttp://u\x1b/\n"
                         "x http://h/\n<html>http://h/</html>\n"),
        IsEmpty());
    EXPECT_THAT(parse_mirrorlist(""), IsEmpty());
    EXPECT_THAT(parse_mirrorlist(std::string(100, '\0')), IsEmpty());
}

TEST(Mirrorlist, each_url_once_and_without_the_document_s_name) {
    EXPECT_THAT(parse_mirrorlist("http://a/x\nhttp://a/x/\nhttp://a/x/repodata/repomd.xml\nhttp://b/\n"),
                ElementsAre("http://a/x", "http://b"));
}

TEST(Mirrorlist, the_number_of_mirrors_is_limited) {
    std::string text;
    for (int i = 0; i < 10'000; ++i) {
        text += "http://h/" + std::to_string(i) + "\n";
    }
    EXPECT_EQ(parse_mirrorlist(text).size(), max_mirrors);
}

TEST(Mirrorlist, what_lies_beyond_the_size_limit_is_not_read) {
    EXPECT_THAT(parse_mirrorlist(std::string(max_mirrorlist_size, '\n') + "http://h/x\n"), IsEmpty());
}

TEST(Mirrorlist, metalinks_are_recognised) {
    EXPECT_TRUE(looks_like_metalink("<?xml version=\"1.0\"?>\n<metalink version=\"3.0\">"));
    EXPECT_FALSE(looks_like_metalink("http://h/\n"));
}

}  // namespace
}  // namespace lastack::repo
