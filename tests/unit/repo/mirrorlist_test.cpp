#include "repo/mirrorlist.hpp"

#include "download/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::repo {
namespace {

using testing::ElementsAre;

TEST(Mirrorlist, names_each_repository_once_and_without_its_document) {
    const auto urls = parse_mirrorlist("http://a/x\nhttp://a/x/\nhttp://a/x/repodata/repomd.xml\nhttps://b/\nhttp://c//\n");
    ASSERT_TRUE(urls) << describe(urls.error());
    EXPECT_THAT(*urls, ElementsAre("http://a/x", "https://b", "http://c"));
}

TEST(Mirrorlist, without_a_url_is_the_lists_own_error) {
    const auto urls = parse_mirrorlist("ftp://a/\n");
    ASSERT_FALSE(urls);
    EXPECT_EQ(urls.error().code, download::DownloadErrc::bad_list);
}

}  // namespace
}  // namespace lastack::repo
