#include "support/tls_peer.hpp"

#include "support/selftest/tls_client.hpp"

#include <gtest/gtest.h>

namespace lastack::test {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using tls::SeenConnection;

const std::string kHello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
constexpr std::uint8_t kUnrecognizedName = 112;

class TlsPeerTest : public ::testing::Test {
protected:
    static TlsPeerOptions options_for(TestCa& ca) { return {.identity = ca.server()}; }
    [[nodiscard]] TlsClientOptions trusting() const { return {.ca = ca_.certificate()}; }
    // After a handshake and one answer, at the gate "go", these.
    void after_answer(tls::Steps more) {
        tls::Steps steps{tls::Handshake{}, tls::Answer{.bytes = kHello}, tls::WaitUntil{"go"}};
        steps.insert(steps.end(), more.begin(), more.end());
        peer_.on_accept(0, std::move(steps));
    }
    // A client that has its answer, with the gate open.
    TlsClient answered_client(const TlsClientOptions& options) {
        TlsClient client(peer_.port(), options);
        client.get("/file").read_until("hello");
        EXPECT_TRUE(peer_.wait_at("go"));
        peer_.open("go");
        return client;
    }
    bool wait_for(const std::function<bool(const SeenConnection&)>& predicate) { return peer_.wait_for_connection(1, predicate); }

    TestCa ca_;
    TlsPeer peer_{options_for(ca_)};
};

TEST_F(TlsPeerTest, answers_requests_and_records_what_the_client_said) {
    peer_.restart_tls({.identity = ca_.server(), .alpn = {"http/1.1"}});
    peer_.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kHello, .requests = 2}});
    auto options = trusting();
    options.alpn = {"h2", "http/1.1"};
    TlsClient client(peer_.port(), options);
    ASSERT_TRUE(client.established()) << client.error();
    EXPECT_THAT(client.get("/a").read_until("hello"), EndsWith("hello"));
    client.drop();
    EXPECT_THAT(client.get("/b").read_until("hello"), EndsWith("hello"));
    const auto seen = peer_.record().connections.at(0);
    EXPECT_EQ(seen.sni, "localhost");
    EXPECT_THAT(seen.alpn, ElementsAre("h2", "http/1.1"));
    EXPECT_EQ(seen.alpn_chosen, "http/1.1");
    EXPECT_EQ(seen.protocol, "TLSv1.3");
    EXPECT_FALSE(seen.resumed);
    EXPECT_FALSE(seen.session_offered);
    ASSERT_EQ(seen.requests.size(), 2u);
    EXPECT_EQ(seen.requests[1].target, "/b");
    EXPECT_EQ(seen.requests[1].number_on_connection, 2);
    EXPECT_LE(seen.accepted, *seen.client_hello);
    EXPECT_LE(*seen.client_hello, *seen.established);
    EXPECT_FALSE(seen.ended);
}

TEST_F(TlsPeerTest, an_address_sends_no_sni_and_no_alpn_is_chosen_unasked) {
    auto options = trusting();
    options.server_name = "127.0.0.1";
    options.alpn = {"http/1.1"};
    const TlsClient client(peer_.port(), options);
    ASSERT_TRUE(wait_for([](const SeenConnection& seen) { return seen.established.has_value(); }));
    const auto seen = peer_.record().connections.at(0);
    EXPECT_EQ(seen.sni, "");
    EXPECT_EQ(seen.alpn_chosen, "");
}

TEST_F(TlsPeerTest, ends_after_the_client_hello_with_fin) {
    peer_.on_accept(0, {tls::ClientHello{}, tls::Fin{}});
    const TlsClient client(peer_.port(), trusting());
    EXPECT_FALSE(client.established());
    EXPECT_EQ(client.end(), End::fin);
    EXPECT_EQ(client.raw_bytes(), 0u);
    EXPECT_TRUE(peer_.record().connections.at(0).client_hello);
}

TEST_F(TlsPeerTest, ends_after_the_server_hello_with_fin_or_reset) {
    for (const auto version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto options = trusting();
        options.min_version = options.max_version = version;
        // In 1.3 the client is done with that flight: it sees the end when it reads.
        peer_.on_accept(0, {tls::ServerHello{}, tls::Fin{}});
        TlsClient fin(peer_.port(), options);
        fin.wait_for_tcp_end();
        EXPECT_EQ(fin.end(), End::fin);
        EXPECT_GT(fin.raw_bytes(), 0u);
        EXPECT_EQ(fin.established(), version == TLS1_3_VERSION);
        peer_.on_accept(0, {tls::ServerHello{}, tls::Reset{}});
        TlsClient reset(peer_.port(), options);
        reset.wait_for_tcp_end();
        EXPECT_EQ(reset.end(), End::reset);
    }
}

