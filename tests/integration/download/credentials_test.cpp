// Who is told which user name and password, and when.
#include "http/error.hpp"
#include "proxy_fixture.hpp"
#include "support/run_command.hpp"
#include "support/tls_peer.hpp"

namespace lastack::test {
namespace {

using http::HttpErrc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kBasic = "Basic dXNlcjpodW50ZXIyLXNlY3JldA==";  // user:hunter2-secret
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody";

// Answers with 401 (407) until the field is there.
Responder asking_for(std::string scheme, std::string field = "Authorization") {
    return [scheme = std::move(scheme), field = std::move(field)](const SeenRequest& request) {
        if (request.has(field)) {
            return Reply{.body = "body"};
        }
        const bool proxy = field != "Authorization";
        return Reply{.status = proxy ? 407 : 401,
                     .headers = {{proxy ? "Proxy-Authenticate" : "WWW-Authenticate", scheme + " realm=\"r\""}},
                     .body = "who?"};
    };
}

class CredentialsTest : public ProxyTest {
protected:
    void log_in(std::string username = "user", std::string password = kSecret) {
        request_options.connection.username = std::move(username);
        request_options.connection.password = std::move(password);
    }
    static std::vector<bool> authorized(const ScriptedOrigin& asked) {
        std::vector<bool> seen;
        for (const auto& request : asked.requests()) {
            seen.push_back(request.has("Authorization"));
        }
        return seen;
    }
};

class NginxWithPasswords : public CredentialsTest {
protected:
    [[nodiscard]] NginxOptions protected_by_password() const {
        const auto file = directory.write("htpasswd", "user:" + must_run({"openssl", "passwd", "-5", kSecret}) + "\n");
        return {.locations = {{"/private/", "auth_basic \"here\"; auth_basic_user_file " + file.string() + ";"}}};
    }
    static std::vector<int> statuses_of(const std::vector<NginxLogLine>& lines) {
        std::vector<int> statuses;
        for (const auto& line : lines) {
            statuses.push_back(line.status);
        }
        return statuses;
    }
};

TEST_F(NginxWithPasswords, basic_is_said_after_a_challenge_and_then_unasked) {
    const NginxServer server(protected_by_password());
    server.publish("private/f", "body");
    log_in();
    client().expect_more(true);
    ASSERT_THAT(fetch_url(server.url("/private/f")), Succeeded());
    ASSERT_THAT(fetch_url(server.url("/private/f")), Succeeded());
    const auto lines = server.wait_for_log(3);
    EXPECT_THAT(statuses_of(lines), ElementsAre(401, 200, 200));
    EXPECT_EQ(distinct_connections(lines), 1u);
}

TEST_F(NginxWithPasswords, a_wrong_password_is_tried_once) {
    const NginxServer server(protected_by_password());
    server.publish("private/f", "body");
    log_in("user", "wrong-secret");
    request_options.retries = 10;
    const auto result = fetch_url(server.url("/private/f"));
    ASSERT_THAT(result, FailedWith(HttpErrc::forbidden));
    EXPECT_EQ(result.error().http_status, 401);
    EXPECT_THAT(result.error().cause, HasSubstr("the server answered 401"));
    EXPECT_THAT(result.error().next_step, HasSubstr("credentials"));
    EXPECT_THAT(result.error(), SaysNothingOf("wrong-secret"));
    EXPECT_THAT(statuses_of(server.wait_for_log(2)), ElementsAre(401, 401));
}

TEST_F(NginxWithPasswords, over_https_basic_is_said_at_once) {
    auto server_options = protected_by_password();
    const auto files = ca.server();
    server_options.tls = NginxTls{.certificate = files.certificate, .key = files.key, .client_ca = {}};
    const NginxServer server(server_options);
    server.publish("private/f", "body");
    log_in();
    ASSERT_THAT(fetch_url(server.url("/private/f")), Succeeded());
    log_in("user", "wrong-secret");
    ASSERT_THAT(fetch_url(server.url("/private/f")), FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(statuses_of(server.wait_for_log(2)), ElementsAre(200, 401));
}

TEST_F(NginxWithPasswords, a_download_is_resumed_with_them) {
    const NginxServer server(protected_by_password());
    const auto content = content_of(100'000);
    server.publish("private/f", content);
    log_in();
    auto request = file(server.url("/private/f"));
    request.digests = {sha256(content)};
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content) << "the body of the challenge is no part of it";
}

TEST_F(CredentialsTest, over_http_nothing_is_said_before_a_challenge) {
    origin.on("/open", Reply{.body = "body"});
    origin.on(When{}, asking_for("Basic"));
    log_in();
    ASSERT_THAT(fetch_url(origin.url("/open")), Succeeded());
    ASSERT_THAT(fetch_url(origin.url("/a")), Succeeded());
    EXPECT_THAT(authorized(origin), ElementsAre(false, false, true));
    EXPECT_EQ(origin.requests().back().header("Authorization"), kBasic);
}

TEST_F(CredentialsTest, in_the_url_are_used_and_not_sent_as_part_of_it) {
    origin.on(When{}, asking_for("Basic"));
    const auto at = "@127.0.0.1:" + std::to_string(origin.port()) + "/a";
    ASSERT_THAT(fetch_url("http://user:" + std::string(kSecret) + at), Succeeded());
    EXPECT_EQ(origin.requests().back().header("Authorization"), kBasic);
    EXPECT_EQ(origin.requests().back().target, "/a");
    EXPECT_EQ(origin.requests().back().header("Host"), "127.0.0.1:" + std::to_string(origin.port()));
    ASSERT_THAT(fetch_url("http://u%40ser:p%3Aw%20" + at), Succeeded());
    EXPECT_EQ(origin.requests().back().header("Authorization"), "Basic dUBzZXI6cDp3IA==");
    log_in();
    ASSERT_THAT(fetch_url("http://other:one" + at), Succeeded());
    EXPECT_EQ(origin.requests().back().header("Authorization"), kBasic) << "the options' win";
}

TEST_F(CredentialsTest, without_them_a_challenge_is_an_answer) {
    origin.on(When{}, asking_for("Basic"));
    request_options.retries = 10;
    ASSERT_THAT(fetch_url(origin.url("/a")), FailedWith(HttpErrc::forbidden));
    EXPECT_EQ(origin.requests().size(), 1u);
}

TEST_F(CredentialsTest, for_a_scheme_that_is_not_spoken_are_not_said) {
    origin.on(When{}, asking_for("Negotiate"));
    log_in();
    ASSERT_THAT(fetch_url(origin.url("/a")), FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(authorized(origin), ElementsAre(false));
}

class RedirectedCredentials : public CredentialsTest {
protected:
    RedirectedCredentials() {
        log_in();
        origin.on(When{.path = "/elsewhere"}, [this](const SeenRequest& request) {
            return request.has("Authorization") ? Reply::redirect(target) : asking_for("Basic")(request);
        });
        origin.on(When{}, asking_for("Basic"));
    }
    std::string target;
};

TEST_F(RedirectedCredentials, follow_within_the_origin) {
    target = "/here";
    ASSERT_THAT(fetch_url(origin.url("/elsewhere")), Succeeded());
    EXPECT_THAT(authorized(origin), ElementsAre(false, true, true));
}

TEST_F(RedirectedCredentials, do_not_follow_to_another_port) {
    ScriptedOrigin other;
    other.on(When{}, asking_for("Basic"));
    target = other.url("/there");
    EXPECT_THAT(fetch_url(origin.url("/elsewhere")), FailedWith(HttpErrc::forbidden));
    const auto url = "http://user:" + std::string(kSecret) + "@127.0.0.1:" + std::to_string(origin.port()) + "/elsewhere";
    EXPECT_THAT(fetch_url(url), FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(authorized(other), ElementsAre(false, false));
}

TEST_F(RedirectedCredentials, do_not_follow_to_another_name) {
    target = origin.url_at("localhost", "/there");
    EXPECT_THAT(fetch_url(origin.url("/elsewhere")), FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(authorized(origin), ElementsAre(false, true, false));
}

TEST_F(RedirectedCredentials, do_not_follow_to_https_where_they_would_be_said_unasked) {
    TlsPeer other({.identity = ca.server()});
    other.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kOk, .requests = 0}});
    target = other.url("/there");
    ASSERT_THAT(fetch_url(origin.url("/elsewhere")), Succeeded());
    const auto request = other.record().connections.at(0).requests.at(0);
    EXPECT_FALSE(request.has("Authorization"));
    EXPECT_THAT(request.header("Host"), Not(HasSubstr("user")));
}

TEST_F(RedirectedCredentials, a_server_hands_out_none) {
    target = "http://them:their-secret@127.0.0.1:" + std::to_string(origin.port()) + "/there";
    ASSERT_THAT(fetch_url(origin.url("/elsewhere")), Succeeded());
    EXPECT_EQ(origin.requests().back().header("Authorization"), kBasic) << "ours, for it is the same origin";
    ScriptedOrigin other;
    other.on(When{}, asking_for("Basic"));
    target = "http://them:their-secret@127.0.0.1:" + std::to_string(other.port()) + "/there";
    EXPECT_THAT(fetch_url(origin.url("/elsewhere")), FailedWith(HttpErrc::forbidden));
    EXPECT_THAT(authorized(other), ElementsAre(false));
}

TEST_F(CredentialsTest, of_origin_and_proxy_are_told_apart) {
    ScriptedOrigin proxy;
    proxy.on(When{}, [](const SeenRequest& request) {
        return request.has("Proxy-Authorization") ? asking_for("Basic")(request) : asking_for("Basic", "Proxy-Authorization")(request);
    });
    log_in();
    ask_through(url_of(proxy), "proxy-user", "proxy-secret");
    ASSERT_THAT(fetch_url("http://origin.test/a"), Succeeded());
    const auto seen = proxy.requests();
    ASSERT_EQ(seen.size(), 3u);
    EXPECT_FALSE(seen[0].has("Authorization") || seen[0].has("Proxy-Authorization"));
    EXPECT_FALSE(seen[1].has("Authorization"));
    EXPECT_EQ(seen[2].header("Authorization"), kBasic);
    EXPECT_EQ(seen[2].header("Proxy-Authorization"), "Basic cHJveHktdXNlcjpwcm94eS1zZWNyZXQ=");
}

TEST_F(CredentialsTest, of_one_are_not_for_the_others_challenge) {
    origin.on(When{}, asking_for("Basic", "Proxy-Authorization"));
    log_in();
    EXPECT_THAT(fetch_url(origin.url("/a")), FailedWith(HttpErrc::forbidden)) << "407 of an origin";
    ScriptedOrigin proxy;
    proxy.on(When{}, asking_for("Basic"));
    log_in("", "");
    ask_through(url_of(proxy), "proxy-user", kSecret);
    EXPECT_THAT(fetch_url("http://origin.test/a"), FailedWith(HttpErrc::forbidden)) << "401 through the proxy";
    for (const auto* asked : {&origin, &proxy}) {
        ASSERT_EQ(asked->requests().size(), 1u);
        EXPECT_FALSE(asked->requests()[0].has("Authorization"));
        EXPECT_FALSE(asked->requests()[0].has("Proxy-Authorization"));
    }
}

TEST_F(CredentialsTest, of_a_proxy_go_to_no_other) {
    ScriptedOrigin first;
    ScriptedOrigin second;
    first.on(When{}, asking_for("Basic", "Proxy-Authorization"));
    second.on(When{}, asking_for("Basic", "Proxy-Authorization"));
    ask_through("http://user:" + std::string(kSecret) + "@127.0.0.1:" + std::to_string(first.port()));
    ASSERT_THAT(fetch_url("http://origin.test/a"), Succeeded());
    ask_through(url_of(second));
    EXPECT_THAT(fetch_url("http://origin.test/a"), FailedWith(HttpErrc::forbidden));
    ASSERT_EQ(second.requests().size(), 1u);
    EXPECT_FALSE(second.requests()[0].has("Proxy-Authorization"));
}

TEST_F(CredentialsTest, are_in_no_error_trace_or_event) {
    std::mutex mutex;
    std::string trace;
    std::string events;
    ClientOptions traced = options;
    traced.trace = [&](std::string_view line) {
        const std::scoped_lock lock(mutex);
        trace += std::string(line) + "\n";
    };
    traced.on_connection_event = [&](const ConnectionEvent& event) {
        const std::scoped_lock lock(mutex);
        events += describe(event) + " " + event.origin + " " + event.proxy + " " + event.why + "\n";
    };
    Client own(traced);
    ScriptedOrigin proxy;
    proxy.on(When{.path = "origin.test:443"}, Reply{.status = 502});
    proxy.on(When{}, asking_for("Basic", "Proxy-Authorization"));
    origin.on(When{}, asking_for("Basic"));
    const auto user_info = "user:" + std::string(kSecret) + "@";
    const auto at_origin = user_info + "127.0.0.1:" + std::to_string(origin.port());
    const auto at_proxy = user_info + "127.0.0.1:" + std::to_string(proxy.port());
    std::string said;
    for (const auto& [url, by] :
         std::vector<std::pair<std::string, std::string>>{{"http://" + at_origin + "/a", ""},
                                                          {"http://" + at_origin + "/a", "http://" + at_proxy},
                                                          {"https://" + user_info + "origin.test/", "http://" + at_proxy},
                                                          {"http://" + at_origin + "/a", "socks5://" + at_proxy + "/x"},
                                                          {"http://" + at_origin + ":/a", ""},
                                                          {"http://" + user_info + "no-such-host.invalid/", ""}}) {
        ask_through(by);
        for (const auto& result : own.fetch({document(url)})) {
            said += result ? result->url : describe(result.error());
        }
        for (const auto& info : own.connection_list()) {
            said += info.origin + info.proxy;
        }
    }
    own.close_connections();
    const std::scoped_lock lock(mutex);
    EXPECT_FALSE(trace.empty());
    EXPECT_FALSE(events.empty());
    for (const auto& text : {said, trace, events}) {
        EXPECT_THAT(text, Not(HasSubstr(kSecret)));
        EXPECT_THAT(text, Not(HasSubstr(kBasic.substr(6))));
    }
}

TEST_F(CredentialsTest, that_would_end_a_line_are_refused_before_anything_is_sent) {
    origin.on(When{}, asking_for("Basic"));
    const auto refused = [&](const char* what) {
        const auto result = fetch_url(origin.url("/a"));
        ASSERT_THAT(result, FailedWith(Errc::invalid_argument)) << what;
        EXPECT_THAT(result.error(), SaysNothingOf(kSecret)) << what;
    };
    log_in("user\r\nX-Smuggled: 1", kSecret);
    refused("user name");
    log_in("user", kSecret + std::string("\nX-Smuggled: 1"));
    refused("password");
    log_in("", "");
    ask_through(origin.url(""), "user\r\nX-Smuggled: 1", kSecret);
    refused("the proxy's user name");
    ask_through("");
    request_options.user_agent = "x\r\nX-Smuggled: 1";
    refused("user agent");
    request_options.user_agent = "";
    auto conditional = document(origin.url("/a"));
    conditional.if_none_match = "\"x\"\r\nX-Smuggled: 1";
    EXPECT_THAT(fetch(conditional), FailedWith(Errc::invalid_argument));
    EXPECT_THAT(fetch_url("http://u%0d%0aX:" + std::string(kSecret) + "@127.0.0.1:" + std::to_string(origin.port()) + "/"),
                FailedWith(Errc::invalid_argument));
    EXPECT_THAT(fetch_url(origin.url("/a\r\nX-Smuggled:1")), FailedWith(Errc::invalid_argument));
    EXPECT_TRUE(origin.requests().empty());
}

}  // namespace
}  // namespace lastack::test
