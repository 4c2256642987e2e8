// The machine's own network changes under open connections: no packet tells, only the kernel's route messages. Each change leads from the
// first link to the second. The numbers are those of the scenarios in docs/design/connections.md.
#include "namespace_fixture.hpp"

namespace lastack::test {
namespace {

constexpr std::size_t kSize = 50'000;
constexpr std::size_t kBefore = 20'000;  // bytes that come before the change
constexpr auto kAtOnce = 1s;

struct Change {
    const char* name;
    void (*make)(const NamespacePair& pair);
    bool takes_the_address;  // of connections over the first link: they are dead, not only doubtful
    friend void PrintTo(const Change& each, std::ostream* out) { *out << each.name; }
};

class NetworkChange : public NamespaceTest, public ::testing::WithParamInterface<Change> {
protected:
    NetworkChange() {
        const Reply whole{.headers = {{"Content-Length", std::to_string(kSize)}, {"ETag", "\"v1\""}}};
        origin.once("/big", Reply::steps({Send{.bytes = response_head(whole) + content.substr(0, kBefore)}, WaitUntil{"go on"},
                                          Send{.bytes = content.substr(kBefore)}}));
        origin.serve_file("/big", content, {.etag = "\"v1\""});
    }
    [[nodiscard]] std::string last_peer() const { return origin.record().connections.back().peer; }

    const std::string content = content_of(kSize);
};

// 72
TEST_P(NetworkChange, ends_what_is_idle_at_once) {
    keep_one_idle();
    GetParam().make(network());
    expect_all_gone_within(kAtOnce);
    ASSERT_FALSE(HasFailure());
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().size(), 2u) << "no request met the old connection";
    EXPECT_THAT(last_peer(), ::testing::HasSubstr(network().second.client));
}

// 72: what was sent to an address that is gone will never come, so there is nothing to wait for. Else the way may come back, and the time
// limit decides.
TEST_P(NetworkChange, resumes_a_download_over_the_new_way) {
    request_options.timeout = GetParam().takes_the_address ? 30s : 2s;
    request_options.retries = 5;
    RunningDownload running(client(), file(origin.url("/big")));
    ASSERT_TRUE(running.wait_for_bytes(kBefore));
    const auto begin = Clock::now();
    GetParam().make(network());
    ASSERT_THAT(running.result(), Succeeded());
    EXPECT_LT(Clock::now() - begin, GetParam().takes_the_address ? 5s : 8s);
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=" + std::to_string(kBefore) + "-");
    EXPECT_THAT(last_peer(), ::testing::HasSubstr(network().second.client));
}

INSTANTIATE_TEST_SUITE_P(
    All, NetworkChange,
    ::testing::Values(
        Change{"local_address_deleted",
               [](const NamespacePair& pair) { pair.client.ip("addr del " + pair.first.client + "/24 dev " + pair.first.name); }, true},
        Change{"link_removed", [](const NamespacePair& pair) { pair.client.ip("link del " + pair.first.name); }, true},
        Change{"link_down", [](const NamespacePair& pair) { pair.client.ip("link set " + pair.first.name + " down"); }, false},
        Change{"default_route_replaced",
               [](const NamespacePair& pair) { pair.client.ip("route replace default via " + pair.second.server + " metric 100"); },
               false}),
    [](const ::testing::TestParamInfo<Change>& info) { return info.param.name; });

// 72: the routes stay where nobody manages them.
TEST_F(NetworkChange, of_a_cable_that_is_pulled_ends_what_is_idle_at_once) {
    keep_one_idle();
    network().server.ip("link set " + network().first.name + " down");
    expect_all_gone_within(kAtOnce + 2s);  // the kernel itself tells of a lost carrier up to a second late
}

// 72
TEST_F(NetworkChange, of_an_ipv6_address_ends_what_is_idle_at_once) {
    client().expect_more(true);
    ASSERT_THAT(fetch(document(origin.url_at(NamespacePair::kServerSix, "/f"))), Succeeded());
    ASSERT_THAT(last_peer(), ::testing::HasSubstr(network().first.client_six));
    network().client.ip("addr del " + network().first.client_six + "/64 dev " + network().first.name);
    expect_all_gone_within(kAtOnce);
}

TEST_F(NetworkChange, that_is_no_loss_disturbs_no_download) {
    RunningDownload running(client(), file(origin.url("/big")));
    ASSERT_TRUE(running.wait_for_bytes(kBefore));
    network().client.ip("addr add 198.51.100.77/24 dev " + network().second.name);
    network().client.ip("addr del " + network().second.client_six + "/64 dev " + network().second.name);
    network().client.ip("link set " + network().second.name + " down");
    EXPECT_TRUE(running.runs_on_for(300ms));
    origin.open("go on");
    ASSERT_THAT(running.result(), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(origin.requests().size(), 1u);
}

}  // namespace
}  // namespace lastack::test
