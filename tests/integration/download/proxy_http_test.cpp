// Requests that an http proxy takes as a whole.
#include "http/error.hpp"
#include "proxy_fixture.hpp"
#include "support/listening_socket.hpp"
#include "support/proxy_servers.hpp"

#include <future>
#include <set>

namespace lastack::test {
namespace {

using http::HttpErrc;
using net::NetErrc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int> statuses_of(const std::vector<SquidLogLine>& lines) {
    std::vector<int> statuses;
    for (const auto& line : lines) {
        statuses.push_back(line.status);
    }
    return statuses;
}

std::size_t connections_of(const std::vector<SquidLogLine>& lines) {
    std::set<std::uint16_t> ports;
    for (const auto& line : lines) {
        ports.insert(line.client_port);
    }
    return ports.size();
}

class HttpProxy : public ProxyTest {
protected:
    HttpProxy() { origin.on(When{}, Reply{.body = "body"}); }
};

TEST_F(HttpProxy, one_connection_to_it_serves_several_origins) {
    const SquidProxy squid;
    ScriptedOrigin second;
    ScriptedOrigin third;
    second.on(When{}, Reply{.body = "body"});
    third.on(When{}, Reply{.body = "body"});
    ask_through(squid.url());
    client().expect_more(true);
    for (const auto* from : {&origin, &second, &third, &origin, &second, &third}) {
        ASSERT_THAT(fetch_url(from->url("/a")), Succeeded());
    }
    const auto lines = squid.wait_for_log(6);
    EXPECT_EQ(lines.size(), 6u);
    EXPECT_EQ(connections_of(lines), 1u);
    EXPECT_EQ(client().connections().opened, 1u);
    EXPECT_EQ(lines[0].target, origin.url("/a"));
    EXPECT_TRUE(own_sockets_to(origin.port()).empty()) << "only squid speaks with the origin";
}

TEST_F(HttpProxy, the_host_field_is_the_origins) {
    ScriptedOrigin proxy;
    proxy.on(When{}, Reply{.body = "x"});
    ask_through(url_of(proxy));
    ASSERT_THAT(fetch_url("http://origin.test:81/path?query"), Succeeded());
    const auto seen = proxy.requests().at(0);
    EXPECT_EQ(seen.target, "http://origin.test:81/path?query");
    EXPECT_EQ(seen.header("Host"), "origin.test:81");
    EXPECT_FALSE(seen.has("Proxy-Authorization"));
}

class HttpProxyAuth : public HttpProxy, public ::testing::WithParamInterface<ProxyAuth> {
protected:
    SquidProxy squid{{.auth = GetParam(), .user = "user", .password = kSecret, .nonce_max_count = 3}};
};

TEST_P(HttpProxyAuth, is_answered_once_and_then_said_unasked) {
    ask_through(squid.url(), "user", kSecret);
    client().expect_more(true);
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    ASSERT_THAT(fetch_url(origin.url("/b")), Succeeded());
    const auto lines = squid.wait_for_log(3);
    EXPECT_THAT(statuses_of(lines), ElementsAre(407, 200, 200));
    EXPECT_EQ(connections_of(lines), 1u);
    EXPECT_EQ(lines.at(2).user, "user");
    for (const auto& request : origin.requests()) {
        EXPECT_FALSE(request.has("Proxy-Authorization"));
        EXPECT_FALSE(request.has("Authorization"));
    }
}

TEST_P(HttpProxyAuth, a_nonce_that_is_used_up_costs_no_request) {
    ask_through(squid.url(), "user", kSecret);
    for (int round = 0; round < 9; ++round) {
        ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded()) << round;
    }
    EXPECT_EQ(origin.requests().size(), 9u);
}

TEST_P(HttpProxyAuth, a_wrong_password_is_tried_once) {
    request_options.retries = 10;
    ask_through(squid.url(), "user", "wrong-secret");
    const auto result = fetch_url(origin.url("/a"));
    ASSERT_THAT(result, FailedWith(HttpErrc::forbidden));
    EXPECT_EQ(result.error().http_status, 407);
    EXPECT_THAT(result.error().cause, HasSubstr("the proxy answered 407"));
    EXPECT_THAT(result.error().next_step, HasSubstr("proxy_password"));
    EXPECT_THAT(result.error(), SaysNothingOf("wrong-secret"));
    EXPECT_THAT(statuses_of(squid.wait_for_log(2)), ElementsAre(407, 407));
    EXPECT_TRUE(origin.requests().empty());
}

TEST_P(HttpProxyAuth, without_credentials_it_is_asked_once) {
    request_options.retries = 10;
    ask_through(squid.url());
    ASSERT_THAT(fetch_url(origin.url("/a")), FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(statuses_of(squid.wait_for_log(1)), ElementsAre(407));
}

INSTANTIATE_TEST_SUITE_P(Schemes, HttpProxyAuth, ::testing::Values(ProxyAuth::basic, ProxyAuth::digest),
                         [](const auto& instance) { return std::string(instance.param == ProxyAuth::basic ? "basic" : "digest"); });

TEST_F(HttpProxy, its_close_of_an_idle_connection_is_noticed_at_once) {
    const SquidProxy squid({.client_idle_pconn_timeout = "1 second"});
    ask_through(squid.url());
    client().expect_more(true);
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    EXPECT_EQ(client().connections().idle, 1u);
    expect_closed_with_the_proxy(squid.port());
    ASSERT_THAT(fetch_url(origin.url("/b")), Succeeded());
    EXPECT_EQ(client().connections().opened, 2u);
}

TEST_F(HttpProxy, that_closes_as_the_next_request_comes_loses_nothing) {
    ScriptedOrigin proxy;
    proxy.on(When{.connection = 1, .number_on_connection = 2}, Reply::steps({CloseFin{}}));
    proxy.on(When{}, Reply{.body = "x"});
    ask_through(url_of(proxy));
    client().expect_more(true);
    ASSERT_THAT(fetch_url("http://a.test/1"), Succeeded());
    ASSERT_THAT(fetch_url("http://b.test/2"), Succeeded()) << "of another origin, and stale all the same";
    EXPECT_EQ(client().connections().resends, 1u);
    EXPECT_EQ(proxy.requests().size(), 3u);
}

TEST_F(HttpProxy, that_closes_after_each_request_loses_none) {
    const TinyProxy tiny;
    ask_through(tiny.url());
    client().expect_more(true);
    const auto results = client().fetch(std::vector<FetchRequest>(20, document(origin.url("/a"))));
    for (const auto& result : results) {
        ASSERT_THAT(result, Succeeded());
    }
    // A close that was not announced may cross a request that already took the connection: it is sent again (rule B), and
    // the origin still hears of each request once, as the proxy closed without having read it.
    EXPECT_EQ(origin.requests().size(), 20u);
    expect_closed_with_the_proxy(tiny.port());
}

TEST_F(HttpProxy, that_asks_for_a_password_and_closes_is_asked_again) {
    const TinyProxy tiny({.user = "user", .password = kSecret});
    ask_through(tiny.url(), "user", kSecret);
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    ASSERT_THAT(fetch_url(origin.url("/b")), Succeeded());
    EXPECT_EQ(client().connections().opened, 3u) << "the challenge was needed once";
    EXPECT_EQ(origin.requests().size(), 2u);
}

TEST_F(HttpProxy, a_download_cut_off_behind_it_is_resumed_by_range) {
    const SquidProxy squid;
    ask_through(squid.url());
    const auto content = content_of(300'000);
    origin.forget("");
    auto request = file(origin.url("/file"));
    request.size = content.size();
    request.digests = {sha256(content)};
    leave_partial(request, "/file", content, 100'000, {{"ETag", "\"v1\""}});
    origin.serve_file("/file", content, {.etag = "\"v1\""});
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->fetched, 200'000u);
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=100000-");
}

class TlsProxy : public HttpProxy {
protected:
    [[nodiscard]] TlsFront front_of(const SquidProxy& squid, const CertificateFiles& files) {
        return TlsFront({.certificate = files.certificate, .key = files.key, .client_ca = {}, .connect = squid.port(), .directives = {}});
    }
};

TEST_F(TlsProxy, takes_http_requests) {
    const SquidProxy squid;
    const auto front = front_of(squid, ca.server());
    ask_through(front.url());
    request_options.connection.proxy.tls.ca = ca.certificate();
    client().expect_more(true);
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    ASSERT_THAT(fetch_url(origin.url("/b")), Succeeded());
    EXPECT_EQ(client().connections().opened, 1u);
    ASSERT_EQ(client().connection_list().size(), 1u);
    EXPECT_TRUE(client().connection_list()[0].tls);
}

TEST_F(TlsProxy, hears_basic_unasked) {
    const SquidProxy squid({.auth = ProxyAuth::basic, .user = "user", .password = kSecret});
    const auto front = front_of(squid, ca.server());
    ask_through(front.url(), "user", kSecret);
    request_options.connection.proxy.tls.ca = ca.certificate();
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    EXPECT_THAT(statuses_of(squid.wait_for_log(1)), ElementsAre(200));
}

TEST_F(TlsProxy, is_judged_by_its_own_options) {
    const SquidProxy squid;
    struct Row {
        const char* what;
        CertificateFiles files;
        TlsOptions tls;
        const char* cause;  // empty: good
    };
    const TlsOptions trusting{.verify = true, .ca = ca.certificate(), .client_certificate = {}, .client_key = {}};
    const std::vector<Row> rows{
        {"a CA that only the origin's options name", ca.server(), {}, "unknown issuer"},
        {"another host's", ca.wrong_host(), trusting, "elsewhere.test"},
        {"expired", ca.issue({.valid = Validity::expired}), trusting, "expired"},
        {"any", ca.wrong_host(), {.verify = false, .ca = {}, .client_certificate = {}, .client_key = {}}, ""},
        {"a CA file that is not there",
         ca.server(),
         {.verify = true, .ca = directory / "missing.pem", .client_certificate = {}, .client_key = {}},
         "missing.pem"},
    };
    for (const auto& row : rows) {
        const auto front = front_of(squid, row.files);
        ask_through(front.url());
        request_options.connection.proxy.tls = row.tls;
        const auto result = fetch_url(origin.url("/a"));
        if (*row.cause == '\0') {
            EXPECT_THAT(result, Succeeded()) << row.what;
            continue;
        }
        ASSERT_THAT(result, FailedWith(NetErrc::proxy_unreachable)) << row.what;
        EXPECT_THAT(result.error().cause, HasSubstr("proxy " + front.url() + ": ")) << row.what;
        EXPECT_THAT(result.error().cause, HasSubstr(row.cause)) << row.what;
    }
}

TEST_F(HttpProxy, that_is_not_there_is_named) {
    const RefusingPort refusing;
    const SilentPort silent;
    request_options.timeout = 300ms;
    for (const auto& proxy : {"http://127.0.0.1:" + std::to_string(refusing.port()), std::string("http://no-such-host.invalid:3128"),
                              "http://127.0.0.1:" + std::to_string(silent.port())}) {
        ask_through(proxy, "user", kSecret);
        const auto result = fetch_url(origin.url("/a"));
        ASSERT_THAT(result, FailedWith(NetErrc::proxy_unreachable)) << proxy;
        EXPECT_THAT(result.error().cause, HasSubstr("proxy " + proxy + ": "));
        EXPECT_THAT(result.error().next_step, HasSubstr("http_proxy"));
        EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    }
    EXPECT_TRUE(origin.requests().empty());
}

struct BadAnswer {
    const char* what;
    Steps steps;
    std::error_code code;
    std::string cause;
};

class BadHttpProxy : public HttpProxy, public ::testing::WithParamInterface<BadAnswer> {};

TEST_P(BadHttpProxy, is_an_error_that_names_it) {
    ScriptedOrigin proxy;
    proxy.on(When{}, Reply::steps(GetParam().steps));
    ask_through(url_of(proxy), "user", kSecret);
    request_options.timeout = 500ms;
    const auto result = fetch_url("http://origin.test/a");
    ASSERT_THAT(result, FailedWith(GetParam().code));
    EXPECT_THAT(result.error().cause, HasSubstr(GetParam().cause));
    EXPECT_THAT(result.error().cause, HasSubstr("proxy"));
    EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    EXPECT_EQ(proxy.requests().size(), 1u);
    EXPECT_TRUE(becomes_true([&] { return client().connections().open == 0; }));
}

const std::string squid_says = "\r\nX-Squid-Error: ERR_X 0\r\nContent-Length: 0\r\n\r\n";

INSTANTIATE_TEST_SUITE_P(
    Table, BadHttpProxy,
    ::testing::Values(BadAnswer{"closes", {CloseFin{}}, NetErrc::closed, ""}, BadAnswer{"resets", {Reset{}}, NetErrc::reset, ""},
                      BadAnswer{"is_silent", {WaitForPeerClose{}}, Errc::timed_out, ""},
                      BadAnswer{"stops_in_the_head", {Send{"HTTP/1.1 200"}, CloseFin{}}, NetErrc::closed, ""},
                      BadAnswer{"talks_junk", {Send{"220 mail.test ESMTP\r\n\r\n"}}, HttpErrc::bad_head, ""},
                      BadAnswer{"says_502", {Send{"HTTP/1.1 502 Bad Gateway" + squid_says}}, HttpErrc::server_error, "502 Bad Gateway"},
                      BadAnswer{"says_503", {Send{"HTTP/1.1 503 Busy" + squid_says}}, HttpErrc::unavailable, "503 Busy"},
                      BadAnswer{"says_403", {Send{"HTTP/1.1 403 Forbidden" + squid_says}}, HttpErrc::forbidden, "403 Forbidden"}),
    [](const auto& instance) { return std::string(instance.param.what); });

TEST_F(HttpProxy, an_origin_that_is_down_behind_it_is_told_in_its_name) {
    const SquidProxy squid;
    const RefusingPort refusing;
    ask_through(squid.url());
    const auto result = fetch_url(refusing.url("/a"));
    ASSERT_THAT(result, FailedWith(HttpErrc::unavailable));
    EXPECT_EQ(result.error().http_status, 503);
    EXPECT_THAT(result.error().cause, HasSubstr("the proxy answered 503"));
}

}  // namespace
}  // namespace lastack::test
