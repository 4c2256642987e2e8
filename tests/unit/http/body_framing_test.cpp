#include "http/body_framing.hpp"

#include "http/error.hpp"

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

namespace lastack::http {
namespace {

using Field = std::pair<const char*, const char*>;

ResponseHead head(int status, std::initializer_list<Field> fields, int minor_version = 1) {
    ResponseHead out{.status = status, .minor_version = minor_version};
    for (const auto& [name, value] : fields) {
        out.fields.add(name, value);
    }
    return out;
}

Framing length(std::uint64_t n) { return {.kind = FramingKind::length, .length = n}; }
constexpr Framing none{};
constexpr Framing chunked{.kind = FramingKind::chunked};
constexpr Framing until_close{.kind = FramingKind::until_close};

struct FramingRow {
    const char* what;
    ResponseHead answer;
    std::optional<Framing> framing;  // nothing: refused
    bool keeps;
};

class BodyFraming : public testing::TestWithParam<FramingRow> {};

TEST_P(BodyFraming, follows_the_table) {
    const FramingRow& row = GetParam();
    const auto framing = body_framing(Method::get, row.answer);
    if (!row.framing) {
        ASSERT_FALSE(framing) << row.what;
        EXPECT_EQ(framing.error().code, HttpErrc::bad_framing);
        return;
    }
    ASSERT_TRUE(framing) << row.what << ": " << framing.error().cause;
    EXPECT_EQ(*framing, *row.framing) << row.what;
    EXPECT_EQ(keeps_connection(row.answer, *framing), row.keeps) << row.what;
}

INSTANTIATE_TEST_SUITE_P(
    ContentLength, BodyFraming,
    testing::Values(FramingRow{"zero", head(200, {{"Content-Length", "0"}}), length(0), true},
                    FramingRow{"some", head(200, {{"content-length", "5"}}), length(5), true},
                    FramingRow{"largest", head(200, {{"Content-Length", "18446744073709551615"}}), length(UINT64_MAX), true},
                    FramingRow{"2^64", head(200, {{"Content-Length", "18446744073709551616"}}), std::nullopt, false},
                    FramingRow{"2^64+5", head(200, {{"Content-Length", "18446744073709551621"}}), std::nullopt, false},
                    FramingRow{"negative", head(200, {{"Content-Length", "-1"}}), std::nullopt, false},
                    FramingRow{"plus", head(200, {{"Content-Length", "+5"}}), std::nullopt, false},
                    FramingRow{"letters behind", head(200, {{"Content-Length", "5abc"}}), std::nullopt, false},
                    FramingRow{"hexadecimal", head(200, {{"Content-Length", "0x10"}}), std::nullopt, false},
                    FramingRow{"fraction", head(200, {{"Content-Length", "5.0"}}), std::nullopt, false},
                    FramingRow{"two numbers", head(200, {{"Content-Length", "5 5"}}), std::nullopt, false},
                    FramingRow{"empty", head(200, {{"Content-Length", ""}}), std::nullopt, false},
                    FramingRow{"octal is decimal", head(200, {{"Content-Length", "010"}}), length(10), true},
                    FramingRow{"twice the same", head(200, {{"Content-Length", "5"}, {"Content-Length", "5"}}), length(5), true},
                    FramingRow{"two different", head(200, {{"Content-Length", "5"}, {"Content-Length", "6"}}), std::nullopt, false},
                    FramingRow{"list of equals", head(200, {{"Content-Length", "5, 5"}}), length(5), true},
                    FramingRow{"list of different", head(200, {{"Content-Length", "5, 6"}}), std::nullopt, false},
                    FramingRow{"list with a gap", head(200, {{"Content-Length", "5,,5"}}), std::nullopt, false},
                    FramingRow{"list with an end", head(200, {{"Content-Length", "5,"}}), std::nullopt, false}));

INSTANTIATE_TEST_SUITE_P(
    TransferEncoding, BodyFraming,
    testing::Values(
        FramingRow{"chunked", head(200, {{"Transfer-Encoding", "chunked"}}), chunked, true},
        FramingRow{"case", head(200, {{"transfer-encoding", "CHUNKED"}}), chunked, true},
        FramingRow{"with a length", head(200, {{"Transfer-Encoding", "chunked"}, {"Content-Length", "5"}}), chunked, false},
        FramingRow{"with a bad length", head(200, {{"Content-Length", "x"}, {"Transfer-Encoding", "chunked"}}), chunked, false},
        FramingRow{"identity behind", head(200, {{"Transfer-Encoding", "chunked, identity"}}), std::nullopt, false},
        FramingRow{"gzip before", head(200, {{"Transfer-Encoding", "gzip, chunked"}}), std::nullopt, false},
        FramingRow{"two lines", head(200, {{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "chunked"}}), std::nullopt, false},
        FramingRow{"gzip line before", head(200, {{"Transfer-Encoding", "gzip"}, {"Transfer-Encoding", "chunked"}}), std::nullopt, false},
        FramingRow{"xchunked", head(200, {{"Transfer-Encoding", "xchunked"}}), std::nullopt, false},
        FramingRow{"parameter", head(200, {{"Transfer-Encoding", "chunked;a=b"}}), std::nullopt, false},
        FramingRow{"identity", head(200, {{"Transfer-Encoding", "identity"}}), std::nullopt, false},
        FramingRow{"empty", head(200, {{"Transfer-Encoding", ""}}), std::nullopt, false},
        FramingRow{"quoted", head(200, {{"Transfer-Encoding", "\"chunked\""}}), std::nullopt, false},
        FramingRow{"HTTP/1.0", head(200, {{"Transfer-Encoding", "chunked"}}, 0), std::nullopt, false}));

INSTANTIATE_TEST_SUITE_P(NoBody, BodyFraming,
                         testing::Values(FramingRow{"204", head(204, {}), none, true},
                                         FramingRow{"304", head(304, {{"Content-Length", "99"}}), none, true},
                                         FramingRow{"204 chunked", head(204, {{"Transfer-Encoding", "chunked"}}), none, true},
                                         FramingRow{"304 chunked", head(304, {{"Transfer-Encoding", "chunked"}}), none, true},
                                         FramingRow{"101", head(101, {}), none, false}, FramingRow{"100", head(100, {}), none, true}));

INSTANTIATE_TEST_SUITE_P(
    KeepAlive, BodyFraming,
    testing::Values(FramingRow{"no length", head(200, {}), until_close, false},
                    FramingRow{"close", head(200, {{"Content-Length", "5"}, {"Connection", "close"}}), length(5), false},
                    FramingRow{"close in a list", head(200, {{"Content-Length", "5"}, {"Connection", "x, Close"}}), length(5), false},
                    FramingRow{"close and keep-alive", head(200, {{"Content-Length", "5"}, {"Connection", "keep-alive, close"}}), length(5),
                               false},
                    FramingRow{"1.0", head(200, {{"Content-Length", "5"}}, 0), length(5), false},
                    FramingRow{"1.0 keep-alive", head(200, {{"Content-Length", "5"}, {"Connection", "Keep-Alive"}}, 0), length(5), true},
                    FramingRow{"max=0", head(200, {{"Content-Length", "5"}, {"Keep-Alive", "timeout=5, max=0"}}), length(5), false},
                    FramingRow{"max=1", head(200, {{"Content-Length", "5"}, {"Keep-Alive", "timeout=5, max=1"}}), length(5), true},
                    FramingRow{"408", head(408, {{"Content-Length", "0"}}), length(0), false},
                    FramingRow{"404", head(404, {{"Content-Length", "5"}}), length(5), true}));

TEST(BodyFramingOfHead, has_no_body_whatever_the_answer_says) {
    for (const Field field : {Field{"Content-Length", "5"}, Field{"Transfer-Encoding", "chunked"}}) {
        const auto framing = body_framing(Method::head, head(200, {field}));
        ASSERT_TRUE(framing);
        EXPECT_EQ(framing->kind, FramingKind::none);
        EXPECT_TRUE(keeps_connection(head(200, {field}), *framing));
    }
}

TEST(KeepAliveHintTest, reads_what_it_can_and_ignores_the_rest) {
    struct Row {
        const char* value;
        std::optional<std::chrono::seconds> timeout;
        std::optional<std::uint64_t> max;
    };
    using std::chrono::seconds;
    for (const Row& row :
         {Row{"timeout=5, max=100", seconds{5}, 100}, Row{"timeout=5", seconds{5}, std::nullopt}, Row{"max=1", std::nullopt, 1},
          Row{"Timeout = 5 ,MAX=2", seconds{5}, 2}, Row{"timeout=0", seconds{0}, std::nullopt},
          Row{"timeout=abc", std::nullopt, std::nullopt}, Row{"timeout=-1", std::nullopt, std::nullopt},
          Row{"timeout", std::nullopt, std::nullopt}, Row{"", std::nullopt, std::nullopt},
          Row{"timeout=99999", seconds{86400}, std::nullopt}, Row{"timeout=18446744073709551615", seconds{86400}, std::nullopt},
          Row{"xtimeout=5", std::nullopt, std::nullopt}}) {
        const auto hint = keep_alive_hint(head(200, {{"Keep-Alive", row.value}}));
        EXPECT_EQ(hint.timeout, row.timeout) << row.value;
        EXPECT_EQ(hint.max, row.max) << row.value;
    }
}

}  // namespace
}  // namespace lastack::http
