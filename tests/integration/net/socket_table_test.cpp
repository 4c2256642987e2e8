#include "net/socket_table.hpp"

#include "net/socket_owners.hpp"
#include "support/listening_socket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;
using lastack::test::listen_on;
using lastack::test::local_port;
using testing::ElementsAre;
using testing::IsEmpty;

// A connection to ourselves over loopback whose far side has written three bytes and closed.
struct HalfClosed {
    explicit HalfClosed(const std::string& address) : listening(listen_on(address)) {
        sockaddr_storage name{};
        socklen_t length = sizeof name;
        ::getsockname(listening.get(), reinterpret_cast<sockaddr*>(&name), &length);
        client = FileDescriptor(::socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::connect(client.get(), reinterpret_cast<const sockaddr*>(&name), length) != 0) {
            throw std::system_error(errno, std::generic_category(), "connect");
        }
        wait_readable(listening.get(), POLLIN);
        const FileDescriptor accepted(::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC));
        EXPECT_EQ(::send(accepted.get(), "abc", 3, 0), 3);
        ::shutdown(accepted.get(), SHUT_WR);
        wait_readable(client.get(), POLLRDHUP);
    }

    static void wait_readable(int fd, short events) {
        pollfd polled{.fd = fd, .events = events, .revents = 0};
        EXPECT_EQ(::poll(&polled, 1, 10'000), 1);
    }

    [[nodiscard]] std::uint64_t inode() const {
        struct stat status{};
        ::fstat(client.get(), &status);
        return status.st_ino;
    }

    FileDescriptor listening;
    FileDescriptor client;
};

std::vector<TcpSocket> with_inode(const std::vector<TcpSocket>& table, std::uint64_t inode) {
    std::vector<TcpSocket> found;
    std::ranges::copy_if(table, std::back_inserter(found), [&](const TcpSocket& socket) { return socket.inode == inode; });
    return found;
}

// Other tests' connections come and go meanwhile, and so the kernel's walk over its table may pass over a socket now and then.
std::vector<TcpSocket> read_until_found(SocketTable& table, std::uint64_t inode) {
    std::vector<TcpSocket> found;
    for (int i = 0; i < 20 && found.empty(); ++i) {
        const auto sockets = table.read();
        if (!sockets) {
            ADD_FAILURE() << describe(sockets.error());
            break;
        }
        found = with_inode(*sockets, inode);
    }
    return found;
}

TEST(SocketTable, both_sources_tell_a_half_closed_connection_alike) {
    for (const char* address : {"127.0.0.1", "::1"}) {
        const HalfClosed connection(address);
        for (const TableSource source : {TableSource::sock_diag, TableSource::proc}) {
            SocketTable table(Quiet::wanted, source);
            const auto found = read_until_found(table, connection.inode());
            ASSERT_EQ(found.size(), 1U) << address;
            EXPECT_EQ(found[0].state, TcpState::close_wait);
            EXPECT_EQ(found[0].local.port, local_port(connection.client.get()));
            EXPECT_EQ(found[0].remote.port, local_port(connection.listening.get()));
            EXPECT_EQ(found[0].remote.v6, std::string_view(address) == "::1");
            EXPECT_THAT(to_string(found[0].remote), testing::HasSubstr(address));
            EXPECT_EQ(found[0].uid, ::getuid());
            EXPECT_EQ(found[0].receive_queue, 4U);  // three bytes and the FIN
            if (table.source() == TableSource::sock_diag) {
                ASSERT_TRUE(found[0].quiet.has_value());
                EXPECT_LT(*found[0].quiet, 10s);
            } else {
                EXPECT_EQ(found[0].quiet, std::nullopt);
            }
        }
    }
}

// As in a sandbox: from now on this process may open no netlink socket.
bool forbid_netlink() {
    std::array<sock_filter, 6> program{{
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    }};
    const sock_fprog filter{.len = program.size(), .filter = program.data()};
    return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(SocketTable, changes_to_proc_for_good_where_sock_diag_is_not_permitted) {
    const HalfClosed connection("127.0.0.1");
    const auto reads_all_the_same = [&connection] {
        SocketTable table;
        const bool forbidden = forbid_netlink();
        const bool first = read_until_found(table, connection.inode()).size() == 1;
        const bool again = read_until_found(table, connection.inode()).size() == 1;
        return forbidden && table.source() == TableSource::proc && first && again;
    };
    EXPECT_EXIT(::_exit(reads_all_the_same() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST(SocketTable, is_read_again_and_again_over_one_descriptor) {
    const HalfClosed connection("127.0.0.1");
    SocketTable table;
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(read_until_found(table, connection.inode()).size(), 1U);
    }
}

TEST(SocketTable, of_a_process_is_that_of_its_namespace) {
    const HalfClosed connection("127.0.0.1");
    std::size_t found = 0;
    for (int i = 0; i < 20 && found == 0; ++i) {
        const auto sockets = read_table_of(::getpid());
        ASSERT_TRUE(sockets.has_value());
        found = with_inode(*sockets, connection.inode()).size();
    }
    EXPECT_EQ(found, 1U);
    const auto none = read_table_of(INT32_MAX);
    ASSERT_FALSE(none.has_value());
    EXPECT_EQ(none.error().code, Errc::not_found);
}

TEST(SocketOwners, finds_the_process_that_holds_a_socket_and_forgets_it_when_it_lets_go) {
    HalfClosed connection("127.0.0.1");
    TcpSocket socket{.inode = connection.inode()};
    SocketOwners owners([] { return std::vector<pid_t>{::getpid()}; });
    owners.follow({socket}, TimePoint{1h});
    ASSERT_TRUE(owners.holder_of(socket).has_value());
    EXPECT_EQ(owners.holder_of(socket)->pid, ::getpid());
    EXPECT_EQ(owners.holder_of(socket)->fd, connection.client.get());
    EXPECT_THAT(owners.processes(), ElementsAre(::getpid()));
    EXPECT_THAT(owners.elsewhere(), IsEmpty());
    EXPECT_EQ(owners.hidden(), 0U);

    const FileDescriptor moved(::dup(connection.client.get()));
    connection.client = FileDescriptor{};
    owners.follow({socket}, TimePoint{1h});
    ASSERT_TRUE(owners.holder_of(socket).has_value());
    EXPECT_EQ(owners.holder_of(socket)->fd, moved.get());
}

TEST(SocketOwners, looks_through_the_processes_for_a_new_socket_and_else_only_now_and_then) {
    const HalfClosed connection("127.0.0.1");
    int scans = 0;
    SocketOwners owners([&scans] {
        ++scans;
        return std::vector<pid_t>{::getpid()};
    });
    const TcpSocket ours{.inode = connection.inode()};
    const TcpSocket strange{.inode = 1};
    const TcpSocket orphan{.inode = 0};
    owners.follow({ours, orphan}, TimePoint{1h});
    EXPECT_EQ(scans, 1);
    owners.follow({ours, orphan}, TimePoint{1h + 10ms});
    EXPECT_EQ(scans, 1);
    owners.follow({ours, strange}, TimePoint{1h + 20ms});
    EXPECT_EQ(scans, 2);
    owners.follow({ours, strange}, TimePoint{1h + 30ms});
    EXPECT_EQ(scans, 2);
    EXPECT_EQ(owners.holder_of(strange), std::nullopt);
    EXPECT_EQ(owners.holder_of(orphan), std::nullopt);
    owners.follow({ours, strange}, TimePoint{1h + 20ms + longest_between_scans});
    EXPECT_EQ(scans, 3);
}

}  // namespace
}  // namespace lastack::net
