// User names and passwords of the server and of the proxy, end to end: they get there, and into no output.
#include "repository_server.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using lastack::test::ProxyAuth;
using lastack::test::SquidLogLine;
using lastack::test::SquidOptions;
using lastack::test::SquidProxy;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* in_basic = "bWU6aHVudGVyMg==";                // me:hunter2
constexpr const char* in_basic_for_proxy = "Y2FycmllcjpodW50ZXIz";  // carrier:hunter3

void expect_no_secret(const ProcessResult& run) {
    EXPECT_THAT(run.out + run.err, AllOf(Not(HasSubstr("hunter")), Not(HasSubstr(in_basic)), Not(HasSubstr(in_basic_for_proxy))));
}

class Credentials : public testing::TestWithParam<Way> {
protected:
    Credentials()
        : server(GetParam(), {.root = root.served(),
                              .locations = {{.path = "/core/",
                                             .directives = "auth_basic members; auth_basic_user_file " +
                                                           root.directory().write("members", "me:{PLAIN}hunter2\n").string() + ";"}}}) {}

    [[nodiscard]] ProcessResult install_with(const std::string& options) const {
        root.add_repository(server.nginx(), "core", {{.name = "tool"}}, "gpgcheck=0\n" + server.options() + options);
        return root.lastack({"-v", "-y", "install", "tool"});
    }

    ScratchRoot root;
    RepositoryServer server;
};

TEST_P(Credentials, of_a_repository_reach_its_server_and_no_output) {
    const auto run = install_with("username=me\npassword=hunter2\n");
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
    EXPECT_THAT(server.nginx().wait_for_log(3), Contains(Field(&NginxLogLine::user, "me")).Times(3));
    expect_no_secret(run);
}

TEST_P(Credentials, that_are_wrong_are_told_as_the_servers_refusal) {
    const auto run = install_with("username=me\npassword=hunter4\nretries=2\n");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("401"));
    EXPECT_THAT(run.err, Not(HasSubstr("answered 407")));
    EXPECT_THAT(root.installed(), IsEmpty());
    expect_no_secret(run);
}

INSTANTIATE_TEST_SUITE_P(Over, Credentials, testing::ValuesIn(every_way()), [](const auto& each) { return name_of(each.param); });

// A repository straight over http or https; what is between is the test's affair.
class Proxy : public testing::TestWithParam<Way> {
protected:
    [[nodiscard]] std::string repository() const {
        return "[core]\nname=core\nbaseurl=" + server.nginx().url("/core") + "\ngpgcheck=0\nretries=2\n" + server.options();
    }
    [[nodiscard]] ProcessOptions install() const {
        root.publish("core", {{.name = "tool"}});
        return root.command({"-v", "-y", "install", "tool"});
    }
    void expect_installed(const ProcessResult& run) const {
        EXPECT_EQ(run.status, 0) << told(run);
        EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
        expect_no_secret(run);
    }
    void expect_all_went_through_squid() const {
        EXPECT_THAT(server.nginx().wait_for_log(3), SizeIs(3));
        const auto log = squid.wait_for_log(GetParam().tls ? 1 : 3);
        EXPECT_THAT(log, Contains(Field(&SquidLogLine::user, "carrier")).Times(GetParam().tls ? testing::Ge(1) : testing::Ge(3)));
        EXPECT_THAT(log, Contains(Field(&SquidLogLine::method, GetParam().tls ? "CONNECT" : "GET")));
    }
    [[nodiscard]] std::string environment_variable() const { return GetParam().tls ? "https_proxy" : "http_proxy"; }
    [[nodiscard]] std::string with_password() const { return "http://carrier:hunter3@127.0.0.1:" + std::to_string(squid.port()); }

    ScratchRoot root;
    RepositoryServer server{GetParam(), {.root = root.served()}};
    SquidProxy squid{{.auth = ProxyAuth::basic, .user = "carrier", .password = "hunter3"}};
};

const std::string nobody_listens = "http://127.0.0.1:1";

TEST_P(Proxy, gets_its_user_name_and_password) {
    root.write_repo_file("core", repository() + "proxy=" + squid.url() + "\nproxy_username=carrier\nproxy_password=hunter3\n");
    expect_installed(lastack::test::run(install()));
    expect_all_went_through_squid();
}

TEST_P(Proxy, gets_those_of_its_url_in_main_too) {
    root.write_main_configuration("proxy=" + with_password() + "\n");
    root.write_repo_file("core", repository());
    expect_installed(lastack::test::run(install()));
    expect_all_went_through_squid();
}

TEST_P(Proxy, that_refuses_the_password_is_told_from_the_server) {
    root.write_repo_file("core", repository() + "proxy=" + squid.url() + "\nproxy_username=carrier\nproxy_password=hunter5\n");
    const auto run = lastack::test::run(install());
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, AllOf(HasSubstr("proxy"), HasSubstr("407")));
    EXPECT_THAT(root.installed(), IsEmpty());
    EXPECT_THAT(server.nginx().log(), IsEmpty());
    expect_no_secret(run);
}

TEST_P(Proxy, that_nobody_answers_at_is_told) {
    root.write_repo_file("core", repository() + "proxy=" + nobody_listens + "\n");
    const auto run = lastack::test::run(install());
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, AllOf(HasSubstr("proxy"), HasSubstr("127.0.0.1:1")));
    EXPECT_THAT(server.nginx().log(), IsEmpty());
}

TEST_P(Proxy, none_takes_a_repository_out_of_the_one_of_main) {
    root.write_main_configuration("proxy=" + nobody_listens + "\n");
    root.write_repo_file("core", repository() + "proxy=_none_\n");
    expect_installed(lastack::test::run(install()));
    EXPECT_THAT(server.nginx().wait_for_log(3), SizeIs(3));
}

TEST_P(Proxy, of_the_environment_is_taken_where_the_configuration_is_silent) {
    root.write_repo_file("core", repository());
    auto command = install();
    command.environment[environment_variable()] = with_password();
    std::erase(command.unset, environment_variable());
    expect_installed(lastack::test::run(command));
    expect_all_went_through_squid();
}

TEST_P(Proxy, of_the_environment_gives_way_to_no_proxy_and_to_none) {
    root.write_repo_file("core", repository());
    auto command = install();
    command.environment[environment_variable()] = nobody_listens;
    std::erase(command.unset, environment_variable());
    command.environment["no_proxy"] = "127.0.0.0/8";
    std::erase(command.unset, "no_proxy");
    expect_installed(lastack::test::run(command));

    command.environment.erase("no_proxy");
    root.write_repo_file("core", repository() + "proxy=_none_\nmetadata_expire=0\n");
    command.arguments = root.command({"-v", "makecache"}).arguments;
    const auto asked = server.nginx().log().size();
    const auto run = lastack::test::run(command);
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(server.nginx().wait_for_log(asked + 1), SizeIs(testing::Gt(asked)));
}

INSTANTIATE_TEST_SUITE_P(To, Proxy, testing::Values(Way{.name = "http"}, Way{.name = "https", .tls = true}),
                         [](const auto& each) { return name_of(each.param); });

}  // namespace
}  // namespace lastack::cli::test
