// What of an answer is the range that was asked for.
#include "download/error.hpp"
#include "download/range_reply.hpp"
#include "http/error.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace lastack::download {
namespace {

using http::HttpErrc;

http::ResponseHead head(int status, const char* range = nullptr) {
    http::ResponseHead out{.status = status};
    if (range != nullptr) {
        out.fields.add("Content-Range", range);
    }
    return out;
}
http::Framing length(std::uint64_t n) { return {.kind = http::FramingKind::length, .length = n}; }
constexpr http::Framing chunked{.kind = http::FramingKind::chunked};
constexpr ByteRange middle{.first = 5, .last = 9};
constexpr ByteRange tail{.first = 5};
constexpr ByteRange all{.first = 0, .last = UINT64_MAX};

// Feeds a body in pieces of two bytes.
std::string cut(const PartUse& use, std::string_view body, Result<void>* end = nullptr) {
    PartCutter cutter{use};
    std::string out;
    for (std::size_t i = 0; i < body.size() && !cutter.is_enough(); i += 2) {
        const auto kept = cutter.cut(std::as_bytes(std::span{body.substr(i, 2)}));
        out.append(reinterpret_cast<const char*>(kept.data()), kept.size());
    }
    if (end != nullptr) {
        *end = cutter.end();
    }
    return out;
}

TEST(PartReply, takes_the_part_or_cuts_it_out_of_the_whole) {
    struct Row {
        const char* what;
        http::ResponseHead answer;
        http::Framing framing;
        ByteRange range;
        const char* body;
        const char* part;
        bool gives_up;  // what follows is not read
    };
    for (const Row& row : {Row{"206", head(206, "bytes 5-9/20"), length(5), middle, "56789", "56789", false},
                           Row{"206, size unknown", head(206, "bytes 5-9/*"), length(5), middle, "56789", "56789", false},
                           Row{"206 at the end", head(206, "bytes 5-7/8"), length(3), middle, "567", "567", false},
                           Row{"206 open", head(206, "bytes 5-7/8"), length(3), tail, "567", "567", false},
                           Row{"206 chunked", head(206, "bytes 5-9/20"), chunked, middle, "56789", "56789", true},
                           Row{"200", head(200), length(20), middle, "0123456789abcdefghij", "56789", true},
                           Row{"200 to its end", head(200), length(10), middle, "0123456789", "56789", false},
                           Row{"200 short", head(200), length(8), middle, "01234567", "567", false},
                           Row{"200 open", head(200), length(8), tail, "01234567", "567", false},
                           Row{"200 chunked", head(200), chunked, middle, "0123456789abcd", "56789", true},
                           Row{"200 chunked, short", head(200), chunked, middle, "01234567", "567", false},
                           Row{"200 chunked, open", head(200), chunked, tail, "01234567", "567", false},
                           Row{"200, all there is", head(200), length(3), all, "012", "012", false}}) {
        const auto use = part_reply(row.answer, row.framing, row.range, {});
        ASSERT_TRUE(use) << row.what << ": " << use.error().cause;
        Result<void> end;
        EXPECT_EQ(cut(*use, row.body, &end), row.part) << row.what;
        EXPECT_TRUE(end) << row.what;
        EXPECT_EQ(use->more_follows && use->take == std::string_view{row.part}.size(), row.gives_up) << row.what;
    }
}

TEST(PartReply, other_parts_are_refused) {
    struct Row {
        const char* what;
        http::ResponseHead answer;
        http::Framing framing;
        ByteRange range;
        std::error_code error;
        RangeQuestion question = {};
    };
    for (const Row& row :
         {Row{"another first", head(206, "bytes 4-9/20"), length(6), middle, HttpErrc::bad_range},
          Row{"another last", head(206, "bytes 5-8/20"), length(4), middle, HttpErrc::bad_range},
          Row{"short, size unknown", head(206, "bytes 5-8/*"), length(4), middle, HttpErrc::bad_range},
          Row{"more", head(206, "bytes 5-10/20"), length(6), middle, HttpErrc::bad_range},
          Row{"open, not to the end", head(206, "bytes 5-8/20"), length(4), tail, HttpErrc::bad_range},
          Row{"no Content-Range", head(206), length(5), middle, HttpErrc::bad_range},
          Row{"broken", head(206, "bytes 9-5/20"), length(5), middle, HttpErrc::bad_range},
          Row{"another length", head(206, "bytes 5-9/20"), length(6), middle, HttpErrc::bad_range},
          Row{"416", head(416, "bytes */4"), length(0), middle, HttpErrc::bad_range},
          Row{"416 without size", head(416), length(0), middle, HttpErrc::bad_range},
          Row{"200 that ends before", head(200), length(5), middle, HttpErrc::bad_range},
          Row{"empty 200", head(200), length(0), all, HttpErrc::bad_range}, Row{"404", head(404), length(0), middle, HttpErrc::not_found},
          Row{"size", head(206, "bytes 5-9/20"), length(5), middle, DownloadErrc::size_mismatch, {.size = 4}},
          Row{"limit", head(200), length(20), middle, DownloadErrc::too_large, {.size_limit = 4}}}) {
        const auto use = part_reply(row.answer, row.framing, row.range, row.question);
        ASSERT_FALSE(use) << row.what;
        EXPECT_EQ(use.error().code, row.error) << row.what << ": " << use.error().cause;
    }
}

TEST(PartReply, a_body_that_ends_early_is_told) {
    Result<void> end;
    static_cast<void>(cut(part_reply(head(206, "bytes 5-9/20"), chunked, middle, {}).value(), "567", &end));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, HttpErrc::truncated);
    static_cast<void>(cut(part_reply(head(200), chunked, middle, {}).value(), "01234", &end));
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, HttpErrc::bad_range);
}

TEST(PartReply, ranges_are_written_as_the_header_has_them) {
    EXPECT_EQ(range_field(middle), "bytes=5-9");
    EXPECT_EQ(range_field(tail), "bytes=5-");
}

}  // namespace
}  // namespace lastack::download
