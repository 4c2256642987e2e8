// What arrives over TLS: when an answer is whole, and much of it. The numbers are those of the scenarios in docs/design/connections.md.
#include "http/error.hpp"
#include "tls_fixture.hpp"

#include <future>
#include <stop_token>

namespace lastack::test {
namespace {

using ::testing::HasSubstr;
using tls::Steps;

const std::string kUntilClose = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

std::string head_for(std::size_t size, std::string_view fields = "") {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\n" + std::string(fields) + "\r\n";
}

class TlsBody : public TlsVersions {
protected:
    [[nodiscard]] DownloadRequest known(const std::string& url, const std::string& content, std::string_view name = "file") const {
        auto request = file(url, name);
        request.size = content.size();
        request.digests = {sha256(content)};
        return request;
    }
};

INSTANTIATE_TEST_SUITE_P(, TlsBody, ::testing::Values(TlsVersion::tls1_2, TlsVersion::tls1_3), version_name);

// 37
TEST_P(TlsBody, that_ends_with_fin_alone_is_truncated) {
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kUntilClose + "whole?"}, tls::Fin{}});
    const auto error = failure_of(peer.url("/f"));
    EXPECT_EQ(error.code, http::HttpErrc::truncated);
    EXPECT_THAT(error.cause, HasSubstr("cut off"));
    EXPECT_THAT(download(file(peer.url("/f"))), FailedWith(http::HttpErrc::truncated));
    EXPECT_FALSE(exists("file"));
}

TEST_P(TlsBody, that_ends_with_fin_alone_is_whole_when_size_and_digest_say_so) {
    const auto content = content_of(30'000);
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kUntilClose + content}, tls::Fin{}});
    const auto result = download(known(peer.url("/f"), content));
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(peer.accepted(), 1);
}

TEST_P(TlsBody, that_ends_with_fin_alone_too_early_is_not_whole) {
    const auto content = content_of(30'000);
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = kUntilClose + content.substr(0, 29'999)}, tls::Fin{}});
    EXPECT_FALSE(download(known(peer.url("/f"), content)).has_value());
    EXPECT_FALSE(exists("file"));
}

TEST_P(TlsBody, that_ends_with_close_notify_is_whole) {
    TlsPeer peer(versioned());
    for (const Steps& end : {Steps{tls::CloseNotify{}, tls::Fin{}}, Steps{tls::CloseNotify{}, tls::WaitForClose{}}}) {
        Steps all{tls::Handshake{}, tls::Answer{.bytes = kUntilClose + "whole"}};
        all.insert(all.end(), end.begin(), end.end());
        peer.on_accept(0, all);
        expect_body(peer.url("/f"), "whole");
    }
}

TEST_P(TlsBody, of_known_length_is_whole_whatever_comes_then) {
    for (const Steps& end : {Steps{tls::Fin{}}, Steps{tls::CloseNotify{}, tls::Fin{}}, Steps{tls::CloseNotify{}}, Steps{tls::Reset{}},
                             Steps{tls::SendRaw{.bytes = content_of(100)}}}) {
        TlsPeer peer(versioned());
        Steps all{tls::Handshake{}, tls::Answer{.bytes = answer("whole")}};
        all.insert(all.end(), end.begin(), end.end());
        peer.on_accept(0, all);
        expect_body(peer.url("/f"), "whole");
        EXPECT_EQ(peer.accepted(), 1);
    }
}

TEST_P(TlsBody, in_chunks_is_whole_with_its_last_chunk_and_fin_alone) {
    TlsPeer peer(versioned());
    const auto content = content_of(100'000);
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(content)},
                       tls::Fin{}});
    expect_body(peer.url("/f"), content);
}

