#include "support/network_namespace.hpp"

#include "support/scripted_origin.hpp"
#include "support/selftest/raw_client.hpp"
#include "support/tcp_states.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <unistd.h>

namespace lastack::test {
namespace {

std::string own_network() { return std::filesystem::read_symlink("/proc/thread-self/ns/net").string(); }

class NamespacePairTest : public ::testing::Test {
protected:
    void SetUp() override {
        if (const auto why_not = NamespacePair::why_not(); !why_not.empty()) {
            GTEST_SKIP() << why_not;
        }
        pair.emplace();
    }
    std::optional<NamespacePair> pair;
};

TEST_F(NamespacePairTest, stay_ends_where_it_began) {
    const auto before = own_network();
    {
        const NetworkNamespace::Stay at_client(pair->client);
        const auto client = own_network();
        EXPECT_NE(client, before);
        {
            const NetworkNamespace::Stay at_server(pair->server);
            EXPECT_NE(own_network(), client);
        }
        EXPECT_EQ(own_network(), client);
    }
    EXPECT_EQ(own_network(), before);
}

TEST_F(NamespacePairTest, client_reaches_the_server_by_both_families_and_sockets_of_both_are_seen) {
    std::unique_ptr<ScriptedOrigin> origin;
    {
        const NetworkNamespace::Stay at_server(pair->server);
        origin = std::make_unique<ScriptedOrigin>(ScriptedOrigin::Options{.address = "::"});
    }
    origin->on("/f", Reply{.body = "body"});
    const NetworkNamespace::Stay at_client(pair->client);
    for (const char* address : {NamespacePair::kServer, NamespacePair::kServerSix}) {
        RawClient client(origin->port(), address);
        client.get("/f");
        EXPECT_THAT(client.read_until("body"), ::testing::HasSubstr("200 OK")) << address;
        const auto ours = own_sockets_to(origin->port());
        EXPECT_EQ(count_in(ours, TcpState::established), 1) << describe(ours);
    }
    EXPECT_THAT(origin->record().connections.at(0).peer, ::testing::HasSubstr(pair->first.client));
    EXPECT_THAT(origin->record().connections.at(1).peer, ::testing::HasSubstr(pair->first.client_six));
}

TEST_F(NamespacePairTest, failing_command_says_why) {
    try {
        pair->client.ip("link set nowhere up");
        FAIL() << "no such link";
    } catch (const std::exception& error) {
        EXPECT_THAT(error.what(), ::testing::HasSubstr("nowhere"));
    }
}

}  // namespace
}  // namespace lastack::test
