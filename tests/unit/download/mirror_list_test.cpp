#include "download/mirror_list.hpp"

#include "download/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::download {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

std::string cause_of(std::string_view text) {
    const auto urls = parse_mirror_list(text);
    if (urls) {
        return "no error";
    }
    EXPECT_EQ(urls.error().code, DownloadErrc::bad_list);
    return urls.error().cause;
}

TEST(MirrorList, has_one_url_per_line_in_their_order) {
    const auto urls = parse_mirror_list("# comment\nhttp://a/x/\nhttps://b/y\r\n\nHTTP://c/z/ \t\nhttp://last");
    ASSERT_TRUE(urls) << describe(urls.error());
    EXPECT_THAT(*urls, ElementsAre("http://a/x/", "https://b/y", "HTTP://c/z/", "http://last"));
}

TEST(MirrorList, has_each_url_once) {
    EXPECT_THAT(parse_mirror_list("http://a/\nhttp://b/\nhttp://a/\n").value(), ElementsAre("http://a/", "http://b/"));
}

TEST(MirrorList, passes_over_lines_that_are_no_http_url) {
    for (const std::string line : {"ftp://a/", "file:///etc", "rsync://h/x", "http://a b/", " http://indented/", "http://", "../x",
                                   "not a url", "http://u\x1b/", "x http://h/", "#http://h/", "http://h/$releasever\x7f", "httpx://h/"}) {
        const auto urls = parse_mirror_list(line + "\nhttp://good/\n");
        ASSERT_TRUE(urls) << line;
        EXPECT_THAT(*urls, ElementsAre("http://good/")) << line;
    }
}

TEST(MirrorList, without_a_url_is_an_error_that_shows_how_it_begins) {
    EXPECT_EQ(cause_of("\r\n  # repo = fedora-99 arch = x86_64 error: invalid repo or arch\r\n# more\n"),
              "the mirror list has no http or https URL; it begins with '# repo = fedora-99 arch = x86_64 error: invalid repo or arch'");
    EXPECT_THAT(cause_of("\x1b[2J\xff\n"), HasSubstr("begins with '\\x1b[2J\\xff'"));
    EXPECT_THAT(cause_of("ftp://me:hunter2@h/\n"), Not(HasSubstr("hunter2")));
    EXPECT_LT(cause_of(std::string(100'000, 'x')).size(), 300U);
    for (const std::string& nothing : {std::string{}, std::string{" \r\n\t\n"}}) {
        EXPECT_EQ(cause_of(nothing), "the mirror list is empty");
    }
    EXPECT_THAT(cause_of(std::string(100, '\0')), HasSubstr("no http or https URL"));
}

TEST(MirrorList, is_no_html_page_even_with_urls_in_it) {
    for (const char* page : {"<!DOCTYPE html>\n", "\r\n <html lang=en>\n", "<HTML>\n", "<head>\n"}) {
        EXPECT_EQ(cause_of(std::string{page} + "http://portal/login\n"), "the mirror list is an HTML page") << page;
    }
}

TEST(MirrorList, is_no_metalink_even_with_urls_in_it) {
    EXPECT_EQ(cause_of("<?xml version=\"1.0\"?>\n<metalink version=\"3.0\">\nhttp://h/\n"), "the mirror list is a metalink document");
    EXPECT_TRUE(parse_mirror_list("# not <metalink\nhttp://h/\n"));
}

TEST(MirrorList, is_limited_in_number_and_size) {
    std::string text;
    for (int i = 0; i < 10'000; ++i) {
        text += "http://h/" + std::to_string(i) + "\n";
    }
    EXPECT_EQ(parse_mirror_list(text).value().size(), max_mirrors);
    EXPECT_FALSE(parse_mirror_list(std::string(max_mirror_list_size, '\n') + "http://h/x\n"));
}

}  // namespace
}  // namespace lastack::download
