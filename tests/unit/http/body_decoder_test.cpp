#include "http/body_decoder.hpp"

#include "http/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace lastack::http {
namespace {

constexpr Framing chunked{.kind = FramingKind::chunked};
constexpr Framing until_close{.kind = FramingKind::until_close};

struct Decoded {
    std::string body;
    std::size_t used = 0;
    bool done = false;
    std::error_code error;
};

// Feeds pieces that end at the given cuts.
Decoded decode(const Framing& framing, std::string_view input, const std::vector<std::size_t>& cuts = {}) {
    BodyDecoder decoder{framing};
    Decoded out;
    std::size_t cut = 0;
    while (!decoder.done() && out.used < input.size()) {
        while (cut < cuts.size() && cuts[cut] <= out.used) {
            ++cut;
        }
        const std::size_t end = cut < cuts.size() ? cuts[cut] : input.size();
        const auto piece = decoder.next(std::as_bytes(std::span{input.substr(out.used, end - out.used)}));
        if (!piece) {
            out.error = piece.error().code;
            return out;
        }
        EXPECT_GT(piece->consumed, 0u);
        EXPECT_LE(piece->data.size(), piece->consumed);
        out.used += piece->consumed;
        out.body.append(reinterpret_cast<const char*>(piece->data.data()), piece->data.size());
    }
    out.done = decoder.done();
    return out;
}

std::vector<std::size_t> every_byte(std::size_t size) {
    std::vector<std::size_t> cuts(size);
    for (std::size_t i = 0; i < size; ++i) {
        cuts[i] = i + 1;
    }
    return cuts;
}

std::error_code end_after(const Framing& framing, std::string_view input) {
    BodyDecoder decoder{framing};
    while (!input.empty() && !decoder.done()) {
        input.remove_prefix(decoder.next(std::as_bytes(std::span{input}))->consumed);
    }
    const auto ended = decoder.end_of_input();
    return ended ? std::error_code{} : ended.error().code;
}

TEST(BodyDecoder, without_a_body_is_done_at_once_and_takes_nothing) {
    for (const Framing& framing : {Framing{}, Framing{.kind = FramingKind::length, .length = 0}}) {
        BodyDecoder decoder{framing};
        EXPECT_TRUE(decoder.done());
        EXPECT_EQ(decoder.next(std::as_bytes(std::span{std::string_view{"x"}}))->consumed, 0u);
        EXPECT_TRUE(decoder.end_of_input());
    }
}

TEST(BodyDecoder, of_a_length_takes_exactly_that_and_leaves_the_rest) {
    const auto out = decode({.kind = FramingKind::length, .length = 5}, "helloHTTP/1.1 200 OK");
    EXPECT_TRUE(out.done);
    EXPECT_EQ(out.body, "hello");
    EXPECT_EQ(out.used, 5u);
}

TEST(BodyDecoder, of_a_length_is_truncated_at_every_earlier_end) {
    const Framing framing{.kind = FramingKind::length, .length = 5};
    const std::string_view body = "hello";
    for (std::size_t n = 0; n < body.size(); ++n) {
        EXPECT_EQ(end_after(framing, body.substr(0, n)), HttpErrc::truncated) << n;
    }
    EXPECT_EQ(end_after(framing, body), std::error_code{});
}

TEST(BodyDecoder, until_close_takes_all_and_is_done_only_at_the_end) {
    BodyDecoder decoder{until_close};
    const std::string_view text = "anything";
    EXPECT_EQ(decoder.next(std::as_bytes(std::span{text}))->data.size(), text.size());
    EXPECT_FALSE(decoder.done());
    EXPECT_TRUE(decoder.end_of_input());
    EXPECT_TRUE(decoder.done());
}

constexpr std::string_view chunked_body = "5\r\nhello\r\n6;a=\"b\"\r\n world\r\n0010\r\n0123456789abcdef\r\n0\r\nT: x\r\nU: y\r\n\r\n";
constexpr std::string_view chunked_text = "hello world0123456789abcdef";

TEST(BodyDecoder, chunked_means_the_same_in_every_split) {
    const auto whole = decode(chunked, chunked_body);
    EXPECT_TRUE(whole.done);
    EXPECT_EQ(whole.body, chunked_text);
    EXPECT_EQ(whole.used, chunked_body.size());
    for (std::size_t a = 1; a < chunked_body.size(); ++a) {
        for (std::size_t b = a; b < chunked_body.size(); ++b) {
            const auto split = decode(chunked, chunked_body, {a, b});
            ASSERT_TRUE(split.done && split.body == chunked_text && split.used == chunked_body.size()) << a << " " << b;
        }
    }
    const auto bytes = decode(chunked, chunked_body, every_byte(chunked_body.size()));
    EXPECT_TRUE(bytes.done);
    EXPECT_EQ(bytes.body, chunked_text);
}

TEST(BodyDecoder, chunked_is_truncated_at_every_earlier_end) {
    for (std::size_t n = 0; n < chunked_body.size(); ++n) {
        EXPECT_EQ(end_after(chunked, chunked_body.substr(0, n)), HttpErrc::truncated) << n;
    }
    EXPECT_EQ(end_after(chunked, chunked_body), std::error_code{});
}

TEST(BodyDecoder, chunked_leaves_what_follows) {
    const auto out = decode(chunked, std::string{chunked_body} + "HTTP/1.1 200 OK\r\n");
    EXPECT_TRUE(out.done);
    EXPECT_EQ(out.used, chunked_body.size());
}

class BadChunks : public testing::TestWithParam<std::string> {};

TEST_P(BadChunks, are_refused_in_one_piece_and_byte_by_byte) {
    const std::string& input = GetParam();
    EXPECT_EQ(decode(chunked, input).error, HttpErrc::bad_chunk);
    EXPECT_EQ(decode(chunked, input, every_byte(input.size())).error, HttpErrc::bad_chunk);
}

INSTANTIATE_TEST_SUITE_P(Sizes, BadChunks,
                         testing::Values("\r\nx", "-1\r\nx", "+1\r\nx", "0x5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n",
                                         "5 ;a\r\nhello\r\n", "5\nhello\n", "g\r\n", "5\thello", ";a=b\r\n", "\"5\"\r\n",
                                         "10000000000000000\r\n", "ffffffffffffffff\r\n", "1000000000000000\r\n", "0000000000000005\r\n",
                                         "5\r\r\nhello", "5\rhello", std::string("5\0\r\nhello", 9)));
INSTANTIATE_TEST_SUITE_P(Data, BadChunks,
                         testing::Values("5\r\nhello!\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r0\r\n\r\n", "5\r\nhello0\r\n\r\n",
                                         "5\r\nhello\r\n\r\n"));
INSTANTIATE_TEST_SUITE_P(Tails, BadChunks,
                         testing::Values("0\r\n\n", "0\r\nT: x\n\r\n", "0\r\nT: x\rU: y\r\n\r\n", "0\r\n\rx", "0\n\n",
                                         std::string("0\r\nT: \0\r\n\r\n", 11), "5;a\nhello", "5;a\rb", std::string("5;\0\r\n", 5)));

TEST(BodyDecoder, fifteen_digits_are_the_longest_size) {
    EXPECT_FALSE(decode(chunked, "fffffffffffffff\r\nx").error);
    EXPECT_EQ(decode(chunked, "00000000000000f\r\n0123456789abcde\r\n0\r\n\r\n").body, "0123456789abcde");
}

TEST(BodyDecoder, extensions_and_trailers_may_cost_16_kib_and_not_one_byte_more) {
    constexpr std::size_t free_bytes = 16384;
    EXPECT_TRUE(decode(chunked, "0;" + std::string(free_bytes, 'e') + "\r\n\r\n").done);
    EXPECT_EQ(decode(chunked, "0;" + std::string(free_bytes + 1, 'e') + "\r\n\r\n").error, HttpErrc::bad_chunk);
    EXPECT_TRUE(decode(chunked, "0\r\n" + std::string(free_bytes, 't') + "\r\n\r\n").done);
    EXPECT_EQ(decode(chunked, "0\r\n" + std::string(free_bytes + 1, 't') + "\r\n\r\n").error, HttpErrc::bad_chunk);
    EXPECT_EQ(decode(chunked, "0;" + std::string(free_bytes, 'e') + "\r\nt\r\n\r\n").error, HttpErrc::bad_chunk);
}

TEST(BodyDecoder, a_large_body_earns_an_eighth_of_itself_in_overhead) {
    const std::string body(80000, 'b');
    const std::string first = "13880\r\n" + body + "\r\n0;";
    EXPECT_TRUE(decode(chunked, first + std::string(16384 + 10000, 'e') + "\r\n\r\n").done);
    EXPECT_EQ(decode(chunked, first + std::string(16384 + 10001, 'e') + "\r\n\r\n").error, HttpErrc::bad_chunk);
}

TEST(BodyDecoder, one_byte_chunks_with_large_extensions_are_refused_early) {
    std::string input;
    for (int i = 0; i < 1000; ++i) {
        input += "1;" + std::string(4096, 'e') + "\r\nx\r\n";
    }
    const auto out = decode(chunked, input);
    EXPECT_EQ(out.error, HttpErrc::bad_chunk);
    EXPECT_LT(out.used, 5u * 4200u);
}

}  // namespace
}  // namespace lastack::http
