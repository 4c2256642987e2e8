#include "download/range_reply.hpp"

#include "download/error.hpp"
#include "http/error.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace lastack::download {
namespace {

using http::HttpErrc;
constexpr http::Framing chunked{.kind = http::FramingKind::chunked};
http::Framing length(std::uint64_t n) { return {.kind = http::FramingKind::length, .length = n}; }

http::ResponseHead head(int status, const std::vector<std::string>& ranges = {}) {
    http::ResponseHead out{.status = status};
    for (const std::string& range : ranges) {
        out.fields.add("Content-Range", range);
    }
    return out;
}

struct ReplyRow {
    const char* what;
    http::ResponseHead answer;
    http::Framing framing;
    RangeQuestion question;
    std::optional<ReplyUse> use;
    std::error_code error = {};
};

class RangeReply : public testing::TestWithParam<ReplyRow> {};

TEST_P(RangeReply, follows_the_table) {
    const ReplyRow& row = GetParam();
    const auto use = range_reply(row.answer, row.framing, row.question);
    if (row.use) {
        ASSERT_TRUE(use) << row.what << ": " << use.error().cause;
        EXPECT_EQ(*use, *row.use) << row.what;
    } else {
        ASSERT_FALSE(use) << row.what;
        EXPECT_EQ(use.error().code, row.error) << row.what << ": " << use.error().cause;
    }
}

constexpr RangeQuestion plain{};
constexpr RangeQuestion of_20{.size = 20};
constexpr RangeQuestion rest_of_20{.offset = 5, .size = 20};
constexpr RangeQuestion rest_of_unknown{.offset = 5};
constexpr RangeQuestion limited{.size_limit = 20};

INSTANTIATE_TEST_SUITE_P(Whole, RangeReply,
                         testing::Values(ReplyRow{"plain", head(200), length(20), plain, ReplyUse::from_start},
                                         ReplyRow{"203", head(203), length(20), of_20, ReplyUse::from_start},
                                         ReplyRow{"unknown length", head(200), chunked, of_20, ReplyUse::from_start},
                                         ReplyRow{"in place of a range", head(200), length(20), rest_of_20, ReplyUse::from_start},
                                         ReplyRow{"one less", head(200), length(19), of_20, {}, DownloadErrc::size_mismatch},
                                         ReplyRow{"one more", head(200), length(21), of_20, {}, DownloadErrc::size_mismatch},
                                         ReplyRow{"at the limit", head(200), length(20), limited, ReplyUse::from_start},
                                         ReplyRow{"past the limit", head(200), length(21), limited, {}, DownloadErrc::too_large}));

INSTANTIATE_TEST_SUITE_P(
    Part, RangeReply,
    testing::Values(
        ReplyRow{"asked for", head(206, {"bytes 5-19/20"}), length(15), rest_of_20, ReplyUse::append},
        ReplyRow{"unit in capitals", head(206, {"Bytes 5-19/20"}), length(15), rest_of_20, ReplyUse::append},
        ReplyRow{"chunked", head(206, {"bytes 5-19/20"}), chunked, rest_of_20, ReplyUse::append},
        ReplyRow{"size unknown to us", head(206, {"bytes 5-19/20"}), length(15), rest_of_unknown, ReplyUse::append},
        ReplyRow{"size unknown to the server", head(206, {"bytes 5-19/*"}), length(15), rest_of_20, ReplyUse::append},
        ReplyRow{"size unknown to both", head(206, {"bytes 5-19/*"}), length(15), rest_of_unknown, ReplyUse::append},
        ReplyRow{"unasked", head(206, {"bytes 0-19/20"}), length(20), plain, {}, HttpErrc::bad_range},
        ReplyRow{"without Content-Range", head(206), length(15), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"two Content-Ranges", head(206, {"bytes 5-19/20", "bytes 5-19/20"}), length(15), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"begins earlier", head(206, {"bytes 4-19/20"}), length(16), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"begins later", head(206, {"bytes 6-19/20"}), length(14), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"begins at zero", head(206, {"bytes 0-19/20"}), length(20), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"ends earlier", head(206, {"bytes 5-18/20"}), length(14), rest_of_20, {}, DownloadErrc::size_mismatch},
        ReplyRow{"ends earlier, nothing known", head(206, {"bytes 5-18/20"}), length(14), rest_of_unknown, {}, HttpErrc::bad_range},
        ReplyRow{"other total", head(206, {"bytes 5-20/21"}), length(16), rest_of_20, {}, DownloadErrc::size_mismatch},
        ReplyRow{"total below its end", head(206, {"bytes 5-19/19"}), length(15), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"length differs", head(206, {"bytes 5-19/20"}), length(14), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"star", head(206, {"bytes */20"}), length(15), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"backwards", head(206, {"bytes 5-4/20"}), length(0), rest_of_20, {}, HttpErrc::bad_range},
        ReplyRow{"past our limit",
                 head(206, {"bytes 5-20/21"}),
                 length(16),
                 RangeQuestion{.offset = 5, .size_limit = 20},
                 {},
                 DownloadErrc::too_large},
        ReplyRow{"at our limit", head(206, {"bytes 5-19/20"}), length(15), RangeQuestion{.offset = 5, .size_limit = 20},
                 ReplyUse::append}));

class BadContentRange : public testing::TestWithParam<const char*> {};

TEST_P(BadContentRange, is_no_part_to_append) {
    const auto use = range_reply(head(206, {GetParam()}), chunked, rest_of_unknown);
    ASSERT_FALSE(use);
    EXPECT_EQ(use.error().code, HttpErrc::bad_range);
}

INSTANTIATE_TEST_SUITE_P(Table, BadContentRange,
                         testing::Values("", "bytes", "bytes ", "bytes 5", "bytes 5-", "bytes 5-9", "bytes -9/20", "bytes 5-/20",
                                         "bytes 5-9/", "bytes 5-9/x", "bytes 5-9/20x", "bytes +5-9/20", "bytes 5-0x9/20", "bytes=5-9/20",
                                         "5-9/20", "lines 5-9/20", "bytes 5-9/20, 10-11/20", "bytes 5 - 9/20",
                                         "bytes 5-18446744073709551616/*", "bytes 18446744073709551621-9/20", "bytes 5--9/20",
                                         "bytes 5-9/-1", "bytes */*"));

INSTANTIATE_TEST_SUITE_P(
    Unsatisfiable, RangeReply,
    testing::Values(ReplyRow{"all is there", head(416, {"bytes */5"}), length(0), rest_of_unknown, ReplyUse::complete},
                    ReplyRow{"theirs is shorter", head(416, {"bytes */4"}), length(0), rest_of_unknown, ReplyUse::restart},
                    ReplyRow{"theirs is longer", head(416, {"bytes */20"}), length(0), rest_of_20, ReplyUse::restart},
                    ReplyRow{"no word of it", head(416), length(0), rest_of_20, ReplyUse::restart},
                    ReplyRow{"no number", head(416, {"bytes */x"}), length(0), rest_of_20, ReplyUse::restart},
                    ReplyRow{"a range", head(416, {"bytes 0-4/5"}), length(0), rest_of_20, ReplyUse::restart},
                    ReplyRow{"though no range was asked for", head(416, {"bytes */0"}), length(0), plain, {}, HttpErrc::client_error}));

INSTANTIATE_TEST_SUITE_P(Failures, RangeReply,
                         testing::Values(ReplyRow{"404", head(404), length(0), plain, {}, HttpErrc::not_found},
                                         ReplyRow{"410", head(410), length(0), rest_of_20, {}, HttpErrc::not_found},
                                         ReplyRow{"401", head(401), length(0), plain, {}, HttpErrc::forbidden},
                                         ReplyRow{"403", head(403), length(0), plain, {}, HttpErrc::forbidden},
                                         ReplyRow{"429", head(429), length(0), plain, {}, HttpErrc::client_error},
                                         ReplyRow{"500", head(500), length(0), plain, {}, HttpErrc::server_error},
                                         ReplyRow{"503", head(503), length(0), rest_of_20, {}, HttpErrc::unavailable},
                                         ReplyRow{"204", head(204), {}, plain, {}, HttpErrc::unexpected_status},
                                         ReplyRow{"304", head(304), {}, plain, {}, HttpErrc::unexpected_status},
                                         ReplyRow{"101", head(101), {}, plain, {}, HttpErrc::unexpected_status},
                                         ReplyRow{"300", head(300), {}, plain, {}, HttpErrc::unexpected_status}));

TEST(Validator, is_a_strong_tag_else_a_date_else_nothing) {
    const auto with = [](const char* tag, const char* date) {
        http::ResponseHead out;
        if (tag != nullptr) {
            out.fields.add("ETag", tag);
        }
        if (date != nullptr) {
            out.fields.add("Last-Modified", date);
        }
        return validator_of(out);
    };
    EXPECT_EQ(with("\"a\"", "date"), "\"a\"");
    EXPECT_EQ(with("\"\"", nullptr), "\"\"");
    EXPECT_EQ(with("W/\"a\"", "date"), "date");
    EXPECT_EQ(with("W/\"a\"", nullptr), "");
    EXPECT_EQ(with("bare", "date"), "date");
    EXPECT_EQ(with("\"", nullptr), "");
    EXPECT_EQ(with(nullptr, nullptr), "");
}

}  // namespace
}  // namespace lastack::download
