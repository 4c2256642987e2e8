#include "base/url.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack {
namespace {

TEST(Url, is_split_into_origin_user_info_and_target) {
    const auto url = parse_url("HTTP://user:p%40ss@Mirror.Example.ORG:8080/a/b%20c?x=1&y#part");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->origin, (Origin{.scheme = "http", .host = "mirror.example.org", .port = 8080}));
    EXPECT_EQ(url->user_info, "user:p%40ss");
    EXPECT_EQ(url->target, "/a/b%20c?x=1&y");
    EXPECT_EQ(url->path(), "/a/b%20c");
    EXPECT_EQ(url->host_field(), "mirror.example.org:8080");
    EXPECT_EQ(url->str(), "http://mirror.example.org:8080/a/b%20c?x=1&y");
}

struct Accepted {
    const char* text;
    const char* shown;
    const char* host_field;
    const char* origin;
};

class UrlAccepted : public testing::TestWithParam<Accepted> {};

TEST_P(UrlAccepted, is_shown_without_secrets_and_default_ports) {
    const auto url = parse_url(GetParam().text);
    ASSERT_TRUE(url) << url.error().cause;
    EXPECT_EQ(url->str(), GetParam().shown);
    EXPECT_EQ(url->host_field(), GetParam().host_field);
    EXPECT_EQ(to_string(url->origin), GetParam().origin);
    // What is shown means the same again.
    const auto again = parse_url(url->str());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->origin, url->origin);
    EXPECT_EQ(again->target, url->target);
}

INSTANTIATE_TEST_SUITE_P(
    Table, UrlAccepted,
    testing::Values(Accepted{"http://h", "http://h/", "h", "http://h:80"}, Accepted{"http://h:80/", "http://h/", "h", "http://h:80"},
                    Accepted{"https://h:443/x", "https://h/x", "h", "https://h:443"},
                    Accepted{"https://h:80/x", "https://h:80/x", "h:80", "https://h:80"},
                    Accepted{"http://h:/x", "http://h/x", "h", "http://h:80"}, Accepted{"http://h:1/", "http://h:1/", "h:1", "http://h:1"},
                    Accepted{"http://h:65535/", "http://h:65535/", "h:65535", "http://h:65535"},
                    Accepted{"http://h?q", "http://h/?q", "h", "http://h:80"}, Accepted{"http://h#f", "http://h/", "h", "http://h:80"},
                    Accepted{"http://:@h/", "http://h/", "h", "http://h:80"},
                    Accepted{"http://[::1]/x", "http://[::1]/x", "[::1]", "http://[::1]:80"},
                    Accepted{"http://[2001:DB8::A]:81/", "http://[2001:db8::a]:81/", "[2001:db8::a]:81", "http://[2001:db8::a]:81"},
                    Accepted{"http://127.0.0.1:8/", "http://127.0.0.1:8/", "127.0.0.1:8", "http://127.0.0.1:8"},
                    Accepted{"http://xn--bcher-kva.example/", "http://xn--bcher-kva.example/", "xn--bcher-kva.example",
                             "http://xn--bcher-kva.example:80"},
                    Accepted{"http://h//a//b", "http://h//a//b", "h", "http://h:80"},
                    Accepted{"http://h/a@b:c", "http://h/a@b:c", "h", "http://h:80"}));

class UrlRefused : public testing::TestWithParam<const char*> {};

TEST_P(UrlRefused, is_an_error_and_never_repaired) {
    const auto url = parse_url(GetParam());
    ASSERT_FALSE(url) << url->str();
    EXPECT_EQ(url.error().code, Errc::invalid_argument);
    EXPECT_FALSE(url.error().cause.empty());
}

INSTANTIATE_TEST_SUITE_P(Schemes, UrlRefused,
                         testing::Values("", "h", "/a", "//h/a", "http", "http:", "http:/h/a", "http:h", "file:///etc/passwd", "ftp://h/a",
                                         "gopher://h/", "data:text/plain,x", "javascript://h/", "httpx://h/", " http://h/", "http//h/",
                                         "://h/", "ht\ntp://h/"));
