#include "http/proxy_url.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::http {
namespace {

using net::ProxyTarget;
using testing::HasSubstr;
using testing::Not;
using Scheme = ProxyTarget::Scheme;

struct Accepted {
    std::string text;
    ProxyTarget proxy;
};

ProxyTarget proxy(Scheme scheme, const char* host, std::uint16_t port, const char* user = "", const char* password = "") {
    return {.scheme = scheme, .host = host, .port = port, .username = user, .password = password, .tls = {}};
}

TEST(ProxyUrl, names_scheme_host_port_and_credentials) {
    const Accepted rows[] = {
        {"http://proxy.example:8080", proxy(Scheme::http, "proxy.example", 8080)},
        {"http://proxy.example:8080/", proxy(Scheme::http, "proxy.example", 8080)},
        {"HTTP://Proxy.Example:80", proxy(Scheme::http, "proxy.example", 80)},
        {"http://proxy", proxy(Scheme::http, "proxy", 3128)},
        {"http://proxy:", proxy(Scheme::http, "proxy", 3128)},
        {"https://proxy", proxy(Scheme::https, "proxy", 3128)},
        {"socks5://proxy", proxy(Scheme::socks5, "proxy", 1080)},
        {"socks5h://proxy:9050", proxy(Scheme::socks5h, "proxy", 9050)},
        {"proxy", proxy(Scheme::http, "proxy", 3128)},
        {"proxy:3129", proxy(Scheme::http, "proxy", 3129)},
        {"10.0.0.1:3129/", proxy(Scheme::http, "10.0.0.1", 3129)},
        {"[::1]", proxy(Scheme::http, "::1", 3128)},
        {"[FD00::A]:81", proxy(Scheme::http, "fd00::a", 81)},
        {"socks5://[::1]", proxy(Scheme::socks5, "::1", 1080)},
        {"user:pw@proxy:1", proxy(Scheme::http, "proxy", 1, "user", "pw")},
        {"http://user@proxy:1", proxy(Scheme::http, "proxy", 1, "user")},
        {"http://u:p:q@[::1]:1", proxy(Scheme::http, "::1", 1, "u", "p:q")},
        {"http://DOM%5cuser:p%40%2fss%3A@proxy", proxy(Scheme::http, "proxy", 3128, "DOM\\user", "p@/ss:")},
        {"http://u:50%@proxy", proxy(Scheme::http, "proxy", 3128, "u", "50%")},
        {"http://u:%zz%4@proxy", proxy(Scheme::http, "proxy", 3128, "u", "%zz%4")},
        {"socks5://a%3Ab:p@proxy", proxy(Scheme::socks5, "proxy", 1080, "a:b", "p")},
        {"http://@proxy", proxy(Scheme::http, "proxy", 3128)},
    };
    for (const auto& [text, expected] : rows) {
        const auto parsed = parse_proxy_url(text);
        ASSERT_TRUE(parsed) << text << ": " << describe(parsed.error());
        EXPECT_EQ(*parsed, expected) << text;
    }
}

TEST(ProxyUrl, that_is_none_is_refused_and_its_secret_not_shown) {
    const std::string secret = "hunter2";
    const std::pair<std::string, const char*> rows[] = {
        {"", "empty"},
        {std::string(9000, 'h'), "8192"},
        {"socks4://u:hunter2@proxy", "'socks4' is not http, https, socks5 or socks5h"},
        {"socks4a://proxy", "'socks4a'"},
        {"ftp://u:hunter2@proxy", "'ftp'"},
        {"file:///etc/passwd", "'file'"},
        {"u:hunter2://x@proxy", "its scheme is not"},
        {"://proxy", "its scheme is not"},
        {"http://", "the host is missing"},
        {"http://u:hunter2@", "the host is missing"},
        {"http://u:hunter2@:80", "the host is missing"},
        {"u:hunter2", "the port is not a number"},
        {"http://proxy:hunter2", "the port is not a number"},
        {"http://u:hunter2@proxy:0", "the port is not a number"},
        {"http://u:hunter2@proxy:65536", "the port is not a number"},
        {"http://u:hunter2@proxy:-1", "the port is not a number"},
        {"http://u:hunter2@pro xy", "a space"},
        {"http://u:hunter2@proxy\r\nX: y", "a space"},
        {"http://u:hunter2\xC3\xA9@proxy", "percent-encoded"},
        {"http://u:hunter2@pro%78y", "not allowed"},
        {"http://u:hunter2/x@proxy", "something follows"},
        {"http://u:12#hunter2@proxy", "something follows"},
        {"http://u:hunter2@proxy/proxy.pac", "something follows"},
        {"http://u:hunter2@proxy?x", "something follows"},
        {"http://u:hun@hunter2@proxy", "two '@'"},
        {"http://u:hunter2%0a@proxy", "control character"},
        {"http://u%00:hunter2@proxy", "control character"},
        {"http://u%3ax:hunter2@proxy", "holds a ':'"},
        {"http://[::1", "IPv6"},
        {"http://[hunter2]", "IPv6"},
        {"http://[:::::]", "IPv6"},
        {"http://[::1]x", "something follows the IPv6"},
        {"http://::1", "the host is missing"},
        {"http://-\\proxy", "percent-encoded"},
        {"socks5://u:" + std::string(256, 'p') + "@proxy", "255"},
    };
    for (const auto& [text, why] : rows) {
        const auto parsed = parse_proxy_url(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_EQ(parsed.error().code, Errc::invalid_argument) << text;
        EXPECT_THAT(parsed.error().cause, HasSubstr(why)) << text;
        EXPECT_THAT(describe(parsed.error()), Not(HasSubstr(secret))) << text;
    }
}

}  // namespace
}  // namespace lastack::http
