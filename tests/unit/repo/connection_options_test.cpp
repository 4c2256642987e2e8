#include "repo/config.hpp"
#include "repo/error.hpp"
#include "repo/repo_sources.hpp"
#include "repo/request_options.hpp"
#include "repo/set_connection_option.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace lastack::repo {
namespace {

using test::TempDirectory;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Change = std::function<void(ConnectionOptions&)>;

ConnectionOptions changed(const Change& change) {
    ConnectionOptions options;
    change(options);
    return options;
}

struct Accepted {
    const char* key;
    const char* value;
    Change expected;
};

const Accepted accepted[] = {
    {"sslverify", "0", [](auto& o) { o.tls.verify = false; }},
    {"sslverify", "False", [](auto& o) { o.tls.verify = false; }},
    {"sslverify", "yes", [](auto&) {}},
    {"sslcacert", "/etc/pki/ca.pem", [](auto& o) { o.tls.ca = "/etc/pki/ca.pem"; }},
    {"sslcacert", "/etc/pki/tls/certs/", [](auto& o) { o.tls.ca = "/etc/pki/tls/certs/"; }},
    {"sslcacert", "/no/such/file", [](auto& o) { o.tls.ca = "/no/such/file"; }},
    {"sslclientcert", "/c", [](auto& o) { o.tls.client_certificate = "/c"; }},
    {"sslclientkey", "/k", [](auto& o) { o.tls.client_key = "/k"; }},
    {"proxy", "http://proxy:8080/", [](auto& o) { o.proxy.url = "http://proxy:8080/"; }},
    {"proxy", "\nhttp://proxy:8080/", [](auto& o) { o.proxy.url = "http://proxy:8080/"; }},
    {"proxy", "https://u:p@proxy", [](auto& o) { o.proxy.url = "https://u:p@proxy"; }},
    {"proxy", "socks5://proxy", [](auto& o) { o.proxy.url = "socks5://proxy"; }},
    {"proxy", "socks5h://[::1]:9050", [](auto& o) { o.proxy.url = "socks5h://[::1]:9050"; }},
    {"proxy", "proxy:3128", [](auto& o) { o.proxy.url = "proxy:3128"; }},
    {"proxy", "http://$site-proxy:1", [](auto& o) { o.proxy.url = "http://$site-proxy:1"; }},
    {"proxy", "_none_", [](auto& o) { o.proxy.url = ""; }},
    {"proxy", "_None_", [](auto& o) { o.proxy.url = ""; }},
    {"proxy", "", [](auto& o) { o.proxy.url = ""; }},
    {"proxy_username", "u", [](auto& o) { o.proxy.username = "u"; }},
    {"proxy_password", "p:w @#;=%", [](auto& o) { o.proxy.password = "p:w @#;=%"; }},
    {"proxy_sslverify", "no", [](auto& o) { o.proxy.tls.verify = false; }},
    {"proxy_sslcacert", "/pa", [](auto& o) { o.proxy.tls.ca = "/pa"; }},
    {"proxy_sslclientcert", "/pc", [](auto& o) { o.proxy.tls.client_certificate = "/pc"; }},
    {"proxy_sslclientkey", "/pk", [](auto& o) { o.proxy.tls.client_key = "/pk"; }},
    {"username", "me@corp", [](auto& o) { o.username = "me@corp"; }},
    {"password",
     "s\xC3\xA9"
     "cret",
     [](auto& o) {
         o.password =
             "s\xC3\xA9"
             "cret";
     }},
    {"ip_resolve", "4", [](auto& o) { o.ip_family = IpFamily::v4; }},
    {"ip_resolve", "IPv4", [](auto& o) { o.ip_family = IpFamily::v4; }},
    {"ip_resolve", "6", [](auto& o) { o.ip_family = IpFamily::v6; }},
    {"ip_resolve", "ipv6", [](auto& o) { o.ip_family = IpFamily::v6; }},
    {"ip_resolve", "whatever", [](auto&) {}},
    {"ip_resolve", "", [](auto&) {}},
};

TEST(ConnectionOption, sets_its_field_and_no_other) {
    for (const Accepted& row : accepted) {
        ConnectionOptions options;
        const auto outcome = set_connection_option(options, row.key, row.value);
        ASSERT_TRUE(outcome.has_value()) << row.key;
        ASSERT_TRUE(outcome->has_value()) << row.key << "=" << row.value << ": " << outcome->error();
        EXPECT_EQ(options, changed(row.expected)) << row.key << "=" << row.value;
    }
}

TEST(ConnectionOption, of_another_name_is_none) {
    ConnectionOptions options;
    for (const char* key : {"", "timeout", "sslverifystatus", "proxy_auth_method", "SSLVERIFY"}) {
        EXPECT_FALSE(set_connection_option(options, key, "1").has_value()) << key;
    }
}

TEST(ConnectionOption, that_is_bad_is_told_without_its_secret) {
    const std::pair<const char*, const char*> rows[] = {
        {"sslverify", ""},
        {"sslverify", "maybe"},
        {"proxy_sslverify", "2"},
        {"sslcacert", "ca.pem"},
        {"sslclientcert", "./c"},
        {"sslclientkey", "file:///k"},
        {"proxy_sslcacert", "~/ca"},
        {"sslcacert", "/a\n/b"},
        {"proxy", "socks4://u:hunter2@proxy"},
        {"proxy", "socks4a://proxy"},
        {"proxy", "ftp://u:hunter2@proxy"},
        {"proxy", "libproxy"},
        {"proxy", "http://u:hunter2@proxy:0"},
        {"proxy", "http://u:hunter2@proxy/x"},
        {"proxy", "http://u:hunter2@proxy http://other"},
        {"proxy", "u:hunter2"},
        {"proxy", "http://"},
        {"username", "me:hunter2"},
        {"username", "me\nhunter2"},
        {"proxy_username", "me:hunter2"},
        {"password", "hunter2\nhunter2"},
        {"proxy_password", "hunter2\thunter2"},
        {"ip_resolve", "5"},
        {"ip_resolve", "ipv4,ipv6"},
    };
    for (const auto& [key, value] : rows) {
        ConnectionOptions options;
        const auto outcome = set_connection_option(options, key, value);
        ASSERT_TRUE(outcome.has_value()) << key;
        ASSERT_FALSE(outcome->has_value()) << key << "=" << value;
        EXPECT_THAT(outcome->error(), AllOf(Not(IsEmpty()), Not(HasSubstr("hunter2")))) << key << "=" << value;
        EXPECT_EQ(options, ConnectionOptions{}) << key << "=" << value;
    }
}

TEST(ConnectionOption, variables_are_expanded) {
    ConnectionOptions options;
    for (const auto& [key, value] : {std::pair{"sslclientcert", "/pki/$basearch.pem"}, std::pair{"proxy", "http://$site:1"},
                                     std::pair{"username", "${site}-user"}, std::pair{"password", "$unknown"}}) {
        ASSERT_TRUE(set_connection_option(options, key, value)->has_value());
    }
    EXPECT_FALSE(expand_connection(options, {{"basearch", "x86_64"}, {"site", "here"}}));
    EXPECT_EQ(options.tls.client_certificate, "/pki/x86_64.pem");
    EXPECT_EQ(options.proxy.url, "http://here:1");
    EXPECT_EQ(options.username, "here-user");
    EXPECT_EQ(options.password, "$unknown");
    options.tls.ca = "/ca-$releasever";
    EXPECT_TRUE(expand_connection(options, {}));
}

// A root with a main file and one repository, each with lines to add.
class ConnectionConfig : public testing::Test {
protected:
    ConnectionConfig() {
        root.write("etc/os-release", "VERSION_ID=9\n");
        overrides.installroot = root.path();
    }
    Config load(const std::string& main_lines, const std::string& repo_lines) {
        write(main_lines, repo_lines);
        auto config = load_config(overrides);
        if (!config) {
            throw std::runtime_error(describe(config.error()));
        }
        return *std::move(config);
    }
    Error failure(const std::string& main_lines) {
        write(main_lines, "");
        auto config = load_config(overrides);
        return config ? Error{} : config.error();
    }
    void write(const std::string& main_lines, const std::string& repo_lines) const {
        root.write("etc/yum.conf", "[main]\n" + main_lines);
        root.write("etc/yum.repos.d/a.repo", "[alpha]\nbaseurl=https://h/a\n" + repo_lines + "[other]\nbaseurl=https://o/\n");
    }