// 13 over TLS
TEST_P(TlsBody, that_is_cut_off_is_resumed_by_range) {
    const auto content = content_of(100'000);
    for (const Steps& end : {Steps{tls::Fin{}}, Steps{tls::CloseNotify{}, tls::Fin{}}, Steps{tls::CloseNotify{}, tls::WaitForClose{}}}) {
        TlsPeer peer(versioned());
        Steps first{tls::Handshake{}, tls::Answer{.bytes = head_for(content.size(), "ETag: \"v1\"\r\n") + content.substr(0, 60'000)}};
        first.insert(first.end(), end.begin(), end.end());
        peer.on_accept(1, first);
        peer.on_accept(2, {tls::Handshake{}, tls::Answer{.bytes = "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes "
                                                                  "60000-99999/100000\r\nContent-Length: 40000\r\n\r\n" +
                                                                  content.substr(60'000)}});
        request_options.retries = 3;
        const auto result = download(known(peer.url("/f"), content));
        ASSERT_THAT(result, Succeeded());
        EXPECT_TRUE(stored() == content);
        EXPECT_EQ(result->fetched, content.size());
        ASSERT_EQ(peer.accepted(), 2);
        EXPECT_EQ(peer.record().connections.at(1).requests.at(0).header("Range"), "bytes=60000-");
        std::filesystem::remove(directory / "file");
    }
}

TEST_P(TlsBody, with_garbage_among_its_records_is_resumed_elsewhere) {
    const auto content = content_of(100'000);
    const std::string forged = std::string{"\x17\x03\x03\x01\x00", 5} + content_of(256);
    for (const std::string& garbage : {content_of(2000, 7), forged, std::string("HTTP/1.1 200 OK\r\n\r\n")}) {
        TlsPeer peer(versioned());
        peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = head_for(content.size()) + content.substr(0, 60'000)},
                           tls::SendRaw{.bytes = garbage}, tls::Send{.bytes = content.substr(60'000)}});
        DocumentPeer good(versioned());
        good.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = answer(content)}});
        auto request = known(peer.url("/f"), content);
        request.urls.push_back(good.url("/f"));
        request.options.retries = 5;
        ASSERT_THAT(download(std::move(request)), Succeeded());
        EXPECT_TRUE(stored() == content) << "nothing behind the garbage was believed";
        EXPECT_EQ(peer.accepted(), 1) << "this mirror is left";
        std::filesystem::remove(directory / "file");
    }
}

TEST_P(TlsBody, in_half_a_record_that_never_ends_stalls_and_is_given_up) {
    request_options.timeout = 200ms;
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = head_for(5000)}, tls::SendHalf{.bytes = content_of(5000)}, tls::Ignore{}});
    EXPECT_EQ(failure_of(peer.url("/f")).code, Errc::timed_out);
    expect_no_sockets_to(peer.port());
}

TEST_P(TlsBody, in_two_halves_of_a_record_is_whole) {
    const auto content = content_of(16'000);
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = head_for(content.size())}, tls::SendHalf{.bytes = content},
                       tls::WaitUntil{"half"}, tls::SendRest{}});
    auto result = std::async(std::launch::async, [&] { return fetch(document(peer.url("/f"))); });
    ASSERT_TRUE(peer.wait_at("half"));
    ASSERT_TRUE(wait_until_taken(peer.port()));
    peer.open("half");
    const auto got = result.get();
    ASSERT_THAT(got, Succeeded());
    EXPECT_TRUE(got->body == content);
}

TEST_P(TlsBody, of_many_megabytes_arrives_whole_on_several_connections) {
    const NginxServer server(nginx_options(protocols()));
    std::vector<DownloadRequest> batch;
    for (unsigned i = 0; i < 6; ++i) {
        const auto name = "file" + std::to_string(i);
        const auto content = content_of(4'000'000 + i, i);
        server.publish(name, content);
        batch.push_back(known(server.url("/" + name), content, name));
    }
    for (const auto& result : client().download(std::move(batch))) {
        ASSERT_THAT(result, Succeeded());
    }
    expect_no_sockets_to(server.port());
    const auto lines = server.wait_for_log(6);
    ASSERT_EQ(lines.size(), 6u);
    EXPECT_LE(distinct_connections(lines), 3u);
    EXPECT_EQ(lines.front().tls_protocol, protocols());
}

TEST_P(TlsBody, of_megabytes_in_chunks_arrives_whole) {
    const auto content = content_of(3'000'000);
    TlsPeer peer(versioned());
    peer.on_accept(
        0, {tls::Handshake{}, tls::Answer{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(content, 10'007)}});
    ASSERT_THAT(download(known(peer.url("/f"), content)), Succeeded());
    EXPECT_TRUE(stored() == content);
}

TEST_P(TlsBody, in_small_records_arrives_whole) {
    const auto content = content_of(3000);
    Steps script{tls::Handshake{}, tls::Answer{.bytes = head_for(content.size())}};
    for (const char byte : content) {
        script.emplace_back(tls::Send{.bytes = std::string(1, byte)});
    }
    TlsPeer peer(versioned());
    peer.on_accept(0, script);
    expect_body(peer.url("/f"), content);
}

TEST_P(TlsBody, cancelled_in_the_middle_is_resumed_later) {
    auto slow = nginx_options(protocols());
    slow.locations = {{"/slow/", "limit_rate 512k;"}};
    const NginxServer server(slow);
    const auto content = content_of(2'000'000);
    server.publish("slow/f", content);
    server.publish("f", content);
    std::stop_source stop;
    auto& shared = client();
    auto request = known(server.url("/slow/f"), content);
    auto results = std::async(std::launch::async, [&] { return shared.download({request}, nullptr, stop.get_token()); });
    std::error_code not_yet;
    while (results.wait_for(0s) == std::future_status::timeout &&
           (!exists("file.part") || std::filesystem::file_size(directory / "file.part", not_yet) < 100'000)) {
    }
    stop.request_stop();
    EXPECT_THAT(results.get().at(0), FailedWith(Errc::cancelled));
    const auto part = stored("file.part").size();
    request.urls = {server.url("/f")};
    const auto result = download(request);
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->fetched, content.size() - part);
    EXPECT_TRUE(stored() == content);
}

TEST_P(TlsBody, keeps_its_connection_for_the_next) {
    const NginxServer server(nginx_options(protocols()));
    std::vector<DownloadRequest> batch;
    for (unsigned i = 0; i < 60; ++i) {
        const auto name = "file" + std::to_string(i);
        const auto content = content_of(1000 + i, i);
        server.publish(name, content);
        batch.push_back(known(server.url("/" + name), content, name));
    }
    for (const auto& result : client().download(std::move(batch))) {
        ASSERT_THAT(result, Succeeded());
    }
    const auto lines = server.wait_for_log(60);
    EXPECT_EQ(lines.size(), 60u) << "no request was lost";
    EXPECT_LE(distinct_connections(lines), 3u);
}

TEST_P(TlsBody, early_closes_of_idle_connections_lose_no_request) {
    auto hasty = nginx_options(protocols());
    hasty.keepalive_timeout = "100ms";
    const NginxServer server(hasty);
    server.publish("f", "body");
    client().expect_more(true);
    for (int round = 0; round < 4; ++round) {
        expect_body(server.url("/f"), "body");
        EXPECT_LE(longest_close_wait(server.port(), [&] { return client().connections().open == 0; }), 500ms);
    }
    EXPECT_EQ(server.wait_for_log(4).size(), 4u);
}

TEST_P(TlsBody, is_not_fetched_over_http_when_https_redirects_there) {
    TlsPeer peer(versioned());
    peer.on_accept(0, {tls::Handshake{},
                       tls::Answer{.bytes = "HTTP/1.1 302 Found\r\nLocation: " + origin.url("/f") + "\r\nContent-Length: 0\r\n\r\n"}});
    origin.on("/f", Reply{.body = "body"});
    EXPECT_EQ(failure_of(peer.url("/f")).code, http::HttpErrc::bad_redirect);
    EXPECT_TRUE(origin.requests().empty());
}

TEST_P(TlsBody, is_fetched_over_https_when_http_redirects_there) {
    DocumentPeer peer(versioned());
    origin.on("/f", Reply::redirect(peer.url("/g")));
    expect_body(origin.url("/f"), "body");
    EXPECT_EQ(peer.record().connections.front().requests.front().target, "/g");
}

TEST_P(TlsBody, is_fetched_from_another_https_host_after_a_redirect) {
    DocumentPeer second(versioned());
    TlsPeer first(versioned());
    first.on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = "HTTP/1.1 302 Found\r\nLocation: " + second.url("/g", "localhost") +
                                                               "\r\nContent-Length: 0\r\n\r\n"}});
    expect_body(first.url("/f"), "body");
    EXPECT_EQ(second.record().connections.front().sni, "localhost");
}

}  // namespace
}  // namespace lastack::test