TEST_F(TlsPeerTest, sends_any_fatal_alert_before_its_hello_or_after) {
    peer_.on_accept(0, {tls::ClientHello{}, tls::Alert{kUnrecognizedName}, tls::Fin{}});
    const TlsClient client(peer_.port(), trusting());
    EXPECT_FALSE(client.established());
    EXPECT_EQ(client.alert(), kUnrecognizedName);
    auto old = trusting();
    old.max_version = TLS1_2_VERSION;
    peer_.on_accept(0, {tls::ServerHello{}, tls::Alert{SSL_AD_INTERNAL_ERROR}, tls::Fin{}});
    const TlsClient late(peer_.port(), old);
    EXPECT_FALSE(late.established());
    EXPECT_EQ(late.alert(), SSL_AD_INTERNAL_ERROR);
}

TEST_F(TlsPeerTest, sends_close_notify_and_keeps_tcp_open) {
    after_answer({tls::CloseNotify{}, tls::WaitForClose{}});
    auto client = answered_client(trusting());
    client.read_to_end();
    EXPECT_TRUE(client.close_notify());
    EXPECT_EQ(client.end(), End::still_open);
    EXPECT_FALSE(peer_.record().connections.at(0).fin_sent);
    // What the client still says is read.
    client.get("/more");
    EXPECT_TRUE(wait_for([](const SeenConnection& seen) { return seen.requests.size() == 2; }));
    client.send_close_notify();
    client.wait_for_tcp_end();
    EXPECT_EQ(client.end(), End::fin);
    EXPECT_TRUE(peer_.record().connections.at(0).peer_close_notify);
}

TEST_F(TlsPeerTest, sends_fin_without_close_notify) {
    after_answer({tls::Fin{}});
    auto client = answered_client(trusting());
    client.wait_for_tcp_end();
    EXPECT_FALSE(client.close_notify());
    EXPECT_EQ(client.end(), End::fin);
    client.fin();
    EXPECT_TRUE(peer_.wait_until_all_closed());
    const auto seen = peer_.record().connections.at(0);
    EXPECT_FALSE(seen.peer_close_notify);
    EXPECT_FALSE(seen.close_notify_sent);
    EXPECT_GE(*seen.peer_fin, *seen.fin_sent);
}

TEST_F(TlsPeerTest, sends_close_notify_and_fin) {
    after_answer({tls::CloseNotify{}, tls::Fin{}});
    auto client = answered_client(trusting());
    client.wait_for_tcp_end();
    EXPECT_TRUE(client.close_notify());
    EXPECT_EQ(client.end(), End::fin);
    client.send_close_notify();
    client.fin();
    EXPECT_TRUE(peer_.wait_until_all_closed());
    EXPECT_TRUE(peer_.record().connections.at(0).peer_close_notify);
}

TEST_F(TlsPeerTest, resets) {
    after_answer({tls::Reset{}});
    auto client = answered_client(trusting());
    client.wait_for_tcp_end();
    EXPECT_EQ(client.end(), End::reset);
    EXPECT_TRUE(peer_.record().connections.at(0).reset_sent);
}

TEST_F(TlsPeerTest, sees_fin_and_reset_of_the_client) {
    TlsClient fin(peer_.port(), trusting());
    fin.fin();
    EXPECT_TRUE(peer_.wait_until_all_closed());
    TlsClient reset(peer_.port(), trusting());
    reset.reset();
    EXPECT_TRUE(peer_.wait_for_connection(2, [](const SeenConnection& seen) { return seen.ended.has_value(); }));
    const auto record = peer_.record();
    EXPECT_TRUE(record.connections.at(0).peer_fin);
    EXPECT_FALSE(record.connections.at(0).peer_reset);
    EXPECT_FALSE(record.connections.at(0).peer_close_notify);
    EXPECT_TRUE(record.connections.at(1).peer_reset);
    EXPECT_FALSE(record.connections.at(1).peer_fin);
}