    TempDirectory root;
    Overrides overrides;
};

TEST_F(ConnectionConfig, each_option_may_stand_in_main_and_in_a_repository) {
    for (const Accepted& row : accepted) {
        if (std::string_view{row.value}.starts_with('\n')) {
            continue;
        }
        const std::string line = std::string{row.key} + "=" + row.value + "\n";
        const auto inherited = load(line, "");
        EXPECT_THAT(inherited.warnings, IsEmpty()) << line;
        EXPECT_EQ(inherited.main.connection, changed(row.expected)) << line;
        EXPECT_EQ(inherited.repos.at(0).connection, changed(row.expected)) << line;
        const auto own = load("", line);
        EXPECT_THAT(own.warnings, IsEmpty()) << line;
        EXPECT_EQ(own.main.connection, ConnectionOptions{}) << line;
        EXPECT_EQ(own.repos.at(0).connection, changed(row.expected)) << line;
        EXPECT_EQ(own.repos.at(1).connection, ConnectionOptions{}) << line;
    }
}

TEST_F(ConnectionConfig, an_option_of_a_repository_replaces_that_one_alone) {
    const std::string main =
        "proxy=http://proxy:1\nproxy_username=pu\nproxy_password=pp\nusername=u\npassword=p\nsslverify=0\n"
        "sslcacert=/ca\nsslclientcert=/cert\nip_resolve=6\n";
    struct Row {
        const char* lines;
        Change change;
    };
    const Row rows[] = {
        {"", [](auto&) {}},
        {"proxy=_none_\n", [](auto& o) { o.proxy.url = ""; }},
        {"proxy=\n", [](auto& o) { o.proxy.url = ""; }},
        {"proxy=socks5h://other\n", [](auto& o) { o.proxy.url = "socks5h://other"; }},
        {"sslverify=1\n", [](auto& o) { o.tls.verify = true; }},
        {"sslcacert=\n", [](auto& o) { o.tls.ca.clear(); }},
        {"sslcacert=/mine\n", [](auto& o) { o.tls.ca = "/mine"; }},
        {"username=\npassword=\n",
         [](auto& o) {
             o.username.clear();
             o.password.clear();
         }},
        {"username=me\npassword=mine\n",
         [](auto& o) {
             o.username = "me";
             o.password = "mine";
         }},
        {"ip_resolve=whatever\n", [](auto& o) { o.ip_family = IpFamily::any; }},
    };
    const auto inherited = load(main, "").main.connection;
    EXPECT_EQ(inherited.proxy.url, "http://proxy:1");
    EXPECT_EQ(inherited.password, "p");
    for (const Row& row : rows) {
        ConnectionOptions expected = inherited;
        row.change(expected);
        const auto config = load(main, row.lines);
        EXPECT_EQ(config.repos.at(0).connection, expected) << row.lines;
        EXPECT_EQ(config.repos.at(1).connection, inherited) << row.lines;
    }
}

TEST_F(ConnectionConfig, setopt_overrides_and_does_not_tell_secrets) {
    overrides.setopts = {"sslverify=0",
                         "alpha.proxy=http://u:hunter2@proxy",
                         "*.password=hunter2",
                         "nomatch.password=hunter2",
                         "nomatch.proxy=http://u:hunter2@proxy",
                         "nomatch.baseurl=http://u:hunter2@h/",
                         "gpgcakey=http://u:hunter2@h/"};
    const auto config = load("", "password=old\n");
    EXPECT_FALSE(config.main.connection.tls.verify);
    EXPECT_EQ(config.repos.at(0).connection.proxy.url, "http://u:hunter2@proxy");
    EXPECT_EQ(config.repos.at(0).connection.password, "hunter2");
    EXPECT_FALSE(config.repos.at(1).connection.proxy.url);
    EXPECT_THAT(config.warnings, ElementsAre("--setopt=gpgcakey: option 'gpgcakey' is not supported and has no effect",
                                             "--setopt=nomatch.password: no repository matches 'nomatch'",
                                             "--setopt=nomatch.proxy: no repository matches 'nomatch'",
                                             "--setopt=nomatch.baseurl: no repository matches 'nomatch'"));
}

TEST_F(ConnectionConfig, a_wrong_setopt_is_an_error_without_its_secret) {
    for (const char* setopt :
         {"proxy=socks4://u:hunter2@p", "alpha.proxy=u:hunter2", "pasword=hunter2", "alpha.pasword=hunter2", "password hunter2",
          "password hunter2=x", "alpha.password=hunter2\n", "username=me:hunter2", ".password=hunter2", "password=hunter2\t1"}) {
        overrides.setopts = {setopt};
        const Error error = failure("");
        EXPECT_EQ(error.code, RepoErrc::bad_option) << setopt;
        EXPECT_THAT(describe(error), AllOf(HasSubstr("--setopt="), Not(HasSubstr("hunter2")))) << setopt;
    }
}

TEST_F(ConnectionConfig, a_bad_line_drops_the_repository_without_its_secret) {
    for (const char* line : {"proxy=socks4://u:hunter2@p", "proxy=u:hunter2", "username=me:hunter2", "password=hunter2\n  hunter2",
                             "sslverify=perhaps", "sslcacert=ca.pem", "ip_resolve=5", "password hunter2"}) {
        const auto config = load("", std::string{line} + "\n");
        ASSERT_EQ(config.repos.size(), 1u) << line;
        EXPECT_EQ(config.repos.at(0).id, "other");
        EXPECT_THAT(config.warnings,
                    ElementsAre(AllOf(HasSubstr("a.repo:3: "), HasSubstr("'alpha' is left out"), Not(HasSubstr("hunter2")))))
            << line;
    }
}

TEST_F(ConnectionConfig, a_bad_line_in_main_is_an_error_without_its_secret) {
    for (const char* line : {"proxy=socks4://u:hunter2@p", "proxy=libproxy", "username=me:hunter2", "proxy_password=hunter2\n  hunter2",
                             "proxy_sslverify=perhaps", "sslclientkey=k", "ip_resolve=5", "password hunter2"}) {
        const Error error = failure(std::string{line} + "\n");
        EXPECT_EQ(error.code, RepoErrc::bad_config) << line;
        EXPECT_THAT(describe(error), AllOf(HasSubstr("yum.conf:2: "), Not(HasSubstr("hunter2")))) << line;
    }
}

TEST_F(ConnectionConfig, a_misspelt_password_warns_without_its_value) {
    const auto config = load("pasword=hunter2\n", "password hunter2: x\ngpgcakey=http://u:hunter2@h/\n");
    EXPECT_THAT(config.warnings, ElementsAre(HasSubstr("unknown option 'pasword'"), HasSubstr("unknown option 'password'"),
                                             HasSubstr("'gpgcakey' is not supported")));
    EXPECT_THAT(config.warnings, Each(Not(HasSubstr("hunter2"))));
}

TEST(RequestOptions, carry_the_connection_of_the_repository) {
    RepoConfig repo;
    repo.connection = {.tls = {.verify = false}, .proxy = {}, .username = "u", .password = "p", .ip_family = IpFamily::v6};
    EXPECT_EQ(request_options(repo, "agent").connection, repo.connection);
    EXPECT_EQ(request_options(repo, "agent").user_agent, "agent");
}

TEST(RequestOptions, of_mirror_list_and_metadata_carry_it_too) {
    const TempDirectory root;
    RepoConfig repo;
    repo.id = "r";
    repo.baseurl = {"https://h/r"};
    repo.mirrorlist = "https://m/list";
    repo.connection = {
        .tls = {.client_certificate = "/c"}, .proxy = {.url = "", .username = {}, .password = {}, .tls = {}}, .username = "u"};
    const MainConfig main;
    const auto directory = RepoDirectory::open(root / "r");
    ASSERT_TRUE(directory);
    const RepoSources sources{repo, main, *directory, RepoSources::Known::nothing};
    EXPECT_EQ(sources.list_request().options.connection, repo.connection);
    EXPECT_EQ(metadata_options(repo, "").connection, repo.connection);
}

TEST(RequestOptions, http_caching_says_what_caches_on_the_way_may_keep) {
    struct Row {
        HttpCaching caching;
        bool packages_fresh;
        bool metadata_fresh;
    };
    for (const Row& row : {Row{HttpCaching::all, false, false}, Row{HttpCaching::packages, false, true},
                           Row{HttpCaching::lazy_packages, false, true}, Row{HttpCaching::none, true, true}}) {
        RepoConfig repo;
        repo.http_caching = row.caching;
        EXPECT_EQ(request_options(repo, "").no_cache.value(), row.packages_fresh);
        EXPECT_EQ(metadata_options(repo, "").no_cache.value(), row.metadata_fresh);
    }
}

TEST(RequestOptions, only_a_list_of_baseurls_keeps_its_order_by_failovermethod) {
    RepoConfig repo;
    repo.baseurl = {"http://a/r", "http://b/r"};
    repo.failovermethod = FailoverMethod::priority;
    EXPECT_EQ(request_options(repo, "").mirrors.order.value(), MirrorOrder::listed);
    repo.failovermethod = FailoverMethod::roundrobin;
    EXPECT_EQ(request_options(repo, "").mirrors.order.value(), MirrorOrder::ranked);
    repo.failovermethod = FailoverMethod::priority;
    repo.mirrorlist = "http://m/";
    EXPECT_EQ(request_options(repo, "").mirrors.order.value(), MirrorOrder::ranked);
}

TEST(RequestOptions, credentials_go_to_the_repository_s_own_servers_only) {
    RepoConfig repo;
    repo.connection.username = "u";
    repo.connection.password = "p";
    const std::vector<std::string> own{"https://one/repo", "http://two:81", ""};
    const std::pair<std::vector<std::string>, bool> rows[] = {
        {{"https://one/key"}, true},
        {{"https://ONE:443/key"}, true},
        {{"http://two:81/key", "https://one/key"}, true},
        {{"http://one/key"}, false},
        {{"http://two/key"}, false},
        {{"https://three/key"}, false},
        {{"https://one/key", "https://three/key"}, false},
        {{"https://one.three/key"}, false},
        {{"junk"}, false},
    };
    for (const auto& [urls, sent] : rows) {
        const auto options = request_options_elsewhere(repo, "", urls, own);
        EXPECT_EQ(options.connection.username, sent ? "u" : "") << urls[0];
        EXPECT_EQ(options.connection.password, sent ? "p" : "") << urls[0];
    }
}

}  // namespace
}  // namespace lastack::repo
