#include "http/head_parser.hpp"

#include "http/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lastack::http {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

struct Parsed {
    bool done = false;
    std::size_t used = 0;
    ResponseHead head;
    std::error_code error;
};

// `step` 0: all at once.
Parsed parse(std::string_view text, std::size_t step = 0, HeadLimits limits = {}) {
    HeadParser parser{limits};
    Parsed parsed;
    while (!parser.done() && parsed.used < text.size()) {
        const auto piece = text.substr(parsed.used, step == 0 ? std::string_view::npos : step);
        const auto used = parser.feed(bytes_of(piece));
        if (!used) {
            parsed.error = used.error().code;
            return parsed;
        }
        EXPECT_TRUE(*used == piece.size() || parser.done());
        parsed.used += *used;
    }
    parsed.done = parser.done();
    EXPECT_EQ(parser.size(), parsed.used);
    if (parsed.done) {
        parsed.head = parser.take();
    }
    return parsed;
}

constexpr std::string_view common_head =
    "HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 12\r\nX-Empty:\r\nX-Pad: \t padded \t\r\nset-x: 1\r\nSET-X: 2\r\n\r\n";

TEST(HeadParser, takes_status_and_fields_in_order_and_leaves_the_body) {
    const auto parsed = parse(std::string{common_head} + "body bytes");
    ASSERT_TRUE(parsed.done);
    EXPECT_EQ(parsed.used, common_head.size());
    EXPECT_EQ(parsed.head.status, 200);
    EXPECT_EQ(parsed.head.minor_version, 1);
    EXPECT_EQ(parsed.head.reason, "OK");
    EXPECT_EQ(parsed.head.fields.size(), 6u);
    EXPECT_EQ(parsed.head.fields.find("content-length"), "12");
    EXPECT_EQ(parsed.head.fields.find("X-Empty"), "");
    EXPECT_EQ(parsed.head.fields.find("X-Pad"), "padded");
    EXPECT_EQ(parsed.head.fields.find("absent"), std::nullopt);
    EXPECT_EQ(parsed.head.fields.all("Set-X"), (std::vector<std::string_view>{"1", "2"}));
}

struct HeadRow {
    std::string text;  // with its last line's end
    int status;        // 0: refused
};

class HeadParserTable : public testing::TestWithParam<HeadRow> {};

TEST_P(HeadParserTable, means_the_same_in_pieces_of_any_size) {
    const auto& [text, status] = GetParam();
    const auto whole = parse(text);
    EXPECT_EQ(whole.done, status != 0) << whole.error.message();
    if (status != 0) {
        EXPECT_EQ(whole.head.status, status);
    } else {
        EXPECT_TRUE(whole.error);
    }
    for (const std::size_t step : {1u, 2u, 3u, 7u}) {
        const auto pieces = parse(text, step);
        EXPECT_EQ(pieces.done, whole.done) << step;
        EXPECT_EQ(pieces.error, whole.error) << step;
        EXPECT_EQ(pieces.head, whole.head) << step;
        EXPECT_EQ(pieces.used * (whole.done ? 1 : 0), whole.used * (whole.done ? 1 : 0)) << step;
    }
}

INSTANTIATE_TEST_SUITE_P(
    StatusLine, HeadParserTable,
    testing::Values(HeadRow{std::string{common_head}, 200}, HeadRow{"HTTP/1.1 200\r\n\r\n", 200}, HeadRow{"HTTP/1.1 200 \r\n\r\n", 200},
                    HeadRow{"HTTP/1.0 404 Not Found\r\n\r\n", 404}, HeadRow{"HTTP/1.1 100 \r\n\r\n", 100},
                    HeadRow{"HTTP/1.1 599 \r\n\r\n", 599}, HeadRow{"HTTP/1.1 200 gr\xc3\xbc\xc3\x9f\r\n\r\n", 200},
                    HeadRow{"HTTP/1.1 200 a\tb\r\n\r\n", 200}, HeadRow{"HTTP/1.1 099 \r\n\r\n", 0}, HeadRow{"HTTP/1.1 600 \r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 99 \r\n\r\n", 0}, HeadRow{"HTTP/1.1 1000 \r\n\r\n", 0}, HeadRow{"HTTP/1.1 2OO OK\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 -20 OK\r\n\r\n", 0}, HeadRow{"HTTP/1.1 +20 OK\r\n\r\n", 0}, HeadRow{"HTTP/1.1  200 OK\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200\tOK\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200OK\r\n\r\n", 0}, HeadRow{"HTTP/1.2 200 OK\r\n\r\n", 0},
                    HeadRow{"HTTP/9.9 200 OK\r\n\r\n", 0}, HeadRow{"HTTP/2 200\r\n\r\n", 0}, HeadRow{"HTTP/1.10 200 OK\r\n\r\n", 0},
                    HeadRow{"http/1.1 200 OK\r\n\r\n", 0}, HeadRow{"HTTP/1.1\r\n\r\n", 0}, HeadRow{"HTTP/1.\r\n\r\n", 0},
                    HeadRow{"ICY 200 OK\r\n\r\n", 0}, HeadRow{"<html>\n", 0}, HeadRow{"\r\n\r\n", 0}, HeadRow{"\n", 0},
                    HeadRow{" HTTP/1.1 200 OK\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 O\rK\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200 O\x1bK\r\n\r\n", 0}, HeadRow{std::string("HTTP/1.1 200 O\0K\r\n\r\n", 20), 0}));