TEST_F(TlsPeerTest, sends_new_tickets_late) {
    peer_.restart_tls({.identity = ca_.server(), .tickets = 0});
    after_answer({tls::Tickets{3}});
    auto client = answered_client(trusting());
    client.wait_for_sessions(3);
    EXPECT_EQ(client.sessions(), 3);
    EXPECT_EQ(peer_.record().connections.at(0).error, "");
}

TEST_F(TlsPeerTest, updates_keys_with_and_without_an_answer) {
    after_answer({tls::KeyUpdate{}, tls::KeyUpdate{.requested = true}, tls::Answer{.bytes = kHello}});
    auto client = answered_client(trusting());
    client.wait_for_key_updates(2);
    EXPECT_EQ(client.key_updates(), 2);
    client.drop();
    EXPECT_THAT(client.get("/more").read_until("hello"), EndsWith("hello"));
    EXPECT_EQ(peer_.record().connections.at(0).key_updates, 1);
    EXPECT_EQ(peer_.record().connections.at(0).error, "");
}

TEST_F(TlsPeerTest, stops_in_the_middle_of_a_record) {
    peer_.on_accept(0, {tls::Handshake{}, tls::SendHalf{"all of it"}, tls::WaitUntil{"rest"}, tls::SendRest{}});
    TlsClient client(peer_.port(), trusting());
    ASSERT_TRUE(peer_.wait_at("rest"));
    const auto before = client.raw_bytes();
    client.read_raw_at_least(before + 1);
    EXPECT_EQ(client.read_until(""), "");
    peer_.open("rest");
    EXPECT_EQ(client.read_until("all of it"), "all of it");
}

TEST_F(TlsPeerTest, breaks_off_a_body_without_close_notify) {
    peer_.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kHello.substr(0, kHello.size() - 2)}, tls::Fin{}});
    TlsClient client(peer_.port(), trusting());
    client.get("/file");
    EXPECT_THAT(client.read_to_end(), EndsWith("\r\n\r\nhel"));
    EXPECT_FALSE(client.close_notify());
    EXPECT_EQ(client.end(), End::fin);
}

TEST_F(TlsPeerTest, says_408_on_its_own_when_idle) {
    after_answer({tls::Send{"HTTP/1.1 408 Request Timeout\r\n\r\n"}, tls::CloseNotify{}, tls::Fin{}});
    auto client = answered_client(trusting());
    EXPECT_THAT(client.read_to_end(), EndsWith("408 Request Timeout\r\n\r\n"));
    EXPECT_TRUE(client.close_notify());
}

TEST_F(TlsPeerTest, never_answers_close_notify_whether_it_reads_or_not) {
    for (const bool reads : {true, false}) {
        tls::Steps steps{tls::Handshake{}, tls::Answer{.bytes = kHello}};
        if (!reads) {
            steps.emplace_back(tls::StopReading{});
        }
        steps.emplace_back(tls::WaitUntil{"never"});
        peer_.on_accept(0, steps);
        const int number = peer_.accepted() + 1;
        TlsClient client(peer_.port(), trusting());
        client.get("/file").read_until("hello");
        ASSERT_TRUE(peer_.wait_at("never", number));
        client.send_close_notify();
        client.fin();
        EXPECT_TRUE(peer_.wait_for_connection(number, [](const SeenConnection& seen) { return seen.peer_fin.has_value(); }));
        const auto seen = peer_.record().connections.at(static_cast<std::size_t>(number) - 1);
        EXPECT_EQ(seen.peer_close_notify.has_value(), reads);
        EXPECT_FALSE(seen.ended);
        EXPECT_FALSE(seen.fin_sent);
        EXPECT_FALSE(seen.close_notify_sent);
    }
}

TEST_F(TlsPeerTest, ignores_everything_when_told_so) {
    peer_.on_accept(0, {tls::Handshake{}, tls::Ignore{}});
    TlsClient client(peer_.port(), trusting());
    client.get("/file").send_close_notify();
    client.fin();
    EXPECT_TRUE(wait_for([](const SeenConnection& seen) { return seen.peer_fin.has_value(); }));
    const auto seen = peer_.record().connections.at(0);
    EXPECT_TRUE(seen.peer_close_notify);
    EXPECT_EQ(seen.requests.size(), 1u);
    EXPECT_FALSE(seen.ended);
    EXPECT_EQ(client.end(), End::still_open);
}

