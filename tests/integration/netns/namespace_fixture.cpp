#include "namespace_fixture.hpp"

namespace lastack::test {

Networks::Networks() : why_not(NamespacePair::why_not()) {
    if (why_not.empty()) {
        pair.emplace();
        stay.emplace(pair->server);
    }
}

Networks::~Networks() = default;

ScriptedOrigin::Options Networks::origin_options() const {
    return pair ? ScriptedOrigin::Options{.address = "::", .host = NamespacePair::kServer} : ScriptedOrigin::Options{};
}

RunningDownload::RunningDownload(Client& client, DownloadRequest request)
    : result_(std::async(std::launch::async, [this, &client, requests = std::vector{std::move(request)}]() mutable {
          return std::move(client.download(std::move(requests), this).at(0));
      })) {}

bool RunningDownload::wait_for_bytes(std::uint64_t count) const {
    return becomes_true([&] { return received_ >= count; });
}

NamespaceTest::NamespaceTest() : ClientTest(origin_options()) {
    options.idle_limit = 60s;
    if (pair) {
        stay.reset();
        stay.emplace(pair->client);
        origin.on("/f", Reply{.body = "body"});
    }
}

void NamespaceTest::SetUp() {
    if (!why_not.empty()) {
        GTEST_SKIP() << why_not;
    }
}

std::unique_ptr<ScriptedOrigin> NamespaceTest::make_origin() {
    const NetworkNamespace::Stay at_server(pair->server);
    return std::make_unique<ScriptedOrigin>(origin_options());
}

void NamespaceTest::filter(const ScriptedOrigin& server, const std::string& to_server, const std::string& to_client) {
    const auto port = std::to_string(server.port());
    std::string rules =
        "add table inet box; delete table inet box; add table inet box; "
        "add chain inet box in { type filter hook input priority 0; }; "
        "add chain inet box out { type filter hook output priority 0; }; ";
    if (!to_server.empty()) {
        rules += "add rule inet box in tcp dport " + port + " " + to_server + "; ";
    }
    if (!to_client.empty()) {
        rules += "add rule inet box out tcp sport " + port + " " + to_client + "; ";
    }
    pair->server.nft(rules);
}

void NamespaceTest::keep_one_idle(const std::string& path, const std::string& body) {
    client().expect_more(true);
    expect_fetched(path, body);
    ASSERT_EQ(client().connections().idle, 1u);
}

void NamespaceTest::expect_all_gone_within(Duration patience) {
    EXPECT_TRUE(becomes_true([&] { return client().connections().open == 0; }, patience)) << describe(our_sockets());
    expect_no_sockets();
}

}  // namespace lastack::test
