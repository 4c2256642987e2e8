// The real rtnetlink, in a network namespace of the test's own.
#include "net/network_watch.hpp"

#include "support/run_command.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <sched.h>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lastack::net {
namespace {

using namespace std::chrono_literals;
using Kind = NetworkChange::Kind;

bool has_ip_program() {
    try {
        return test::run_command({"ip", "-V"}).status == 0;
    } catch (const std::exception&) {
        return false;
    }
}

// Runs `body` on a thread that has a network of its own; the namespace goes with the thread. False: not permitted here.
bool in_own_network(const std::function<void()>& body) {
    bool permitted = false;
    std::thread{[&] {
        permitted = ::unshare(CLONE_NEWNET) == 0;
        if (permitted) {
            body();
        }
    }}.join();
    return permitted;
}

void ip(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "ip");
    test::must_run(arguments);
}

struct Listener {
    boost::asio::io_context context{1};
    std::vector<NetworkChange> heard;
    NetworkWatch watch{context, [this](const NetworkChange& change) { heard.push_back(change); }};

    // False after a time that is far more than the kernel needs.
    bool hears(Kind kind, const std::string& text = {}) {
        const auto until = std::chrono::steady_clock::now() + 20s;
        while (std::chrono::steady_clock::now() < until) {
            if (std::ranges::any_of(heard, [&](const NetworkChange& c) { return c.kind == kind && (text.empty() || c.ip == text); })) {
                return true;
            }
            context.run_one_until(until);
        }
        return false;
    }
    // This one comes last, so when it is heard everything before it was read.
    bool hears_the_last() {
        ip({"address", "add", "203.0.113.99/32", "dev", "lo"});
        return hears(Kind::address_added, "203.0.113.99");
    }
};

// veth: what a container brings, and unlike "dummy" it is there on small kernels too.
void make_link() {
    ip({"link", "add", "here", "type", "veth", "peer", "name", "there"});
    ip({"link", "set", "lo", "up"});
    ip({"link", "set", "there", "up"});
    ip({"link", "set", "here", "up"});
    ip({"address", "add", "192.0.2.7/24", "dev", "here"});
    ip({"route", "add", "default", "via", "192.0.2.1"});
}

class RealNetworkWatch : public testing::Test {
protected:
    void SetUp() override {
        if (!has_ip_program()) {
            GTEST_SKIP() << "the program ip is not installed";
        }
    }
    static void run(const std::function<void()>& body) {
        if (!in_own_network(body)) {
            GTEST_SKIP() << "a network namespace is not permitted here";
        }
    }
};

TEST_F(RealNetworkWatch, an_address_that_is_removed_is_told) {
    run([] {
        make_link();
        Listener listener;
        ASSERT_TRUE(listener.watch.working());
        ip({"address", "del", "192.0.2.7/24", "dev", "here"});
        EXPECT_TRUE(listener.hears(Kind::address_gone, "192.0.2.7"));
    });
}

TEST_F(RealNetworkWatch, a_link_that_goes_down_is_told_with_the_addresses_it_carries) {
    run([] {
        make_link();
        Listener listener;
        ip({"link", "set", "here", "down"});
        ASSERT_TRUE(listener.hears(Kind::link_down));
        EXPECT_TRUE(std::ranges::any_of(listener.heard, [](const auto& change) { return takes_away(change, "192.0.2.7"); }));
    });
}

TEST_F(RealNetworkWatch, another_default_route_is_told_the_same_one_again_is_not) {
    run([] {
        make_link();
        Listener listener;
        ip({"route", "replace", "default", "via", "192.0.2.2"});
        ASSERT_TRUE(listener.hears(Kind::default_route_changed, "192.0.2.2"));
        listener.heard.clear();
        ip({"route", "replace", "default", "via", "192.0.2.2"});
        ASSERT_TRUE(listener.hears_the_last());
        EXPECT_EQ(listener.heard.size(), 1u);
    });
}

TEST_F(RealNetworkWatch, noise_of_a_busy_host_changes_no_address_and_no_route) {
    run([] {
        make_link();
        Listener listener;
        ip({"address", "change", "192.0.2.7/24", "dev", "here", "valid_lft", "3600", "preferred_lft", "3600"});
        ip({"route", "add", "198.51.100.0/24", "via", "192.0.2.1"});
        ip({"route", "add", "default", "via", "192.0.2.1", "table", "100"});
        ip({"neighbour", "add", "192.0.2.50", "lladdr", "02:00:00:00:00:01", "dev", "here"});
        ip({"link", "add", "more", "type", "veth", "peer", "name", "other"});
        ip({"link", "set", "more", "up"});
        ip({"link", "set", "other", "up"});
        ASSERT_TRUE(listener.hears_the_last());
        for (const NetworkChange& change : listener.heard) {
            EXPECT_TRUE(change.kind == Kind::link_down || change.ip == "203.0.113.99") << change.ip;
            EXPECT_FALSE(takes_away(change, "192.0.2.7"));
        }
    });
}

TEST_F(RealNetworkWatch, lost_messages_are_told_as_unknown) {
    run([] {
        make_link();
        Listener listener;
        // Nobody reads meanwhile, and the kernel keeps only so much for one reader.
        const test::TempDirectory directory;
        const auto batch = directory.path() / "routes";
        {
            std::ofstream out{batch};
            for (int i = 0; i < 4000; ++i) {
                out << "route add 10." << i / 250 << '.' << i % 250 << ".0/24 via 192.0.2.1\n";
            }
        }
        ip({"-batch", batch.string()});
        EXPECT_TRUE(listener.hears(Kind::unknown));
        ip({"address", "del", "192.0.2.7/24", "dev", "here"});
        EXPECT_TRUE(listener.hears(Kind::address_gone, "192.0.2.7")) << "and it goes on";
    });
}

TEST_F(RealNetworkWatch, the_callback_may_end_the_watch) {
    run([] {
        make_link();
        boost::asio::io_context context{1};
        std::unique_ptr<NetworkWatch> watch;
        int heard = 0;
        watch = std::make_unique<NetworkWatch>(context, [&](const NetworkChange&) {
            ++heard;
            watch.reset();
        });
        ip({"address", "del", "192.0.2.7/24", "dev", "here"});
        ip({"address", "add", "192.0.2.8/24", "dev", "here"});
        context.run_for(20s);
        EXPECT_EQ(heard, 1);
        EXPECT_TRUE(context.stopped()) << "nothing is left to run";
    });
}

TEST(NetworkWatch, its_socket_is_not_inherited) {
    boost::asio::io_context context{1};
    const NetworkWatch watch{context, [](const NetworkChange&) {}};
    ASSERT_TRUE(watch.working());
    for (int fd = 3; fd < 256; ++fd) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 && address.ss_family == AF_NETLINK) {
            EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fd;
        }
    }
}

TEST(NetworkWatch, destroyed_before_and_after_the_context_ran_it_leaves_nothing) {
    boost::asio::io_context context{1};
    {
        const NetworkWatch never_ran{context, [](const NetworkChange&) { ADD_FAILURE(); }};
    }
    EXPECT_GE(context.run_for(20s), 0u);
    EXPECT_TRUE(context.stopped());
    const NetworkWatch outlived_the_run{context, [](const NetworkChange&) {}};
}

}  // namespace
}  // namespace lastack::net
