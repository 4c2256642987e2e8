// http_proxy, https_proxy and no_proxy of the environment, and the options that win over them.
#include "proxy_fixture.hpp"

#include <cstdlib>

namespace lastack::test {
namespace {

using net::NetErrc;
using ::testing::HasSubstr;

// A variable of the environment for as long as it lives. Read by a Client when it is made.
class ScopedVariable {
public:
    ScopedVariable(const char* name, const char* value) : name_{name} {
        if (const char* before = std::getenv(name)) {
            before_ = before;
        }
        ::setenv(name, value, 1);
    }
    ~ScopedVariable() {
        if (before_) {
            ::setenv(name_, before_->c_str(), 1);
        } else {
            ::unsetenv(name_);
        }
    }
    ScopedVariable(const ScopedVariable&) = delete;
    ScopedVariable& operator=(const ScopedVariable&) = delete;

private:
    const char* name_;
    std::optional<std::string> before_;
};

class ProxyEnvironment : public ProxyTest {
protected:
    ProxyEnvironment() {
        origin.on(When{}, Reply{.body = "body"});
        proxy.on(When{}, Reply{.body = "by proxy"});
    }
    std::string body_of(const std::string& url) {
        const auto result = fetch_url(url);
        return result ? result->body : describe(result.error());
    }

    ScriptedOrigin proxy;
};

TEST_F(ProxyEnvironment, names_the_proxy_when_the_options_do_not) {
    const ScopedVariable http("http_proxy", url_of(proxy).c_str());
    EXPECT_EQ(body_of(origin.url("/a")), "by proxy");
    EXPECT_EQ(proxy.requests().at(0).target, origin.url("/a"));
    ask_through("_none_");
    EXPECT_EQ(body_of(origin.url("/a")), "body");
    ask_through("");
    EXPECT_EQ(body_of(origin.url("/a")), "body");
    ScriptedOrigin other;
    other.on(When{}, Reply{.body = "by the other"});
    ask_through(url_of(other));
    EXPECT_EQ(body_of(origin.url("/a")), "by the other");
}

TEST_F(ProxyEnvironment, exempts_hosts) {
    const ScopedVariable http("http_proxy", url_of(proxy).c_str());
    const ScopedVariable none("no_proxy", "example.org,127.0.0.0/8");
    EXPECT_EQ(body_of(origin.url("/a")), "body");
    EXPECT_EQ(body_of(origin.url_at("localhost", "/a")), "by proxy");
    ask_through(url_of(proxy));
    EXPECT_EQ(body_of(origin.url("/a")), "by proxy") << "no_proxy is about the environment's proxies only";
}

TEST_F(ProxyEnvironment, in_capitals_is_ignored_for_http) {
    const ScopedVariable http("HTTP_PROXY", url_of(proxy).c_str());
    EXPECT_EQ(body_of(origin.url("/a")), "body");
}

TEST_F(ProxyEnvironment, names_another_proxy_for_https) {
    const ScopedVariable https("https_proxy", url_of(proxy).c_str());
    proxy.on(When{}, Reply{.status = 403});
    EXPECT_THAT(fetch_url("https://origin.test/"), FailedWith(NetErrc::proxy_refused));
    EXPECT_EQ(proxy.requests().at(0).method, "CONNECT");
    EXPECT_EQ(body_of(origin.url("/a")), "body");
}

TEST_F(ProxyEnvironment, is_read_when_the_client_is_made) {
    (void)client();
    const ScopedVariable http("http_proxy", url_of(proxy).c_str());
    EXPECT_EQ(body_of(origin.url("/a")), "body");
}

TEST_F(ProxyEnvironment, that_makes_no_sense_is_an_error_and_not_a_direct_request) {
    const std::string odd = "file:///user:" + std::string(kSecret) + "@host";
    const ScopedVariable http("http_proxy", odd.c_str());
    const auto result = fetch_url(origin.url("/a"));
    ASSERT_THAT(result, FailedWith(Errc::invalid_argument));
    EXPECT_THAT(result.error().cause, HasSubstr("http_proxy"));
    EXPECT_THAT(result.error(), SaysNothingOf(kSecret));
    EXPECT_TRUE(origin.requests().empty());
}

}  // namespace
}  // namespace lastack::test