INSTANTIATE_TEST_SUITE_P(Hosts, UrlRefused,
                         testing::Values("http://", "http:///a", "http://@/", "http://evil%2Fgood/", "http://good@evil@h/",
                                         "http://good\\@evil/", "http://a..b/", "http://.a/", "http://a./", "http://a b/", "http://[::1/",
                                         "http://[::1]x/", "http://[]/", "http://[:]/", "http://[v1.a]/", "http://[::1%25eth0]/",
                                         "http://[1.2.3.4]/", "http://::1/", "http://h\xc3\xa4/",
                                         "http://a\xe3\x80\x82"
                                         "b/",
                                         "http://h\x7f/", "http://a,b/", "http://a;b/", "http://a=b/", "http://a!b/", "http://*/",
                                         "http://u:p@/x"));
INSTANTIATE_TEST_SUITE_P(Ports, UrlRefused,
                         testing::Values("http://h:0/", "http://h:65536/", "http://h:99999/", "http://h:80x/", "http://h:-1/",
                                         "http://h:+80/", "http://h: 80/", "http://h:8 0/", "http://h:80:81/", "http://h:0x50/",
                                         "http://h:18446744073709551696/", "http://[::1]:x/"));
INSTANTIATE_TEST_SUITE_P(Targets, UrlRefused,
                         testing::Values("http://h/a b", "http://h/a\tb", "http://h/a\r\nHost: evil", "http://h/\x01", "http://h/\x7f",
                                         "http://h/\x80", "http://h/a\\b", "http://h/\"", "http://h/<", "http://h/>", "http://h/{x}",
                                         "http://h/|", "http://h/^", "http://h/`", "http://h/a?b c", "http://h/a\xe2\x80\xae"));

TEST(Url, of_ftp_is_one_only_where_it_is_asked_for) {
    EXPECT_FALSE(parse_url("ftp://h/f"));
    const auto url = parse_url("ftp://u:p@H/f", Schemes::http_and_ftp);
    ASSERT_TRUE(url);
    EXPECT_EQ(url->origin, (Origin{.scheme = "ftp", .host = "h", .port = 21}));
    EXPECT_EQ(url->str(), "ftp://h/f");
    EXPECT_FALSE(parse_url("sftp://h/f", Schemes::http_and_ftp));
    EXPECT_FALSE(resolve_url(*parse_url("http://h/"), "ftp://h/f"));
}

TEST(Url, a_nul_byte_is_refused_wherever_it_stands) {
    const std::string url = "http://host:80/path?q";
    for (std::size_t i = 0; i <= url.size(); ++i) {
        std::string bad = url;
        bad.insert(i, 1, '\0');
        EXPECT_FALSE(parse_url(bad)) << i;
    }
}

TEST(Url, of_8192_bytes_is_taken_and_one_more_is_not) {
    const std::string head = "http://h/";
    EXPECT_TRUE(parse_url(head + std::string(8192 - head.size(), 'a')));
    EXPECT_FALSE(parse_url(head + std::string(8193 - head.size(), 'a')));
}

TEST(Url, host_of_255_bytes_is_taken_and_one_more_is_not) {
    EXPECT_TRUE(parse_url("http://" + std::string(255, 'a') + "/"));
    EXPECT_FALSE(parse_url("http://" + std::string(256, 'a') + "/"));
}

TEST(Url, errors_never_show_a_password) {
    for (const char* text : {"http://user:secret@h:0/", "ftp://user:secret@h/", "http://user:secret@h/a b", "http://user:secret@h:80x/",
                             "user:secret@h/x", "http://user:secret@", "http://user:sec@ret@h/"}) {
        const auto url = parse_url(text);
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(describe(url.error()).find("sec"), std::string::npos) << describe(url.error());
        EXPECT_EQ(describe(url.error()).find("ret@"), std::string::npos) << describe(url.error());
    }
}

struct Resolved {
    const char* reference;
    const char* expected;  // nothing: refused
};

