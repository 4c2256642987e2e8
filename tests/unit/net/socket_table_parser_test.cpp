#include "net/socket_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string>

namespace lastack::net {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::uint32_t our_dump = 7;

template <typename T>
std::string bytes_of(const T& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::string padded(std::string bytes) {
    bytes.resize((bytes.size() + 3) / 4 * 4);
    return bytes;
}

std::string message(std::uint16_t type, const std::string& payload, std::uint32_t sequence = our_dump) {
    const nlmsghdr head{.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + payload.size()),
                        .nlmsg_type = type,
                        .nlmsg_flags = NLM_F_MULTI,
                        .nlmsg_seq = sequence,
                        .nlmsg_pid = 0};
    return padded(bytes_of(head) + payload);
}

std::string attribute(std::uint16_t type, const std::string& payload) {
    return padded(bytes_of(rtattr{.rta_len = static_cast<std::uint16_t>(sizeof(rtattr) + payload.size()), .rta_type = type}) + payload);
}

std::string info(std::uint32_t milliseconds) {
    tcp_info whole{};
    whole.tcpi_last_data_recv = milliseconds;
    return bytes_of(whole);
}

// 127.0.0.1:40000 -> 10.1.2.3:443, 5 bytes unread, of user 1000.
inet_diag_msg close_wait_message() {
    inet_diag_msg told{};
    told.idiag_family = AF_INET;
    told.idiag_state = TCP_CLOSE_WAIT;
    told.id.idiag_sport = htons(40000);
    told.id.idiag_dport = htons(443);
    inet_pton(AF_INET, "127.0.0.1", &told.id.idiag_src);
    inet_pton(AF_INET, "10.1.2.3", &told.id.idiag_dst);
    told.idiag_rqueue = 5;
    told.idiag_wqueue = 6;
    told.idiag_uid = 1000;
    told.idiag_inode = 4711;
    return told;
}

struct Parsed {
    Result<bool> done;
    std::vector<TcpSocket> sockets;
};

Parsed parse(const std::string& datagram) {
    // A copy of exactly this size, so that a sanitizer sees each byte read behind it.
    const std::vector<char> exact(datagram.begin(), datagram.end());
    std::vector<TcpSocket> sockets;
    auto done = parse_sock_diag(std::as_bytes(std::span(exact)), our_dump, sockets);
    return {std::move(done), std::move(sockets)};
}

std::vector<TcpSocket> parse_proc(std::string_view text, bool v6 = false) {
    std::vector<TcpSocket> sockets;
    parse_proc_net_tcp(text, v6, sockets);
    return sockets;
}

TEST(SockDiag, tells_addresses_state_queues_owner_and_quiet_time) {
    const auto parsed = parse(message(SOCK_DIAG_BY_FAMILY, bytes_of(close_wait_message()) + attribute(INET_DIAG_SHUTDOWN, "\x01") +
                                                               attribute(INET_DIAG_INFO, info(1234))));
    ASSERT_TRUE(parsed.done.has_value());
    EXPECT_FALSE(*parsed.done);
    ASSERT_THAT(parsed.sockets, SizeIs(1));
    const TcpSocket& socket = parsed.sockets.front();
    EXPECT_EQ(to_string(socket.local), "127.0.0.1:40000");
    EXPECT_EQ(to_string(socket.remote), "10.1.2.3:443");
    EXPECT_EQ(socket.state, TcpState::close_wait);
    EXPECT_EQ(socket.receive_queue, 5U);
    EXPECT_EQ(socket.send_queue, 6U);
    EXPECT_EQ(socket.uid, 1000U);
    EXPECT_EQ(socket.inode, 4711U);
    EXPECT_EQ(socket.quiet, std::chrono::milliseconds(1234));
}

TEST(SockDiag, tells_ipv6) {
    auto told = close_wait_message();
    told.idiag_family = AF_INET6;
    inet_pton(AF_INET6, "2001:db8::1", &told.id.idiag_src);
    inet_pton(AF_INET6, "::1", &told.id.idiag_dst);
    const auto parsed = parse(message(SOCK_DIAG_BY_FAMILY, bytes_of(told)));
    ASSERT_THAT(parsed.sockets, SizeIs(1));
    EXPECT_EQ(to_string(parsed.sockets[0].local), "[2001:db8::1]:40000");
    EXPECT_EQ(to_string(parsed.sockets[0].remote), "[::1]:443");
    EXPECT_EQ(parsed.sockets[0].quiet, std::nullopt);
}

TEST(SockDiag, a_dump_goes_on_over_several_messages_until_done) {
    const std::string one = message(SOCK_DIAG_BY_FAMILY, bytes_of(close_wait_message()));
    const auto unfinished = parse(one + one);
    EXPECT_EQ(unfinished.done, false);
    EXPECT_THAT(unfinished.sockets, SizeIs(2));
    const auto finished = parse(one + message(NLMSG_DONE, bytes_of(std::int32_t{0})));
    EXPECT_EQ(finished.done, true);
    EXPECT_THAT(finished.sockets, SizeIs(1));
    EXPECT_EQ(parse(message(NLMSG_DONE, "")).done, true);
    EXPECT_EQ(parse(message(NLMSG_NOOP, "")).done, false);
}

TEST(SockDiag, what_belongs_to_another_dump_is_skipped) {
    const auto parsed = parse(message(SOCK_DIAG_BY_FAMILY, bytes_of(close_wait_message()), our_dump - 1) +
                              message(NLMSG_ERROR, bytes_of(std::int32_t{-EPERM}), our_dump + 1));
    EXPECT_EQ(parsed.done, false);
    EXPECT_THAT(parsed.sockets, IsEmpty());
}

TEST(SockDiag, an_error_of_the_kernel_is_the_error) {
    for (const std::uint16_t type : {std::uint16_t{NLMSG_ERROR}, std::uint16_t{NLMSG_DONE}}) {
        const auto refused = parse(message(type, bytes_of(std::int32_t{-EPERM})));
        ASSERT_FALSE(refused.done.has_value());
        EXPECT_EQ(refused.done.error().code, Errc::not_permitted);
    }
    EXPECT_EQ(parse(message(NLMSG_ERROR, bytes_of(std::int32_t{0}))).done, true);
}

TEST(SockDiag, a_message_that_is_cut_anywhere_is_refused_and_never_read_beyond) {
    const std::string whole = message(SOCK_DIAG_BY_FAMILY, bytes_of(close_wait_message()) + attribute(INET_DIAG_INFO, info(1)));
    for (std::size_t size = 1; size < whole.size(); ++size) {
        const auto parsed = parse(whole.substr(0, size));
        EXPECT_FALSE(parsed.done.has_value()) << size;
        EXPECT_THAT(parsed.sockets, IsEmpty()) << size;
    }
}

TEST(SockDiag, lengths_that_contradict_themselves_are_refused) {
    for (const std::uint32_t length : {0U, 1U, 15U, 17U + 4, 0xFFFF'FFFFU}) {
        const nlmsghdr head{
            .nlmsg_len = length, .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = 0, .nlmsg_seq = our_dump, .nlmsg_pid = 0};
        EXPECT_FALSE(parse(bytes_of(head)).done.has_value()) << length;
    }
    EXPECT_FALSE(parse(message(NLMSG_ERROR, "")).done.has_value());
    EXPECT_FALSE(parse(message(NLMSG_OVERRUN, "")).done.has_value());
    // The one number whose negative is none.
    EXPECT_EQ(parse(message(NLMSG_ERROR, bytes_of(std::int32_t{INT32_MIN}))).done, true);
}

TEST(SockDiag, a_body_that_is_too_short_or_of_another_family_is_no_socket) {
    EXPECT_THAT(parse(message(SOCK_DIAG_BY_FAMILY, bytes_of(close_wait_message()).substr(0, 71))).sockets, IsEmpty());
    auto unix_socket = close_wait_message();
    unix_socket.idiag_family = AF_UNIX;
    EXPECT_THAT(parse(message(SOCK_DIAG_BY_FAMILY, bytes_of(unix_socket))).sockets, IsEmpty());
}

TEST(SockDiag, attributes_that_make_no_sense_cost_only_the_quiet_time) {
    const std::string body = bytes_of(close_wait_message());
    const std::vector<std::string> table{
        attribute(INET_DIAG_INFO, "short"),
        bytes_of(rtattr{.rta_len = 0, .rta_type = INET_DIAG_INFO}) + info(1),
        bytes_of(rtattr{.rta_len = 3, .rta_type = INET_DIAG_INFO}) + info(1),
        bytes_of(rtattr{.rta_len = 0xFFFF, .rta_type = INET_DIAG_INFO}) + info(1),
        "\x04",
    };
    for (const std::string& attributes : table) {
        const auto parsed = parse(message(SOCK_DIAG_BY_FAMILY, body + attributes));
        ASSERT_THAT(parsed.sockets, SizeIs(1));
        EXPECT_EQ(parsed.sockets[0].quiet, std::nullopt);
    }
}

TEST(SockDiag, a_state_of_a_later_kernel_is_unknown) {
    auto told = close_wait_message();
    told.idiag_state = 200;
    const auto parsed = parse(message(SOCK_DIAG_BY_FAMILY, bytes_of(told)));
    ASSERT_THAT(parsed.sockets, SizeIs(1));
    EXPECT_EQ(to_string(parsed.sockets[0].state), "UNKNOWN");
    EXPECT_EQ(to_string(TcpState::close_wait), "CLOSE_WAIT");
    EXPECT_EQ(to_string(TcpState::fin_wait_2), "FIN_WAIT2");
}

constexpr std::string_view proc_head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

TEST(ProcNetTcp, tells_addresses_state_queues_and_owner) {
    const auto sockets =
        parse_proc(std::string(proc_head) +
                   "   0: 0100007F:9C40 0302010A:01BB 08 00000006:00000005 00:00000000 00000000  1000        0 4711 1 0 20\n"
                   "   1: 00000000:07E8 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100\n");
    ASSERT_THAT(sockets, SizeIs(2));
    EXPECT_EQ(to_string(sockets[0].local), "127.0.0.1:40000");
    EXPECT_EQ(to_string(sockets[0].remote), "10.1.2.3:443");
    EXPECT_EQ(sockets[0].state, TcpState::close_wait);
    EXPECT_EQ(sockets[0].send_queue, 6U);
    EXPECT_EQ(sockets[0].receive_queue, 5U);
    EXPECT_EQ(sockets[0].uid, 1000U);
    EXPECT_EQ(sockets[0].inode, 4711U);
    EXPECT_EQ(to_string(sockets[1].remote), "0.0.0.0:*");
}

TEST(ProcNetTcp, tells_ipv6) {
    const auto sockets = parse_proc(
        "0: 00000000000000000000000001000000:1F90 B80D0120000000000000000001000000:01BB 01 00000000:00000000 00:00000000 0 0 0 5 1\n",
        true);
    ASSERT_THAT(sockets, SizeIs(1));
    EXPECT_EQ(to_string(sockets[0].local), "[::1]:8080");
    EXPECT_EQ(to_string(sockets[0].remote), "[2001:db8::1]:443");
}

TEST(ProcNetTcp, lines_that_make_no_sense_or_have_no_end_are_skipped) {
    const std::string good = "0: 0100007F:9C40 0302010A:01BB 08 00000006:00000005 00:00000000 00000000 1000 0 4711 1\n";
    ASSERT_THAT(parse_proc(good), SizeIs(1));
    const std::vector<std::string> table{
        good.substr(0, good.size() - 1),  // cut
        "\n",
        "0:\n",
        "0: 0100007F:9C4 0302010A:01BB 08 00000006:00000005 00:00000000 00000000 1000 0 4711 1\n",             // port of three places
        "0: 0100007G:9C40 0302010A:01BB 08 00000006:00000005 00:00000000 00000000 1000 0 4711 1\n",            // no number
        "0: 0100007F:9C40 0302010A:01BB 108 00000006:00000005 00:00000000 00000000 1000 0 4711 1\n",           // state too large
        "0: 0100007F:9C40 0302010A:01BB 08 00000006-00000005 00:00000000 00000000 1000 0 4711 1\n",            // no colon
        "0: 0100007F:9C40 0302010A:01BB 08 00000006:00000005 00:00000000 00000000 99999999999 0 4711 1\n",     // user too large
        "0: 0100007F:9C40 0302010A:01BB 08 00000006:00000005 00:00000000 00000000 1000 0 -1 1\n",              // inode
        "0: 00000000000000000000000001000000:1F90 0302010A:01BB 08 00000006:00000005 00:0 0 1000 0 4711 1\n",  // the other family
    };
    for (const std::string& line : table) {
        EXPECT_THAT(parse_proc(line), IsEmpty()) << line;
    }
}

TEST(SocketTableReading, leaves_a_socket_that_was_met_twice_once_as_it_was_met_last) {
    const Endpoint here{.address = {127, 0, 0, 1}, .port = 40000};
    const Endpoint there{.address = {127, 0, 0, 1}, .port = 80};
    std::vector<TcpSocket> sockets{
        {.local = here, .remote = there, .state = TcpState::established, .inode = 7},
        {.local = there, .remote = here, .state = TcpState::fin_wait_2, .inode = 0},  // without a descriptor
        {.local = here, .remote = there, .state = TcpState::close_wait, .inode = 7},
        {.local = there, .state = TcpState::listen, .inode = 8},  // two that share a port are two
        {.local = there, .state = TcpState::listen, .inode = 9},
    };
    keep_the_last_of_each(sockets);
    ASSERT_THAT(sockets, SizeIs(4));
    EXPECT_EQ(sockets[0].state, TcpState::fin_wait_2);
    EXPECT_EQ(sockets[1].state, TcpState::close_wait);
    EXPECT_EQ(sockets[2].inode, 8U);
    EXPECT_EQ(sockets[3].inode, 9U);
}

}  // namespace
}  // namespace lastack::net
