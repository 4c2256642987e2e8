// ftp URLs: a real server for what works, a scripted one for what does not.
#include "client_fixture.hpp"
#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"
#include "support/listening_socket.hpp"
#include "support/polling.hpp"
#include "support/proxy_servers.hpp"
#include "support/scripted_ftp.hpp"

#include <array>
#include <future>

namespace lastack::test {
namespace {

using download::DownloadErrc;
using http::HttpErrc;
using net::NetErrc;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class Ftp : public ClientTest {
protected:
    std::string content = content_of(300'000);

    [[nodiscard]] DownloadRequest verified(std::vector<std::string> urls) const {
        auto request = file(std::move(urls));
        request.digests = {sha256(content)};
        return request;
    }
    static void expect_goodbyes(const ScriptedFtp& server, int count) {
        EXPECT_TRUE(becomes_true([&] { return server.goodbyes() == count; })) << server.goodbyes();
    }
};

TEST_F(Ftp, brings_a_file_from_a_real_server_and_leaves_no_connection) {
    const VsftpdServer server;
    server.publish("pub/f.rpm", content);
    client().expect_more(true);
    const auto result = download(verified({server.url("/pub/f.rpm")}));
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(result->fetched, content.size());
    EXPECT_THAT(own_sockets_to(server.port()), IsEmpty());
    EXPECT_TRUE(becomes_true([&] { return server.log().find("221 Goodbye") != std::string::npos; })) << server.log();
}

TEST_F(Ftp, resumes_on_a_real_server_what_another_mirror_began) {
    const VsftpdServer server;
    server.publish("f", content);
    origin.on("/f", Reply::steps({Send{.bytes = response_head({.headers = {{"Content-Length", std::to_string(content.size())}}}) +
                                                content.substr(0, 100'000)},
                                  CloseFin{}}));
    auto request = verified({origin.url("/f"), server.url("/f")});
    request.options.retries = 2;
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_THAT(server.log(), HasSubstr("REST 100000"));
}

TEST_F(Ftp, a_document_is_fetched_to_memory_and_asked_for_only_when_it_changed) {
    const VsftpdServer server;
    server.publish("d", "words");
    auto request = document(server.url("/d"));
    const auto first = fetch(request);
    ASSERT_THAT(first, Succeeded());
    EXPECT_EQ(first->body, "words");
    request.if_none_match = first->etag;
    request.if_modified_since = first->last_modified;
    const auto second = fetch(request);
    ASSERT_THAT(second, Succeeded());
    EXPECT_TRUE(second->not_modified);
    server.publish("d", "other words");
    EXPECT_EQ(fetch(request)->body, "other words");
}

TEST_F(Ftp, is_streamed) {
    const VsftpdServer server;
    server.publish("s", content);
    auto reader = client().open(document(server.url("/s")));
    ASSERT_TRUE(reader.has_value());
    std::string read;
    std::array<std::byte, 10'000> buffer{};
    while (true) {
        const auto n = reader->read(buffer);
        ASSERT_TRUE(n.has_value()) << describe(n.error());
        if (*n == 0) {
            break;
        }
        read.append(reinterpret_cast<const char*>(buffer.data()), *n);
    }
    EXPECT_TRUE(read == content);
}

TEST_F(Ftp, a_range_is_asked_for_as_one) {
    ScriptedFtp server({.content = content});
    auto request = document(server.url("/f"));
    request.options.range = ByteRange{.first = 1000, .last = 1999};
    const auto part = fetch(request);
    ASSERT_THAT(part, Succeeded());
    EXPECT_EQ(part->body, content.substr(1000, 1000));
    EXPECT_THAT(server.commands("REST"), ElementsAre("REST 0", "REST 1000"));
    request.options.range = ByteRange{.first = content.size(), .last = {}};
    EXPECT_THAT(fetch(request), FailedWith(HttpErrc::bad_range));
}

TEST_F(Ftp, a_range_of_a_server_that_knows_none_is_cut_out) {
    ScriptedFtp server({.content = content, .knows_rest = false});
    auto request = document(server.url("/f"));
    request.options.range = ByteRange{.first = 1000, .last = 1999};
    const auto part = fetch(request);
    ASSERT_THAT(part, Succeeded());
    EXPECT_EQ(part->body, content.substr(1000, 1000));
}

TEST_F(Ftp, a_cut_transfer_goes_on_where_it_ended_while_size_and_time_are_the_same) {
    ScriptedFtp server({.content = content, .cut_after = 120'000});
    auto request = file(server.url("/f"));
    request.options.retries = 2;
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(result->fetched, content.size());
    EXPECT_EQ(server.commands("REST").back(), "REST 120000");
}

TEST_F(Ftp, a_cut_transfer_begins_anew_where_nothing_tells_that_the_file_is_the_same) {
    ScriptedFtp server({.content = content, .knows_time = false, .cut_after = 120'000});
    auto request = file(server.url("/f"));
    request.options.retries = 2;
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_THAT(server.commands("REST"), Not(::testing::Contains("REST 120000")));
}

TEST_F(Ftp, a_file_of_unknown_size_is_whole_when_the_server_says_so) {
    ScriptedFtp server({.content = content, .knows_size = false, .knows_time = false});
    ASSERT_THAT(download(verified({server.url("/f")})), Succeeded());
    EXPECT_TRUE(stored() == content);
}

TEST_F(Ftp, an_empty_file_is_one) {
    ScriptedFtp server({});
    ASSERT_THAT(download(file(server.url("/f"))), Succeeded());
    EXPECT_EQ(stored(), "");
    EXPECT_TRUE(exists("file"));
}

TEST_F(Ftp, a_wrong_digest_and_a_wrong_size_are_told_as_of_any_server) {
    ScriptedFtp server({.content = content});
    auto request = file(server.url("/f"));
    request.digests = {sha256("else")};
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::digest_mismatch));
    request.digests.clear();
    request.size = 5;
    EXPECT_THAT(download(request), FailedWith(DownloadErrc::size_mismatch));
    EXPECT_FALSE(exists("file"));
}

struct Refusal {
    const char* name;
    const char* command;
    const char* reply;
    std::error_code code;
    const char* cause;
    friend void PrintTo(const Refusal& each, std::ostream* out) { *out << each.name; }
};

class FtpRefusal : public Ftp, public ::testing::WithParamInterface<Refusal> {};

TEST_P(FtpRefusal, has_the_code_that_an_http_server_would_get_and_says_what_the_server_said) {
    ScriptedFtp server({.content = content, .replies = {{GetParam().command, GetParam().reply}}});
    auto request = document("ftp://user:se%63ret@127.0.0.1:" + std::to_string(server.port()) + "/dir/f");
    const auto result = fetch(request);
    ASSERT_THAT(result, FailedWith(GetParam().code));
    EXPECT_THAT(result.error().cause, HasSubstr(GetParam().cause));
    EXPECT_EQ(result.error().url, server.url("/dir/f"));
    EXPECT_EQ(result.error().address, "127.0.0.1:" + std::to_string(server.port()));
    EXPECT_THAT(describe(result.error()), Not(HasSubstr("secret")));
    EXPECT_THAT(server.commands("PASS"), ElementsAre("PASS secret"));
}

INSTANTIATE_TEST_SUITE_P(All, FtpRefusal,
                         ::testing::Values(Refusal{"login", "PASS", "530 no", HttpErrc::forbidden, "530 no"},
                                           Refusal{"no_directory", "CWD", "550 no such directory", HttpErrc::not_found,
                                                   "550 no such directory"},
                                           Refusal{"no_file", "SIZE", "550 gone", HttpErrc::not_found, "550 gone"},
                                           Refusal{"may_not_read", "RETR", "550 denied", HttpErrc::not_found, "550 denied"},
                                           Refusal{"busy", "RETR", "450 busy", HttpErrc::unavailable, "450 busy"},
                                           Refusal{"no_data_connection", "RETR", "425 cannot", HttpErrc::unavailable, "425 cannot"},
                                           Refusal{"broken", "RETR", "551 disk", HttpErrc::not_found, "551 disk"}),
                         [](const ::testing::TestParamInfo<Refusal>& info) { return std::string(info.param.name); });

TEST_F(Ftp, a_server_that_has_too_many_users_is_asked_again) {
    ScriptedFtp server({.content = content, .replies = {{"USER", "421 too many users"}}, .times = {{"USER", 1}}});
    auto request = document(server.url("/f"));
    request.size_limit = content.size();
    request.options.retries = 2;
    EXPECT_THAT(fetch(request), Succeeded());
}

TEST_F(Ftp, a_missing_file_is_had_from_the_next_mirror_and_costs_the_first_one_request) {
    ScriptedFtp without({.replies = {{"SIZE", "550 no"}}});
    ScriptedFtp with({.content = content});
    ASSERT_THAT(download(verified({without.url("/f"), with.url("/f")})), Succeeded());
    EXPECT_EQ(without.commands("USER").size(), 1u);
    expect_goodbyes(with, 1);
}

TEST_F(Ftp, a_server_that_never_speaks_costs_the_time_limit) {
    ScriptedFtp server({.greets = false});
    request_options.timeout = 1s;
    const auto result = fetch(document(server.url("/f")));
    ASSERT_THAT(result, FailedWith(Errc::timed_out));
    EXPECT_THAT(own_sockets_to(server.port()), IsEmpty());
}

TEST_F(Ftp, a_transfer_that_stands_still_costs_the_time_limit) {
    ScriptedFtp server({.content = content, .cut_after = 1000, .stalls = true});
    request_options.timeout = 300ms;
    const auto result = download(file(server.url("/f")));
    ASSERT_THAT(result, FailedWith(Errc::timed_out));
    EXPECT_EQ(result.error().phase, Phase::receiving);
}

TEST_F(Ftp, a_stalled_mirror_is_left_for_another_one_and_what_it_sent_is_kept) {
    ScriptedFtp stalls({.content = content, .cut_after = 100'000, .stalls = true});
    ScriptedFtp works({.content = content});
    auto request = verified({stalls.url("/f"), works.url("/f")});
    request.options.timeout.reset();
    request.options.retries = 3;
    ASSERT_THAT(download(request), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(works.commands("REST").back(), "REST 100000");
}

TEST_F(Ftp, a_transfer_can_be_cancelled) {
    ScriptedFtp server({.content = content, .cut_after = 1000, .stalls = true});
    std::stop_source stop;
    auto request = file(server.url("/f"));
    auto result = std::async(std::launch::async, [&] { return download(request, stop.get_token()); });
    EXPECT_TRUE(becomes_true([&] { return !server.commands("RETR").empty(); }));
    stop.request_stop();
    EXPECT_THAT(result.get(), FailedWith(Errc::cancelled));
    EXPECT_THAT(own_sockets_to(server.port()), IsEmpty());
}

TEST_F(Ftp, a_suspended_client_has_no_connection_and_goes_on_where_it_was) {
    ScriptedFtp server({.content = content, .cut_after = 100'000, .stalls = true});
    auto result = std::async(std::launch::async, [&] { return download(file(server.url("/f"))); });
    EXPECT_TRUE(becomes_true([&] { return !server.commands("RETR").empty(); }));
    client().suspend();
    EXPECT_THAT(own_sockets_to(server.port()), IsEmpty());
    EXPECT_EQ(result.wait_for(30ms), std::future_status::timeout);
    client().resume();
    EXPECT_THAT(result.get(), Succeeded());
    EXPECT_TRUE(stored() == content);
}

TEST_F(Ftp, the_address_in_an_answer_to_pasv_is_not_believed) {
    const ScriptedFtp server({.content = content, .pasv_host = "10,255,255,1"});
    auto request = document(server.url("/f"));
    request.size_limit = content.size();
    EXPECT_THAT(fetch(request), Succeeded());
}

TEST_F(Ftp, login_is_anonymous_or_as_the_options_say) {
    ScriptedFtp server({.content = "x"});
    ASSERT_THAT(fetch(document(server.url("/f"))), Succeeded());
    auto request = document(server.url("/f"));
    request.options.connection.username = "me";
    request.options.connection.password = "word";
    ASSERT_THAT(fetch(request), Succeeded());
    EXPECT_THAT(server.commands("USER"), ElementsAre("USER anonymous", "USER me"));
    EXPECT_THAT(server.commands("PASS"), ElementsAre("PASS anonymous@", "PASS word"));
}

TEST_F(Ftp, what_cannot_be_asked_for_is_refused_before_a_connection_is_made) {
    ScriptedFtp server({.content = "x"});
    for (const char* path : {"/", "/dir/", "/a%0d%0aDELE%20b", "/a%00b"}) {
        EXPECT_THAT(fetch(document(server.url(path))), FailedWith(Errc::invalid_argument)) << path;
    }
    auto post = document(server.url("/f"));
    post.options.body = "data";
    EXPECT_THAT(fetch(post), FailedWith(Errc::invalid_argument));
    auto through = document(server.url("/f"));
    through.options.connection.proxy.url = "http://127.0.0.1:1";
    EXPECT_THAT(fetch(through), FailedWith(Errc::invalid_argument));
    EXPECT_THAT(server.commands(), IsEmpty());
}

TEST_F(Ftp, a_type_in_a_url_is_part_of_the_name_and_every_transfer_is_binary) {
    ScriptedFtp server({.content = "a\r\nb\n"});
    EXPECT_EQ(fetch(document(server.url("/f;type=a")))->body, "a\r\nb\n");
    EXPECT_EQ(fetch(document(server.url("/f?x")))->body, "a\r\nb\n");
    EXPECT_THAT(server.commands("RETR"), ElementsAre("RETR f;type=a", "RETR f?x"));
    EXPECT_THAT(server.commands("TYPE"), ElementsAre("TYPE I", "TYPE I"));
}

TEST_F(Ftp, a_refused_connection_and_an_unknown_host_are_told_as_such) {
    const RefusingPort closed;
    EXPECT_THAT(fetch(document("ftp://127.0.0.1:" + std::to_string(closed.port()) + "/f")), FailedWith(NetErrc::connect_refused));
    EXPECT_THAT(fetch(document("ftp://no-such-host.invalid/f")), Not(Succeeded()));
}

TEST_F(Ftp, a_redirect_from_http_does_not_lead_there) {
    ScriptedFtp server({.content = "x"});
    origin.on("/r", Reply{.status = 302, .headers = {{"Location", server.url("/f")}}});
    EXPECT_THAT(fetch(document(origin.url("/r"))), FailedWith(HttpErrc::bad_redirect));
    EXPECT_THAT(server.commands(), IsEmpty());
}

TEST_F(Ftp, a_rate_limit_holds) {
    ScriptedFtp server({.content = content_of(60'000)});
    auto request = document(server.url("/f"));
    request.options.rate_limit = 100'000;
    const auto before = Clock::now();
    ASSERT_THAT(fetch(request), Succeeded());
    EXPECT_GE(Clock::now() - before, 300ms);
}

}  // namespace
}  // namespace lastack::test