INSTANTIATE_TEST_SUITE_P(
    Fields, HeadParserTable,
    testing::Values(HeadRow{"HTTP/1.1 200 OK\nA: b\n\n", 200}, HeadRow{"HTTP/1.1 200 OK\r\nA: b\n\r\n", 200},
                    HeadRow{"HTTP/1.1 200 OK\r\nA:b:c\r\n\r\n", 200}, HeadRow{"HTTP/1.1 200 OK\r\n!#$%&'*+-.^_`|~09azAZ: x\r\n\r\n", 200},
                    HeadRow{"HTTP/1.1 200 OK\r\nA: \xff\x80\r\n\r\n", 200}, HeadRow{"HTTP/1.1 200 OK\r\nA : b\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200 OK\r\nA\t: b\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 OK\r\n: b\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 OK\r\nA(b): c\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200 OK\r\n\xc3\xa4: c\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200 OK\r\nA: b\r\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 OK\r\r\nA: b\r\n\r\n", 0},
                    HeadRow{"HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 OK\r\nA: \x01\r\n\r\n", 0},
                    HeadRow{std::string("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 25), 0},
                    HeadRow{std::string("HTTP/1.1 200 OK\r\nA\0: b\r\n\r\n", 26), 0},
                    HeadRow{"HTTP/1.1 200 OK\r\n folded first\r\n\r\n", 0}, HeadRow{"HTTP/1.1 200 OK\r\n\tfolded first\r\n\r\n", 0}));

TEST(HeadParser, is_not_done_before_the_empty_line_at_any_cut) {
    for (std::size_t cut = 0; cut < common_head.size(); ++cut) {
        const auto parsed = parse(common_head.substr(0, cut));
        EXPECT_FALSE(parsed.done) << cut;
        EXPECT_FALSE(parsed.error) << cut;
    }
}

TEST(HeadParser, joins_folded_lines_with_one_space) {
    const auto parsed = parse("HTTP/1.1 200 OK\r\nA: b\r\n  c \r\n\td\r\nE:\r\n f\r\n\r\n");
    ASSERT_TRUE(parsed.done);
    EXPECT_EQ(parsed.head.fields.find("A"), "b c d");
    EXPECT_EQ(parsed.head.fields.find("E"), "f");
}

TEST(HeadParser, a_folded_value_ends_at_the_line_limit) {
    const HeadLimits limits{.line = 20, .total = 10000, .fields = 10};
    const std::string head = "HTTP/1.1 200 OK\r\nA: 1234567\r\n";
    EXPECT_TRUE(parse(head + " 1234567\r\n 123\r\n\r\n", 0, limits).head.status == 200);  // 7+1+7+1+3 = 19, one short of the limit
    EXPECT_TRUE(parse(head + " 1234567\r\n 1234\r\n\r\n", 0, limits).done);
    EXPECT_EQ(parse(head + " 1234567\r\n 12345\r\n\r\n", 0, limits).error, HttpErrc::head_too_large);
}

TEST(HeadParser, every_limit_holds_at_its_value_and_not_one_past_it) {
    constexpr HeadLimits limits;
    for (const std::size_t step : {0u, 1000u}) {
        // The line's CR counts, its LF does not.
        const std::string start = "HTTP/1.1 200 OK\r\nA: ";
        const std::size_t room = limits.line - 4;
        EXPECT_TRUE(parse(start + std::string(room, 'x') + "\r\n\r\n", step).done);
        EXPECT_EQ(parse(start + std::string(room + 1, 'x') + "\r\n\r\n", step).error, HttpErrc::head_too_large);
        EXPECT_EQ(parse("HTTP/1.1 200 " + std::string(limits.line, 'r') + "\r\n\r\n", step).error, HttpErrc::head_too_large);

        std::string fields = "HTTP/1.1 200 OK\r\n";
        for (std::size_t i = 0; i < limits.fields; ++i) {
            fields += "A: b\r\n";
        }
        EXPECT_TRUE(parse(fields + "\r\n", step).done);
        EXPECT_EQ(parse(fields + "A: b\r\n\r\n", step).error, HttpErrc::head_too_large);

        std::string large = "HTTP/1.1 200 OK\r\n";
        while (large.size() + 1002 < limits.total) {
            large += "A: " + std::string(995, 'x') + "\r\n";
        }
        const std::size_t left = limits.total - large.size() - std::string_view{"A: \r\n\r\n"}.size();
        EXPECT_TRUE(parse(large + "A: " + std::string(left, 'x') + "\r\n\r\n", step).done);
        EXPECT_EQ(parse(large + "A: " + std::string(left + 1, 'x') + "\r\n\r\n", step).error, HttpErrc::head_too_large);
    }
}

TEST(HeadParser, a_line_that_never_ends_is_refused_without_being_kept) {
    HeadParser parser;
    const std::string piece(1000, 'x');
    std::size_t fed = 0;
    while (parser.feed(bytes_of(piece))) {
        fed += piece.size();
        ASSERT_LE(fed, HeadLimits{}.line);
    }
}

TEST(HeadParser, keeps_200_bytes_of_the_reason) {
    const auto parsed = parse("HTTP/1.1 200 " + std::string(5000, 'r') + "\r\n\r\n");
    ASSERT_TRUE(parsed.done);
    EXPECT_EQ(parsed.head.reason, std::string(200, 'r'));
}

TEST(Fields, tokens_of_lists_are_found_whole_and_without_case) {
    Fields fields;
    fields.add("Connection", "keep-alive, Upgrade");
    fields.add("connection", " CLOSE ");
    EXPECT_TRUE(fields.has_token("Connection", "close"));
    EXPECT_TRUE(fields.has_token("connection", "upgrade"));
    EXPECT_FALSE(fields.has_token("Connection", "keep"));
    EXPECT_FALSE(fields.has_token("Connection", "keep-alive, Upgrade"));
    EXPECT_FALSE(fields.has_token("Other", "close"));
}

}  // namespace
}  // namespace lastack::http
