// What a small `timeout` does to servers that are silent or slow. The bounds upwards are wide: they tell "ended by the limit" from "hung".
#include "client_fixture.hpp"
#include "http/error.hpp"
#include "net/error.hpp"
#include "support/listening_socket.hpp"

namespace lastack::test {
namespace {

using http::HttpErrc;

constexpr auto kLimit = 100ms;
constexpr auto kHung = 5s;

class TimeLimit : public ClientTest {
protected:
    TimeLimit() {
        request_options.timeout = kLimit;
        origin.on("/good", Reply{.body = "good"});
    }
    // Fails with `code` in `phase`, after the limit and not long after; a second mirror then serves.
    void expect_limited(const std::string& url, std::error_code code, Phase phase) {
        const auto begin = Clock::now();
        const auto failed = download(file(url));
        const auto time = Clock::now() - begin;
        ASSERT_THAT(failed, FailedWith(code));
        EXPECT_EQ(failed.error().phase, phase);
        EXPECT_GE(time, kLimit - 1ms);
        EXPECT_LT(time, kHung);
        request_options.retries = 2;
        std::filesystem::remove(directory / "file.part");
        EXPECT_THAT(download(file({url, origin.url("/good")})), Succeeded());
        EXPECT_EQ(stored(), "good");
    }
};

TEST_F(TimeLimit, ends_waiting_for_an_answer_that_never_comes) {
    origin.on("/f", Reply::steps({WaitForPeerClose{}}));
    expect_limited(origin.url("/f"), Errc::timed_out, Phase::waiting);
    EXPECT_EQ(origin.record().requests_for("/f"), 2) << "silence is no stale connection: nothing is sent again";
}

TEST_F(TimeLimit, ends_waiting_on_a_connection_that_was_reused_without_a_resend) {
    origin.on("/f", Reply::steps({WaitForPeerClose{}}));
    client().expect_more(true);
    expect_fetched("/good", "good");
    EXPECT_THAT(download(file(origin.url("/f"))), FailedWith(Errc::timed_out));
    EXPECT_EQ(origin.record().requests_for("/f"), 1);
    EXPECT_EQ(origin.requests().back().number_on_connection, 2);
}

TEST_F(TimeLimit, ends_a_head_that_drips) {
    origin.on("/f",
              Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\n"}, Throttle{.bytes_per_second = 100}, SendEndless{.pattern = "X: y\r\n"}}));
    expect_limited(origin.url("/f"), Errc::timed_out, Phase::receiving);
}

TEST_F(TimeLimit, ends_a_body_that_stalls_and_keeps_what_came) {
    origin.on("/f",
              Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n01234"}, WaitForPeerClose{}}));
    const auto result = download(file(origin.url("/f")));
    ASSERT_THAT(result, FailedWith(Errc::timed_out));
    EXPECT_EQ(result.error().phase, Phase::receiving);
    EXPECT_EQ(result.error().offset, 5u);
    EXPECT_EQ(stored("file.part"), "01234");
    EXPECT_TRUE(origin.wait_until_all_closed());
    expect_no_sockets();
}

TEST_F(TimeLimit, continues_a_stalled_body_with_the_next_attempt) {
    request_options.retries = 3;
    const std::string content = "0123456789";
    origin.once("/f",
                Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: 10\r\n\r\n01234"}, WaitForPeerClose{}}));
    origin.serve_file("/f", content, {.etag = "\"v1\""});
    ASSERT_THAT(download(file(origin.url("/f"))), Succeeded());
    EXPECT_EQ(stored(), content);
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=5-");
}

TEST_F(TimeLimit, does_not_end_a_slow_body_that_keeps_coming) {
    origin.on("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n"}, Throttle{.bytes_per_second = 200},
                                  Send{.bytes = std::string(60, 'x')}}));
    EXPECT_THAT(download(file(origin.url("/f"))), Succeeded());
}

TEST_F(TimeLimit, ends_a_body_below_the_least_rate) {
    request_options.minrate = 10'000;
    origin.on("/f",
              Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\n\r\n"}, Throttle{.bytes_per_second = 500}, SendEndless{.pattern = "x"}}));
    expect_limited(origin.url("/f"), HttpErrc::too_slow, Phase::receiving);
}

TEST_F(TimeLimit, ends_connecting_where_nobody_answers) {
    const SilentPort silent;
    expect_limited(silent.url("/f"), Errc::timed_out, Phase::connecting);
}

TEST_F(TimeLimit, counts_from_the_moment_a_connection_is_free) {
    options.max_parallel_downloads = 1;
    origin.on("/slow", Reply{.body = "x", .before = {Delay{80ms}}});
    const auto results = client().fetch({document(origin.url("/slow")), document(origin.url("/slow")), document(origin.url("/slow"))});
    for (const auto& result : results) {
        EXPECT_THAT(result, Succeeded());
    }
}

}  // namespace
}  // namespace lastack::test
