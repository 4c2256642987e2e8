// What docs/guide/urlgrabber.md says of options, where no other test shows it.
#include "base/file.hpp"
#include "client_fixture.hpp"
#include "tls_fixture.hpp"

#include <openssl/pem.h>

#include <chrono>
#include <cstdio>
#include <sys/xattr.h>

namespace lastack::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class UrlgrabberOption : public ClientTest {
protected:
    // What the origin was asked with by the last request for this path.
    [[nodiscard]] std::string sent(std::string_view path, std::string_view field) const {
        std::string value;
        for (const auto& request : origin.requests()) {
            if (request.path() == path) {
                value = request.header(field);
            }
        }
        return value;
    }
};

TEST_F(UrlgrabberOption, of_the_client_gives_way_to_the_mirrors_and_that_to_the_requests) {
    origin.on(When{}, Reply{.body = "x"});
    options.request = {.user_agent = "client/1", .headers = {{"X-Client", "1"}}};
    options.mirrors = {{.url = origin.url("/mirror"), .options = {.user_agent = "mirror/1", .no_cache = true}}};
    ASSERT_THAT(fetch(document(origin.url("/f"))), Succeeded());
    EXPECT_EQ(sent("/f", "User-Agent"), "client/1");
    EXPECT_EQ(sent("/f", "X-Client"), "1");
    ASSERT_THAT(download(file(origin.url("/mirror/f"))), Succeeded());
    EXPECT_EQ(sent("/mirror/f", "User-Agent"), "mirror/1");
    EXPECT_EQ(sent("/mirror/f", "X-Client"), "1");
    EXPECT_EQ(sent("/mirror/f", "Pragma"), "no-cache");
    request_options.user_agent = "request/1";
    request_options.no_cache = false;
    ASSERT_THAT(client().open(document(origin.url("/mirror/f"))).value().read({}), Succeeded());
    EXPECT_TRUE(origin.wait_for([](const Record& record) { return record.requests.size() == 3; }));
    EXPECT_EQ(sent("/mirror/f", "User-Agent"), "request/1");
    EXPECT_EQ(sent("/mirror/f", "Pragma"), "");
}

TEST_F(UrlgrabberOption, of_the_client_and_of_mirrors_that_make_no_sense_are_refused_like_a_requests) {
    options.mirrors = {{.url = origin.url("/m"), .options = {.user_agent = "a\nb"}}};
    EXPECT_THAT(fetch(document(origin.url("/m/f"))), FailedWith(Errc::invalid_argument));
    EXPECT_THAT(download(file(std::vector{origin.url("/f"), origin.url("/m/f")})), FailedWith(Errc::invalid_argument));
    EXPECT_EQ(origin.accepted(), 0);
}

TEST_F(UrlgrabberOption, retries_and_timeout_of_the_client_count_where_the_request_has_none) {
    options.request = {.timeout = 200ms, .retries = 1};
    request_options = {};
    origin.on("/silent", Reply::steps({WaitUntil{"never"}}));
    EXPECT_THAT(fetch(document(origin.url("/silent"))), FailedWith(Errc::timed_out));
    EXPECT_EQ(origin.requests().size(), 1u);
}

TEST_F(UrlgrabberOption, a_mirrors_credentials_go_to_that_mirror_alone) {
    ScriptedOrigin other;
    const Reply wanted{.status = 401, .headers = {{"WWW-Authenticate", "Basic realm=\"r\""}}};
    for (ScriptedOrigin* each : {&origin, &other}) {
        each->on(When{}, [&wanted](const SeenRequest& request) { return request.has("Authorization") ? Reply{.body = "in"} : wanted; });
    }
    options.mirrors = {{.url = origin.url(), .options = {.connection = {.username = "u", .password = "p"}}}};
    ASSERT_THAT(fetch(document(origin.url("/f"))), Succeeded());
    ASSERT_FALSE(fetch(document(other.url("/f"))));
    for (const auto& request : other.requests()) {
        EXPECT_FALSE(request.has("Authorization"));
    }
}

TEST_F(UrlgrabberOption, a_url_is_asked_for_as_it_stands) {
    origin.on(When{}, Reply{.body = "x"});
    ASSERT_THAT(fetch(document(origin.url("/a%20b+c~d//e?q=%2F"))), Succeeded());
    EXPECT_EQ(origin.requests().back().target, "/a%20b+c~d//e?q=%2F");
    EXPECT_THAT(fetch(document(origin.url("/a b"))), FailedWith(Errc::invalid_argument));
}

TEST_F(UrlgrabberOption, a_path_is_no_url) {
    directory.write("here", "x");
    EXPECT_THAT(fetch(document((directory / "here").string())), FailedWith(Errc::invalid_argument));
    EXPECT_THAT(fetch(document("file:" + (directory / "here").string())), Succeeded());
    EXPECT_THAT(fetch(document("")), FailedWith(Errc::invalid_argument));
}

