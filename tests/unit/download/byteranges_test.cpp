#include "download/byteranges.hpp"

#include "http/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::download {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string type = "multipart/byteranges; boundary=SEP";

std::string part(const std::string& range, const std::string& bytes) {
    return "\r\n--SEP\r\nContent-Type: text/plain\r\nContent-Range: bytes " + range + "\r\n\r\n" + bytes;
}

const std::string end = "\r\n--SEP--\r\n";
const std::vector<ByteRange> asked{{2, 4}, {10, 11}};

Result<std::vector<std::string>> parts(const std::string& body, const std::string& content_type = type,
                                       const std::vector<ByteRange>& ranges = asked,
                                       const std::vector<std::string_view>& content_ranges = {}) {
    return parts_of(body, content_type, content_ranges, ranges);
}

TEST(Byteranges, the_field_names_all) { EXPECT_EQ(range_field(asked), "bytes=2-4,10-11"); }

TEST(Byteranges, each_range_is_given_in_the_order_asked_for) {
    const std::string two = part("2-4/20", "cde") + part("10-11/20", "kl") + end;
    EXPECT_THAT(*parts(two), ElementsAre("cde", "kl"));
    EXPECT_THAT(*parts(two.substr(2)), ElementsAre("cde", "kl")) << "without the first line end";
    EXPECT_THAT(*parts(two, "Multipart/ByteRanges; charset=x; Boundary=\"SEP\""), ElementsAre("cde", "kl"));
    EXPECT_THAT(*parts(part("10-11/*", "kl") + part("2-4/*", "cde") + end), ElementsAre("cde", "kl")) << "in another order";
    EXPECT_THAT(*parts(part("2-11/20", "cdefghijkl") + end), ElementsAre("cde", "kl")) << "joined";
    EXPECT_THAT(*parts(part("2-4/20", "\r\n-") + part("10-11/20", "--") + end), ElementsAre("\r\n-", "--")) << "what looks like an end";
}

TEST(Byteranges, a_single_part_says_in_its_head_where_it_lies) {
    EXPECT_THAT(*parts("cdefghijkl", "text/plain", asked, {"bytes 2-11/20"}), ElementsAre("cde", "kl"));
    EXPECT_THAT(*parts("cde", "", {{2, 4}}, {"bytes 2-4/20"}), ElementsAre("cde"));
    EXPECT_FALSE(parts("cde", "", {{2, 4}}, {}));
    EXPECT_FALSE(parts("cde", "", {{2, 4}}, {"bytes 2-5/20"}));
    EXPECT_FALSE(parts("cde", "", {{2, 4}}, {"bytes 2-4/20", "bytes 2-4/20"}));
    EXPECT_FALSE(parts("", "", {{2, 4}}, {"bytes 0-18446744073709551615/*"}));
}

TEST(Byteranges, what_was_not_asked_for_or_ends_too_early_is_refused) {
    std::string thousands;
    for (int i = 0; i < 10'000; ++i) {
        thousands += part(std::to_string(i) + "-" + std::to_string(i) + "/20000", "x");
    }
    const std::string good = part("2-4/20", "cde");
    const std::pair<std::string, const char*> rows[] = {
        {"", "do not begin"},
        {"--OTHER\r\n", "do not begin"},
        {"\r\n--SEP--\r\n", "left out"},
        {good + end, "left out bytes 10-11"},
        {good, "boundary"},
        {good + "\r\n--SEP", "too early"},
        {good + part("10-11/20", "kl"), "boundary"},
        {good + part("10-19/20", "kl") + end, "not followed by the boundary"},
        {good + part("10-11/20", "klm") + end, "not followed by the boundary"},
        {good + part("4-11/20", "efghijkl") + end, "overlap"},
        {good + good + end, "overlap"},
        {good + part("0-18446744073709551615/*", "x") + end, "too early"},
        {good + part("11-10/20", "kl") + end, "where it lies"},
        {good + part("*/20", "kl") + end, "where it lies"},
        {good + "\r\n--SEP\r\n\r\nkl" + end, "where it lies"},
        {good + "\r\n--SEP\r\nContent-Range: bytes 10-11/20\r\nContent-Range: bytes 10-11/20\r\n\r\nkl" + end, "where it lies"},
        {good + "\r\n--SEP\r\nX: " + std::string(5000, 'x') + "\r\nContent-Range: bytes 10-11/20\r\n\r\nkl" + end, "where it lies"},
        {good + part("10-11/20", "kl") + part("15-15/20", "p") + end, "more parts"},
        {thousands + end, "more parts"},
    };
    for (const auto& [body, cause] : rows) {
        const auto got = parts(body);
        ASSERT_FALSE(got) << body.substr(0, 200);
        EXPECT_EQ(got.error().code, http::HttpErrc::bad_range);
        EXPECT_THAT(got.error().cause, HasSubstr(cause)) << body.substr(0, 200);
    }
    for (const std::string& other :
         {std::string("multipart/mixed; boundary=SEP"), std::string("multipart/byteranges"), std::string("multipart/byteranges; boundary="),
          "multipart/byteranges; boundary=" + std::string(71, 'x')}) {
        EXPECT_FALSE(parts(good + part("10-11/20", "kl") + end, other)) << other;
    }
}

TEST(Byteranges, cut_anywhere_it_is_refused) {
    const std::string whole = part("2-4/20", "cde") + part("10-11/20", "kl") + "\r\n--SEP--";
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(parts(whole.substr(0, length))) << length;
    }
    EXPECT_TRUE(parts(whole));
}

}  // namespace
}  // namespace lastack::download
