// Something between client and server that swallows packets or answers in the server's place. The numbers are those of the scenarios in
// docs/design/connections.md.
#include "namespace_fixture.hpp"

namespace lastack::test {
namespace {

class Middlebox : public NamespaceTest {
protected:
    static constexpr auto kSwallowFin = "tcp flags & fin == fin drop";
    // A full process's bound: whoever waits for the operating system's own limits takes minutes.
    static constexpr auto kWorstFailover = 15s;

    // Lets a fetch of both mirrors succeed at the second, with the client's own limits.
    void expect_next_mirror_serves(ScriptedOrigin& next) {
        next.on("/f", Reply{.body = "next mirror"});
        const auto begin = Clock::now();
        auto request = document({origin.url("/f"), next.url("/f")});
        request.options = RequestOptions{};
        const auto result = fetch(std::move(request));
        ASSERT_THAT(result, Succeeded());
        EXPECT_EQ(result->body, "next mirror");
        EXPECT_LT(Clock::now() - begin, kWorstFailover);
    }
};

// 52
TEST_F(Middlebox, that_swallows_the_fin_leaves_the_connection_to_our_idle_limit) {
    options.idle_limit = 1s;
    keep_one_idle();
    filter(origin, "", kSwallowFin);
    const auto parked = Clock::now();
    ASSERT_EQ(origin.close_idle(), 1);
    EXPECT_EQ(count_in(our_sockets(), TcpState::established), 1) << "no FIN arrives";
    expect_all_gone_within(5s);
    EXPECT_GE(Clock::now() - parked, 500ms) << "it was the limit that ended it";
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().size(), 2u) << "no request met the dead connection";
    EXPECT_EQ(origin.accepted(), 2);
}

// 52, 6: the server has forgotten the connection, which we cannot know.
TEST_F(Middlebox, that_swallowed_the_fin_costs_a_request_nothing) {
    keep_one_idle();
    filter(origin, "", kSwallowFin);
    ASSERT_EQ(origin.close_idle(), 1);
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.requests().back().connection, 2);
}

// 53
TEST_F(Middlebox, that_swallows_everything_from_an_idle_moment_on_sends_the_next_request_to_the_next_mirror) {
    const auto next = make_origin();
    keep_one_idle();
    filter(origin, "drop", "drop");
    expect_next_mirror_serves(*next);
    EXPECT_EQ(origin.requests().size(), 1u);
}

// 53, only the way back: the server's kernel takes the request.
TEST_F(Middlebox, that_swallows_every_answer_sends_the_request_to_the_next_mirror) {
    const auto next = make_origin();
    keep_one_idle();
    filter(origin, "", "drop");
    expect_next_mirror_serves(*next);
}

// 53, with a limit of the user's
TEST_F(Middlebox, that_swallows_everything_costs_no_more_than_a_short_time_limit) {
    const auto next = make_origin();
    next->on("/f", Reply{.body = "next mirror"});
    keep_one_idle();
    filter(origin, "drop", "drop");
    auto request = document({origin.url("/f"), next->url("/f")});
    request.options.timeout = 1s;
    request.options.retries = 3;
    const auto begin = Clock::now();
    EXPECT_THAT(fetch(std::move(request)), Succeeded());
    EXPECT_LT(Clock::now() - begin, 5s);
}

// 54: only the old connection is unknown to it.
TEST_F(Middlebox, that_answers_a_late_write_with_rst_costs_no_attempt) {
    keep_one_idle();
    const auto sockets = our_sockets();
    ASSERT_EQ(sockets.size(), 1u) << describe(sockets);
    filter(origin, "tcp sport " + std::to_string(sockets[0].local_port) + " tcp flags & (syn | rst) == 0 reject with tcp reset", "");
    expect_fetched("/f", "body");
    ASSERT_EQ(origin.requests().size(), 2u) << "the lost one never arrived";
    EXPECT_EQ(origin.requests().back().connection, 2);
    expect_fetched("/f", "body");
    EXPECT_EQ(origin.accepted(), 2) << "the new connection is as good as any";
}

// 59
TEST_F(Middlebox, that_swallows_the_rest_of_a_body_costs_the_time_limit_and_no_byte) {
    const auto next = make_origin();
    const auto content = content_of(200'000);
    Reply half{.headers = {{"Content-Length", std::to_string(content.size())}, {"ETag", "\"v1\""}}};
    origin.on("/f", Reply::steps({Send{.bytes = response_head(half) + content.substr(0, 120'000)}, WaitUntil{"swallowed"},
                                  Send{.bytes = content.substr(120'000)}}));
    next->serve_file("/f", content, {.etag = "\"v1\""});
    request_options.timeout = 1s;
    request_options.retries = 3;
    auto request = file({origin.url("/f"), next->url("/f")});
    request.size = content.size();
    request.digests = {sha256(content)};
    RunningDownload running(client(), std::move(request));
    ASSERT_TRUE(running.wait_for_bytes(120'000));
    filter(origin, "", "drop");
    origin.open("swallowed");
    ASSERT_THAT(running.result(), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(next->requests().back().header("Range"), "bytes=120000-");
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_TRUE(origin.record().connections[0].peer_reset) << "what still comes is unwanted";
    expect_no_sockets();
}

}  // namespace
}  // namespace lastack::test