TEST_F(UrlgrabberOption, a_file_has_the_date_of_its_writing_and_no_attribute_of_its_origin) {
    origin.serve_file("/f", "content", {.last_modified = "Sun, 06 Nov 1994 08:49:37 GMT"});
    ASSERT_THAT(download(file(origin.url("/f"))), Succeeded());
    const auto age = std::filesystem::file_time_type::clock::now() - std::filesystem::last_write_time(directory / "file");
    EXPECT_LT(age, std::chrono::hours{1});
    EXPECT_LT(::getxattr((directory / "file").c_str(), "user.xdg.origin.url", nullptr, 0), 0);
    const auto same = fetch(document(origin.url("/f")));
    ASSERT_THAT(same, Succeeded());
    EXPECT_EQ(same->last_modified, "Sun, 06 Nov 1994 08:49:37 GMT") << "whoever wants the date can have it";
}

TEST_F(UrlgrabberOption, ip_resolve_chooses_the_addresses_of_a_name) {
    ScriptedOrigin v4{{.address = "127.0.0.1", .host = "localhost"}};
    v4.on(When{}, Reply{.body = "x"});
    request_options.connection.ip_family = IpFamily::v4;
    EXPECT_THAT(fetch(document(v4.url("/f"))), Succeeded());
    request_options.connection.ip_family = IpFamily::v6;
    EXPECT_FALSE(fetch(document(v4.url("/f"))));
    EXPECT_EQ(v4.accepted(), 1) << "no IPv4 address was tried";
}

TEST_F(UrlgrabberOption, a_fraction_of_the_bandwidth_is_the_callers_multiplication) {
    constexpr std::uint64_t bandwidth = 800'000;
    options.request.rate_limit = static_cast<std::uint64_t>(0.5 * bandwidth);
    const auto content = content_of(400'000);
    origin.serve_file("/f", content);
    const auto begun = Clock::now();
    ASSERT_THAT(download(file(origin.url("/f"))), Succeeded());
    EXPECT_GT(Clock::now() - begun, 800ms);
}

TEST_F(UrlgrabberOption, after_a_refused_check_a_second_request_may_ask_past_the_caches) {
    origin.on(When{.path = "/f"},
              [](const SeenRequest& request) { return Reply{.body = request.header("Pragma") == "no-cache" ? "new" : "old"}; });
    auto request = document(origin.url("/f"));
    request.check = [](std::string_view body) -> Result<void> {
        return body == "new" ? Result<void>{} : Failure{Error{.cause = "out of date"}};
    };
    ASSERT_FALSE(fetch(request));
    request.options.no_cache = true;
    EXPECT_THAT(fetch(request), Succeeded());
}

TEST_F(UrlgrabberOption, no_request_asks_for_compression_or_sends_a_cookie_of_its_own) {
    origin.on(When{}, Reply{.headers = {{"Set-Cookie", "a=b"}}, .body = "x"});
    ASSERT_THAT(fetch(document(origin.url("/f"))), Succeeded());
    ASSERT_THAT(fetch(document(origin.url("/f"))), Succeeded());
    for (const auto& request : origin.requests()) {
        EXPECT_FALSE(request.has("Cookie"));
        EXPECT_THAT(std::string{request.header("Accept-Encoding")}, Not(HasSubstr("gzip")));
    }
}

class UrlgrabberTls : public TlsTest {};

TEST_F(UrlgrabberTls, ssl_key_pass_opens_an_encrypted_key) {
    const auto mine = ca.client("anna");
    const auto encrypted = directory / "encrypted.pem";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in{std::fopen(mine.key.c_str(), "re"), std::fclose};
    const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key{PEM_read_PrivateKey(in.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
    ASSERT_TRUE(key);
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out{std::fopen(encrypted.c_str(), "we"), std::fclose};
    const std::string password = "secret";
    ASSERT_EQ(PEM_write_PKCS8PrivateKey(out.get(), key.get(), EVP_aes_256_cbc(), password.data(), static_cast<int>(password.size()),
                                        nullptr, nullptr),
              1);
    out.reset();
    auto demanding = peer_options();
    demanding.client_ca = ca.certificate();
    DocumentPeer peer(demanding);
    tls().client_certificate = mine.certificate;
    tls().client_key = encrypted;
    tls().client_key_password = password;
    expect_body(peer.url("/f"), "body");
    for (const char* wrong : {"", "another"}) {
        tls().client_key_password = wrong;
        const auto result = fetch(document(peer.url("/f")));
        ASSERT_THAT(result, FailedWith(net::NetErrc::bad_tls_file)) << wrong;
        EXPECT_THAT(describe(result.error()), Not(HasSubstr("another"))) << "no password in an error";
    }
}

}  // namespace
}  // namespace lastack::test
