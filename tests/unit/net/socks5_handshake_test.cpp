#include "net/socks5_handshake.hpp"

#include "net/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace lastack::net {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;
using testing::Not;

std::string text(const std::vector<std::byte>& bytes) {
    std::string out;
    for (const std::byte byte : bytes) {
        out.push_back(static_cast<char>(byte));
    }
    return out;
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span{text}); }

Socks5Handshake handshake(Socks5Request request) { return Socks5Handshake::make(request).value(); }
Socks5Handshake open_handshake() { return handshake({.host = "example.org", .port = 443}); }
Socks5Handshake login_handshake() {
    return handshake({.host = "example.org", .port = 443, .credentials = Socks5Credentials{"anna", "s3cret"}});
}

// What a handshake without login says as its CONNECT.
std::string command(const std::string& host, std::uint16_t port) {
    auto socks = handshake({.host = host, .port = port});
    (void)socks.take_output();
    EXPECT_TRUE(socks.feed(bytes("\x05\x00"s)));
    return text(socks.take_output());
}

// Feeds an answer whose size is not known in advance, as from a stream that holds more: gives what was read.
std::size_t read_as_wanted(Socks5Handshake& socks, std::string_view all, std::size_t most) {
    std::size_t used = 0;
    while (socks.wanted() > 0 && used < all.size()) {
        const std::size_t n = std::min({socks.wanted(), most, all.size() - used});
        EXPECT_TRUE(socks.feed(bytes(all.substr(used, n))));
        used += n;
    }
    return used;
}

TEST(Socks5Handshake, offers_a_login_only_with_credentials) {
    EXPECT_EQ(text(open_handshake().take_output()), "\x05\x01\x00"s);
    EXPECT_EQ(text(login_handshake().take_output()), "\x05\x02\x00\x02"s);
}

TEST(Socks5Handshake, says_names_and_addresses_each_in_their_own_way) {
    EXPECT_EQ(command("example.org", 443), "\x05\x01\x00\x03\x0b"s + "example.org" + "\x01\xbb");
    EXPECT_EQ(command("192.0.2.7", 80), "\x05\x01\x00\x01\xc0\x00\x02\x07\x00\x50"s);
    EXPECT_EQ(command("2001:db8::1", 65535), "\x05\x01\x00\x04\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x01\xff\xff");
    EXPECT_EQ(command("192.0.2.300", 80), "\x05\x01\x00\x03\x0b"s + "192.0.2.300" + "\x00\x50"s);
}

TEST(Socks5Handshake, refuses_what_socks5_cannot_say) {
    const std::string longest(255, 'a');
    EXPECT_EQ(command(longest, 1).size(), 4 + 1 + 255 + 2u);
    for (const std::string& host : {longest + "a", ""s, "a\0b"s, "fe80::1%eth0"s}) {
        const auto made = Socks5Handshake::make({.host = host, .port = 1});
        ASSERT_FALSE(made.has_value()) << host;
        EXPECT_EQ(made.error().code, Errc::invalid_argument);
    }
    const Socks5Credentials impossible[] = {{"", "p"}, {longest + "a", "p"}, {"anna", longest + "s3cret"}};
    for (const auto& credentials : impossible) {
        const auto made = Socks5Handshake::make({.host = "a", .port = 1, .credentials = credentials});
        ASSERT_FALSE(made.has_value());
        EXPECT_EQ(made.error().code, Errc::invalid_argument);
        EXPECT_THAT(describe(made.error()), Not(HasSubstr("s3cret")));
    }
    EXPECT_TRUE(Socks5Handshake::make({.host = "a", .port = 1, .credentials = Socks5Credentials{"anna", ""}}));
}

TEST(Socks5Handshake, logs_in_when_asked_to) {
    auto socks = login_handshake();
    EXPECT_FALSE(socks.take_output().empty());
    ASSERT_TRUE(socks.feed(bytes("\x05\x02")));
    EXPECT_EQ(text(socks.take_output()), "\x01\x04"s + "anna" + "\x06"s + "s3cret");
    ASSERT_TRUE(socks.feed(bytes("\x01\x00"s)));
    EXPECT_EQ(text(socks.take_output()).substr(0, 4), "\x05\x01\x00\x03"s);
    EXPECT_EQ(socks.wanted(), 5u);
}

TEST(Socks5Handshake, tells_no_password_to_a_proxy_that_does_not_ask) {
    auto socks = login_handshake();
    (void)socks.take_output();
    ASSERT_TRUE(socks.feed(bytes("\x05\x00"s)));
    EXPECT_THAT(text(socks.take_output()), Not(HasSubstr("s3cret")));
    EXPECT_EQ(socks.wanted(), 5u);
}

