// A request that meets a connection whose end is on its way: it is sent once more and nobody is blamed. The numbers are those of the
// scenarios in docs/design/connections.md. Every request may take one attempt only, so a resend that counted as an attempt would fail.
#include "client_fixture.hpp"
#include "http/error.hpp"
#include "net/error.hpp"
#include "support/listening_socket.hpp"

#include <future>

namespace lastack::test {
namespace {

class StaleConnection : public ClientTest {
protected:
    StaleConnection() {
        origin.on("/first", Reply{.body = "first"});
        origin.on("/next", Reply{.body = "next"});
        client().expect_more(true);
    }
    // The first connection's end, told as what follows its first answer.
    void after_first_answer(Steps then) {
        origin.on(When{.connection = 1, .number_on_connection = 1}, Reply{.body = "first", .then = std::move(then)});
        // The entry above stands behind those of the constructor.
        origin.forget("/first");
        origin.on("/first", Reply{.body = "first"});
    }
    [[nodiscard]] int connection_of_last_request() const { return origin.requests().back().connection; }
};

// 2
TEST_F(StaleConnection, fin_with_the_last_byte_is_never_parked) {
    origin.on("/ends", Reply::steps({Send{.bytes = response_bytes(Reply{.body = "end"}), .more = true}, CloseFin{}}));
    for (int round = 0; round < 20; ++round) {
        expect_fetched("/ends", "end");
        EXPECT_EQ(client().connections().open, 0u) << "round " << round;
    }
    EXPECT_EQ(origin.requests().size(), 20u) << "no request met a dead connection";
}

// 3
TEST_F(StaleConnection, fin_right_after_the_last_byte_sends_the_next_request_elsewhere) {
    options.max_parallel_downloads = 1;
    origin.on("/ends", Reply{.body = "end", .then = {CloseFin{}}});
    std::vector<FetchRequest> requests(50, document(origin.url("/ends")));
    for (const auto& result : client().fetch(requests)) {
        ASSERT_THAT(result, Succeeded());
        EXPECT_EQ(result->body, "end");
    }
    EXPECT_EQ(origin.accepted(), 50);
}

// 5
TEST_F(StaleConnection, fin_and_checkout_at_once_lose_nothing) {
    for (int round = 0; round < 100; ++round) {
        expect_fetched("/first", "first");
        EXPECT_LE(origin.close_idle(), 1);
        expect_fetched("/next", "next");
        client().close_connections();
    }
}

// 6
TEST_F(StaleConnection, fin_in_flight_when_the_request_is_written) {
    after_first_answer({WaitReadable{}, CloseFin{}});
    expect_fetched("/first", "first");
    expect_fetched("/next", "next");
    EXPECT_EQ(origin.record().requests_for("/next"), 2) << "the lost one and the resent one";
    EXPECT_EQ(connection_of_last_request(), 2);
    EXPECT_EQ(origin.accepted(), 2);
}

// 7
TEST_F(StaleConnection, fin_after_half_of_the_request_on_a_reused_connection) {
    after_first_answer({WaitReadable{20}, CloseFin{}});
    expect_fetched("/first", "first");
    expect_fetched("/next", "next");
    EXPECT_EQ(connection_of_last_request(), 2);
}

// 7
TEST_F(StaleConnection, fin_after_half_of_the_request_on_a_fresh_connection_is_the_servers_failure) {
    origin.on_accept(0, {WaitReadable{20}, CloseFin{}});
    EXPECT_THAT(fetch(document(origin.url("/first"))), FailedWith(net::NetErrc::closed));
    EXPECT_EQ(origin.accepted(), 1);
}

// 8
TEST_F(StaleConnection, fin_after_the_whole_request_without_an_answer) {
    origin.on(When{.connection = 1, .number_on_connection = 2}, Reply::steps({CloseFin{}}));
    origin.forget("/next");
    origin.on("/next", Reply{.body = "next"});
    expect_fetched("/first", "first");
    expect_fetched("/next", "next");
    EXPECT_EQ(origin.record().requests_for("/next"), 2);
    EXPECT_EQ(client().connections().requests, 2u);
}

// 9
TEST_F(StaleConnection, a_fresh_connection_that_is_closed_without_an_answer_costs_the_mirror) {
    ScriptedOrigin bad;
    bad.on(When{}, Reply::steps({CloseFin{}}));
    EXPECT_THAT(fetch(document(bad.url("/next"))), FailedWith(net::NetErrc::closed));
    EXPECT_EQ(bad.requests().size(), 1u) << "no resend";
    auto request = document({bad.url("/next"), origin.url("/next")});
    request.options.retries = 2;
    EXPECT_THAT(fetch(request), Succeeded());
    EXPECT_EQ(bad.requests().size(), 1u) << "what failed lately is not asked first";
    request.options.mirrors.order = MirrorOrder::listed;
    EXPECT_THAT(fetch(request), Succeeded());
    EXPECT_EQ(bad.requests().size(), 2u);
}

// 10
TEST_F(StaleConnection, a_server_that_closes_every_reused_connection_loses_no_request) {
    origin.on(When{.path = "/liar", .number_on_connection = 1}, Reply{.body = "x"});
    origin.on("/liar", Reply::steps({CloseFin{}}));
    for (int round = 0; round < 10; ++round) {
        expect_fetched("/liar", "x");
    }
    EXPECT_LE(origin.requests().size(), 19u) << "at most one resend each";
}

// 11, 12
TEST_F(StaleConnection, fin_inside_the_head_of_the_answer) {
    for (const std::string_view head : {"HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Len"}) {
        origin.forget("/cut");
        origin.on(When{.path = "/cut", .times = 1}, Reply::steps({Send{.bytes = std::string(head)}, CloseFin{}}));
        origin.on("/cut", Reply{.body = "whole"});
        expect_fetched("/first", "first");
        expect_fetched("/cut", "whole");
    }
}

// 18, 19
TEST_F(StaleConnection, rst_before_and_after_the_request_was_read) {
    after_first_answer({WaitReadable{}, Reset{}});
    expect_fetched("/first", "first");
    expect_fetched("/next", "next");
    EXPECT_EQ(connection_of_last_request(), 2);
    origin.once("/reset", Reply::steps({Reset{}}));
    origin.on("/reset", Reply{.body = "whole"});
    expect_fetched("/reset", "whole");
    EXPECT_EQ(origin.record().requests_for("/reset"), 2);
    EXPECT_EQ(connection_of_last_request(), 3);
}

// 20
TEST_F(StaleConnection, a_complete_answer_then_rst_is_a_success) {
    const auto content = content_of(20'000);
    origin.on("/f", Reply::steps({Send{.bytes = response_bytes(Reply{.body = content})}, Reset{}}));
    for (int round = 0; round < 10; ++round) {
        ASSERT_THAT(download(file(origin.url("/f"))), Succeeded()) << "round " << round;
        EXPECT_TRUE(stored() == content);
    }
    EXPECT_EQ(origin.requests().size(), 10u);
}

// 21
TEST_F(StaleConnection, half_an_answer_then_rst_keeps_every_byte_that_came) {
    const auto content = content_of(20'000);
    origin.once("/f", Reply::steps({Send{.bytes = response_head(Reply{.headers = {{"Content-Length", "20000"}, {"ETag", "\"v1\""}}}) +
                                                  content.substr(0, 12'000)},
                                    Reset{}}));
    origin.serve_file("/f", content, {.etag = "\"v1\""});
    request_options.retries = 2;
    ASSERT_THAT(download(file(origin.url("/f"))), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=12000-");
}

// 27
TEST_F(StaleConnection, an_answer_then_half_close_is_taken_and_the_connection_is_not_reused) {
    origin.on("/half", Reply{.body = "half", .then = {ShutdownWrite{}}});
    expect_fetched("/half", "half");
    expect_fetched("/next", "next");
    EXPECT_EQ(connection_of_last_request(), 2);
    EXPECT_TRUE(origin.wait_for([](const Record& record) { return !record.connections[0].open(); }));
}

// 30
TEST_F(StaleConnection, a_408_and_checkout_at_once_lose_nothing) {
    for (int round = 0; round < 100; ++round) {
        expect_fetched("/first", "first");
        origin.send_on_idle("HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        expect_fetched("/next", "next");
        client().close_connections();
    }
}

TEST_F(StaleConnection, a_408_as_the_answer_on_a_reused_connection_is_sent_again) {
    origin.on(When{.connection = 1, .number_on_connection = 2}, Reply{.status = 408, .after = After::close});
    origin.forget("/next");
    origin.on("/next", Reply{.body = "next"});
    expect_fetched("/first", "first");
    expect_fetched("/next", "next");
    EXPECT_EQ(connection_of_last_request(), 2);
}

// 31: whenever the injected answer comes, it answers nothing.
TEST_F(StaleConnection, an_injected_answer_never_answers_a_request) {
    for (int round = 0; round < 100; ++round) {
        expect_fetched("/first", "first");
        origin.send_on_idle(response_bytes(Reply{.body = "poison"}));
        expect_fetched("/next", "next");
        client().close_connections();
    }
}

// 33: in the same segment, for what comes after the next request cannot be told from its answer.
TEST_F(StaleConnection, bytes_behind_the_answer_end_the_connection) {
    for (const auto& extra : {std::string("x"), response_bytes(Reply{.body = "poison"})}) {
        origin.on("/extra", Reply::steps({Send{.bytes = response_bytes(Reply{.body = "body"}) + extra}}));
        expect_fetched("/extra", "body");
        EXPECT_EQ(client().connections().open, 0u);
        expect_fetched("/next", "next");
        client().close_connections();
    }
}

// 63
TEST_F(StaleConnection, one_stale_connection_takes_its_siblings_with_it) {
    origin.on(When{.path = "/wait"}, Reply{.body = "x", .before = {WaitUntil{"go"}}, .then = {WaitReadable{}, CloseFin{}}});
    auto& shared = client();
    auto three = std::async(std::launch::async, [&] { return shared.fetch(std::vector<FetchRequest>(3, document(origin.url("/wait")))); });
    ASSERT_TRUE(origin.wait_at("go", 3));
    origin.open("go");
    for (const auto& result : three.get()) {
        ASSERT_THAT(result, Succeeded());
    }
    EXPECT_EQ(client().connections().idle, 3u);
    expect_fetched("/next", "next");
    EXPECT_EQ(origin.record().requests_for("/next"), 2) << "one resend in total";
    EXPECT_EQ(connection_of_last_request(), 4);
}

}  // namespace
}  // namespace lastack::test