class UrlResolution : public testing::TestWithParam<Resolved> {};

TEST_P(UrlResolution, follows_rfc_3986_section_5_4_within_http) {
    const auto base = parse_url("http://user:pw@a:81/b/c/d;p?q");
    ASSERT_TRUE(base);
    const auto url = resolve_url(*base, GetParam().reference);
    if (GetParam().expected == nullptr) {
        EXPECT_FALSE(url) << url->str();
        return;
    }
    ASSERT_TRUE(url) << url.error().cause;
    EXPECT_EQ(url->str(), GetParam().expected);
    EXPECT_TRUE(url->user_info.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, UrlResolution,
    testing::Values(Resolved{"g", "http://a:81/b/c/g"}, Resolved{"./g", "http://a:81/b/c/g"}, Resolved{"g/", "http://a:81/b/c/g/"},
                    Resolved{"/g", "http://a:81/g"}, Resolved{"//g", "http://g/"}, Resolved{"//g:82/x", "http://g:82/x"},
                    Resolved{"?y", "http://a:81/b/c/d;p?y"}, Resolved{"g?y", "http://a:81/b/c/g?y"},
                    Resolved{"#s", "http://a:81/b/c/d;p?q"}, Resolved{"g#s", "http://a:81/b/c/g"}, Resolved{";x", "http://a:81/b/c/;x"},
                    Resolved{"", "http://a:81/b/c/d;p?q"}, Resolved{".", "http://a:81/b/c/"}, Resolved{"./", "http://a:81/b/c/"},
                    Resolved{"..", "http://a:81/b/"}, Resolved{"../", "http://a:81/b/"}, Resolved{"../g", "http://a:81/b/g"},
                    Resolved{"../..", "http://a:81/"}, Resolved{"../../g", "http://a:81/g"}, Resolved{"../../../g", "http://a:81/g"},
                    Resolved{"/./g", "http://a:81/g"}, Resolved{"/../g", "http://a:81/g"}, Resolved{"g.", "http://a:81/b/c/g."},
                    Resolved{"..g", "http://a:81/b/c/..g"}, Resolved{"./../g", "http://a:81/b/g"}, Resolved{"g/./h", "http://a:81/b/c/g/h"},
                    Resolved{"g/../h", "http://a:81/b/c/h"}, Resolved{"g?y/../x", "http://a:81/b/c/g?y/../x"},
                    Resolved{"https://h/x", "https://h/x"}, Resolved{"HTTP://H/x", "http://h/x"}, Resolved{"http:g", nullptr},
                    Resolved{"file:///etc/passwd", nullptr}, Resolved{"javascript:alert(1)", nullptr}, Resolved{"g:h", nullptr},
                    Resolved{"//", nullptr}, Resolved{"///x", nullptr}, Resolved{"////x", nullptr}, Resolved{"/a b", nullptr},
                    Resolved{"/\\evil", nullptr}, Resolved{"\\\\evil\\x", nullptr}, Resolved{"//h:0/", nullptr},
                    Resolved{"/a\r\nX: y", nullptr}, Resolved{"?a:b", "http://a:81/b/c/d;p?a:b"},
                    Resolved{"./a:b", "http://a:81/b/c/a:b"}));

struct Joined {
    const char* relative;
    const char* expected;  // nothing: refused
};

class JoinUrl : public testing::TestWithParam<Joined> {};

TEST_P(JoinUrl, stays_inside_the_repository) {
    const auto url = join_url("http://h/repo/", GetParam().relative);
    if (GetParam().expected == nullptr) {
        ASSERT_FALSE(url) << *url;
        EXPECT_EQ(url.error().code, Errc::invalid_argument);
        return;
    }
    ASSERT_TRUE(url) << url.error().cause;
    EXPECT_EQ(*url, GetParam().expected);
    EXPECT_TRUE(parse_url(*url)) << *url;
}

INSTANTIATE_TEST_SUITE_P(
    Table, JoinUrl,
    testing::Values(Joined{"repodata/repomd.xml", "http://h/repo/repodata/repomd.xml"}, Joined{"a b.rpm", "http://h/repo/a%20b.rpm"},
                    Joined{"libstdc++-1~2^3.rpm", "http://h/repo/libstdc++-1~2%5E3.rpm"}, Joined{"a%20b", "http://h/repo/a%20b"},
                    Joined{"100%", "http://h/repo/100%25"}, Joined{"a%zz", "http://h/repo/a%25zz"}, Joined{"a%2", "http://h/repo/a%252"},
                    Joined{"what?#", "http://h/repo/what%3F%23"}, Joined{"p/a:b", "http://h/repo/p/a:b"},
                    Joined{"\xc3\xa4", "http://h/repo/%C3%A4"}, Joined{"...", "http://h/repo/..."},
                    Joined{".hidden", "http://h/repo/.hidden"}, Joined{"%252e%252e/x", "http://h/repo/%252e%252e/x"}, Joined{"", nullptr},
                    Joined{".", nullptr}, Joined{"..", nullptr}, Joined{"/etc/passwd", nullptr}, Joined{"//evil/x", nullptr},
                    Joined{"../x", nullptr}, Joined{"a/../../b", nullptr}, Joined{"a/..", nullptr}, Joined{"a/./b", nullptr},
                    Joined{"a//b", nullptr}, Joined{"a/", nullptr}, Joined{"%2e%2e/x", nullptr}, Joined{"%2E%2e/x", nullptr},
                    Joined{".%2e/x", nullptr}, Joined{"a/%2e%2e/x", nullptr}, Joined{"%2fetc/passwd", nullptr},
                    Joined{"a%2f..%2fb", nullptr}, Joined{"a%2f/b", nullptr}, Joined{"a\\b", nullptr}, Joined{"..\\x", nullptr},
                    Joined{"a%5cb", nullptr}, Joined{"a\nb", nullptr}, Joined{"a%0ab", nullptr}, Joined{"a%00b", nullptr},
                    Joined{"a\x7f", nullptr}, Joined{"a%7F", nullptr}, Joined{"http://evil/x", nullptr},
                    Joined{"file:///etc/passwd", nullptr}, Joined{"javascript:x", nullptr}, Joined{"a:b", nullptr}, Joined{":", nullptr}));

TEST(Url, join_url_puts_exactly_one_slash_between) {
    for (const char* base : {"http://h/r", "http://h/r/", "http://h/r//"}) {
        EXPECT_EQ(join_url(base, "x").value_or(""), "http://h/r/x");
    }
}

TEST(Url, join_url_takes_4096_bytes_and_not_one_more) {
    EXPECT_TRUE(join_url("http://h", std::string(4096, 'a')));
    EXPECT_FALSE(join_url("http://h", std::string(4097, 'a')));
}

TEST(Url, join_url_refuses_a_raw_nul) { EXPECT_FALSE(join_url("http://h", std::string_view{"a\0b", 3})); }

TEST(Url, redaction_takes_the_user_info_and_nothing_else) {
    EXPECT_EQ(redact_url("http://u:p@h/x"), "http://h/x");
    EXPECT_EQ(redact_url("http://u:p@q@h/x"), "http://h/x");
    EXPECT_EQ(redact_url("u:p@h/x"), "h/x");
    EXPECT_EQ(redact_url("http://h/x@y"), "http://h/x@y");
    EXPECT_EQ(redact_url("http://h?x@y"), "http://h?x@y");
    EXPECT_EQ(redact_url("not a url"), "not a url");
    EXPECT_EQ(redact_url(""), "");
    EXPECT_EQ(redact_url("http://u:pa/ss@h/x"), "http://h/x") << "a password that should have been encoded";
    EXPECT_EQ(redact_url("http://u:8080/x@y"), "http://u:8080/x@y");
    EXPECT_EQ(redact_url("http://[::1]:80/x@y"), "http://[::1]:80/x@y");
}

}  // namespace
}  // namespace lastack