TEST(Socks5Handshake, wants_exactly_the_reply_whatever_its_address_and_however_it_arrives) {
    const std::string replies[] = {
        "\x05\x00\x00\x01"s + "\x7f\x00\x00\x01\x1f\x90"s,
        "\x05\x00\x00\x04"s + std::string(16, '\x11') + "\x1f\x90",
        "\x05\x00\x00\x03\x05"s + "proxy" + "\x1f\x90",
        "\x05\x00\x00\x03\x00\x1f\x90"s,
        "\x05\x00\x00\x03\xff"s + std::string(255, 'x') + "\x1f\x90",
    };
    for (const std::string& reply : replies) {
        for (const std::size_t most : {std::size_t{1}, std::size_t{3}, reply.size() + 100}) {
            auto socks = open_handshake();
            (void)socks.take_output();
            ASSERT_TRUE(socks.feed(bytes("\x05\x00"s)));
            (void)socks.take_output();
            EXPECT_EQ(read_as_wanted(socks, reply + "\x16\x03\x01 the tunnel's first bytes", most), reply.size());
            EXPECT_TRUE(socks.done());
            EXPECT_EQ(socks.wanted(), 0u);
        }
    }
}

TEST(Socks5Handshake, every_refusal_has_its_words) {
    struct Case {
        bool login;
        std::string answers;  // one after the other
        NetErrc code;
        std::string cause;
    };
    const Case cases[] = {
        {false, "\x05\xff", NetErrc::proxy_refused, "the proxy wants to know who we are"},
        {true, "\x05\xff", NetErrc::proxy_refused, "the proxy accepts no user and password"},
        {false, "\x05\x02", NetErrc::proxy_failed, "the proxy chose a way to log in that was not offered"},
        {true, "\x05\x01", NetErrc::proxy_failed, "the proxy chose a way to log in that was not offered"},
        {true, "\x05\x02\x01\x01", NetErrc::proxy_refused, "the proxy does not accept the user and password"},
        {true, "\x05\x02\x05\xff", NetErrc::proxy_refused, "the proxy does not accept the user and password"},
        {true, "\x05\x02\x48", NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5"},
        {false, "\x04", NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5"},
        {false, "H", NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5"},
        {false, "\x05\x00\x04"s, NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5"},
        {false, "\x05\x00\x05\x00\x00\x02"s, NetErrc::proxy_failed, "the answer of the proxy is not SOCKS5"},
        {false, "\x05\x00\x05\x01"s, NetErrc::proxy_failed, "the proxy says: general failure"},
        {false, "\x05\x00\x05\x02"s, NetErrc::proxy_refused, "the proxy says: connection not allowed by its rules"},
        {false, "\x05\x00\x05\x03"s, NetErrc::proxy_failed, "the proxy says: network unreachable"},
        {false, "\x05\x00\x05\x04"s, NetErrc::proxy_failed, "the proxy says: host unreachable"},
        {false, "\x05\x00\x05\x05"s, NetErrc::proxy_failed, "the proxy says: connection refused"},
        {false, "\x05\x00\x05\x06"s, NetErrc::proxy_failed, "the proxy says: TTL expired"},
        {false, "\x05\x00\x05\x07"s, NetErrc::proxy_failed, "the proxy says: command not supported"},
        {false, "\x05\x00\x05\x08"s, NetErrc::proxy_failed, "the proxy says: address type not supported"},
        {false, "\x05\x00\x05\x5b"s, NetErrc::proxy_failed, "the proxy says: unknown error 91"},
    };
    for (const Case& c : cases) {
        auto socks = c.login ? login_handshake() : open_handshake();
        Result<void> fed;
        for (const char answer : c.answers) {  // the refusal comes with the last byte, not earlier
            ASSERT_TRUE(fed) << c.cause;
            (void)socks.take_output();
            fed = socks.feed(bytes({&answer, 1}));
        }
        ASSERT_FALSE(fed) << c.cause;
        EXPECT_EQ(fed.error().code, c.code) << c.cause;
        EXPECT_EQ(fed.error().cause, c.cause);
        EXPECT_FALSE(socks.done());
        EXPECT_EQ(socks.wanted(), 0u);
        EXPECT_THAT(describe(fed.error()), Not(HasSubstr("s3cret")));
    }
}

TEST(Socks5Handshake, answers_to_what_was_not_said_yet_are_not_taken) {
    auto socks = open_handshake();
    (void)socks.take_output();
    ASSERT_TRUE(socks.feed(bytes("\x05\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x1f\x90"s)));
    EXPECT_FALSE(socks.done());
    EXPECT_EQ(socks.wanted(), 5u);
}

}  // namespace
}  // namespace lastack::net