TEST_F(TlsPeerTest, speaks_the_versions_it_was_given) {
    const struct {
        TlsVersion only;
        int version;
        const char* name;
    } cases[] = {{TlsVersion::tls1_1, TLS1_1_VERSION, "TLSv1.1"},
                 {TlsVersion::tls1_2, TLS1_2_VERSION, "TLSv1.2"},
                 {TlsVersion::tls1_3, TLS1_3_VERSION, "TLSv1.3"}};
    for (const auto& peers : cases) {
        peer_.restart_tls({.identity = ca_.server(), .min = peers.only, .max = peers.only});
        for (const auto& clients : cases) {
            const int number = peer_.accepted() + 1;
            const TlsClient client(peer_.port(), {.min_version = clients.version, .max_version = clients.version});
            EXPECT_EQ(client.established(), clients.version == peers.version) << clients.name << " to " << peers.name;
            EXPECT_TRUE(peer_.wait_for_connection(
                number, [](const SeenConnection& seen) { return seen.established.has_value() || !seen.error.empty(); }));
            EXPECT_EQ(peer_.record().connections.back().protocol, client.established() ? peers.name : "");
            EXPECT_EQ(client.error().empty(), client.established());
        }
    }
}

TEST_F(TlsPeerTest, resumes_sessions_unless_told_otherwise) {
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
        auto options = trusting();
        options.min_version = options.max_version = version;
        const auto identity = ca_.server();
        peer_.restart_tls({.identity = identity});
        TlsClient first(peer_.port(), options);
        first.get("/").read_until("\r\n\r\n");
        ASSERT_NE(first.session(), nullptr);
        options.session = first.session();
        TlsClient second(peer_.port(), options);
        second.get("/").read_until("\r\n\r\n");
        EXPECT_TRUE(peer_.record().connections.back().resumed);
        EXPECT_TRUE(peer_.record().connections.back().session_offered);
        peer_.restart_tls({.identity = identity, .sessions = false});
        options.session = second.session() != nullptr ? second.session() : first.session();
        TlsClient third(peer_.port(), options);
        third.get("/").read_until("\r\n\r\n");
        EXPECT_TRUE(peer_.record().connections.back().established);
        EXPECT_TRUE(peer_.record().connections.back().session_offered);
        EXPECT_FALSE(peer_.record().connections.back().resumed);
        EXPECT_EQ(third.sessions(), 0) << version;
    }
}

TEST_F(TlsPeerTest, requires_a_client_certificate) {
    peer_.restart_tls({.identity = ca_.server(), .client_ca = ca_.certificate()});
    auto options = trusting();
    TlsClient without(peer_.port(), options);
    without.read_to_end();
    EXPECT_EQ(without.alert(), 116);  // certificate_required
    TestCa stranger("stranger");
    options.identity = stranger.client();
    TlsClient foreign(peer_.port(), options);
    foreign.read_to_end();
    EXPECT_EQ(foreign.alert(), SSL_AD_UNKNOWN_CA);
    options.identity = ca_.client("me");
    TlsClient with(peer_.port(), options);
    with.get("/").read_until("\r\n\r\n");
    const auto record = peer_.record();
    EXPECT_FALSE(record.connections.at(0).established);
    EXPECT_NE(record.connections.at(0).error, "");
    EXPECT_EQ(record.connections.at(2).client_certificate, "me");
}

TEST_F(TlsPeerTest, records_the_clients_alert) {
    TestCa stranger("stranger");
    const TlsClient client(peer_.port(), {.ca = stranger.certificate()});
    EXPECT_FALSE(client.established());
    ASSERT_TRUE(wait_for([](const SeenConnection& seen) { return seen.alert.has_value(); }));
    EXPECT_EQ(peer_.record().connections.at(0).alert, SSL_AD_UNKNOWN_CA);
}

TEST_F(TlsPeerTest, each_connection_can_have_a_script_of_its_own) {
    peer_.on_accept(1, {tls::Handshake{}, tls::SendRaw{"not tls at all"}});
    TlsClient first(peer_.port(), trusting());
    first.read_to_end();
    EXPECT_EQ(first.error(), "wrong version number");
    TlsClient second(peer_.port(), trusting());
    EXPECT_THAT(second.get("/").read_until("\r\n\r\n"), EndsWith("204 No Content\r\n\r\n"));
}

}  // namespace
}  // namespace lastack::test
