// Each option of a request as the server and the caller see it.
#include "engine_fixture.hpp"

#include <stdexcept>

namespace lastack::download {
namespace {

using namespace std::chrono_literals;

class Options : public EngineSim {
protected:
    std::string content = sim::pattern(5000);

    void expect_good(const Download& download, std::string_view expected) {
        ASSERT_TRUE(download.ok()) << describe(download.error());
        EXPECT_EQ(directory.read("f"), expected);
        EXPECT_EQ(entries(), 1);
    }
    void post_server(const std::string& host, std::function<std::string(const sim::SimRequest&, const std::string&)> handler) {
        network.listen(host, 80, [this, handler](sim::Peer peer) -> sim::Task<void> {
            while (auto head = co_await peer.read_request()) {
                asked.emplace_back(std::move(*head));
                const std::string size = asked.back().field("Content-Length");
                bodies.push_back(size.empty() ? "" : co_await peer.read_bytes(std::stoul(size)));
                const std::string answer = handler(asked.back(), bodies.back());
                if (answer.empty()) {
                    peer.close();
                    co_return;
                }
                peer.send(answer);
            }
        });
    }
    [[nodiscard]] std::string file_url(std::string_view name) const { return "file://" + (directory / name).string(); }

    std::vector<std::string> bodies;
};

TEST_F(Options, headers_are_sent_as_given) {
    serve("h", content);
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.options.headers = {{"X-One", "1"}, {"Accept", "text/plain"}};
    request.options.no_cache = true;
    expect_good(run(request), content);
    EXPECT_EQ(asked[0].field("X-One"), "1");
    EXPECT_EQ(asked[0].field("Accept"), "text/plain");
    EXPECT_EQ(asked[0].head.find("*/*"), std::string::npos);
    EXPECT_EQ(asked[0].field("Cache-Control"), "no-cache");
    EXPECT_EQ(asked[0].field("Pragma"), "no-cache");
}

TEST_F(Options, a_senseless_request_is_refused_before_anything_is_done) {
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.options.headers = {{"Host", "x"}};
    EXPECT_EQ(run(request).error().code, Errc::invalid_argument);
    EXPECT_TRUE(network.records().empty());
    EXPECT_EQ(entries(), 0);
}

TEST_F(Options, secrets_do_not_follow_a_redirect_to_another_server) {
    answer_all("h", sim::answer(302, "", {"Location: http://other/f"}));
    serve("other", content);
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.options.headers = {{"Authorization", "Bearer secret"}, {"Cookie", "a=b"}, {"X-One", "1"}};
    expect_good(run(request), content);
    EXPECT_EQ(asked[0].field("Authorization"), "Bearer secret");
    EXPECT_EQ(asked[1].field("Authorization"), "");
    EXPECT_EQ(asked[1].field("Cookie"), "");
    EXPECT_EQ(asked[1].field("X-One"), "1");
}

TEST_F(Options, a_head_beyond_its_limit_is_refused) {
    answer_all("h", sim::answer(200, "x", {"X-Long: " + std::string(2000, 'a')}));
    FetchRequest request{.urls = {"http://h/f"}};
    EXPECT_TRUE(fetch(request));
    request.options.max_header_size = 1024;
    const auto result = fetch(request);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, http::HttpErrc::head_too_large);
}

TEST_F(Options, a_body_is_posted) {
    post_server("h", [](const sim::SimRequest&, const std::string& body) { return sim::answer(200, "got " + body); });
    FetchRequest request{.urls = {"http://h/f"}};
    request.options.body = "a=1&b=2";
    const auto result = fetch(request);
    ASSERT_TRUE(result) << describe(result.error());
    EXPECT_EQ(result->body, "got a=1&b=2");
    EXPECT_EQ(asked[0].method, "POST");
    EXPECT_EQ(asked[0].field("Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(Options, a_large_body_and_an_empty_one_are_posted_too) {
    post_server("h", [](const sim::SimRequest&, const std::string& body) { return sim::answer(200, std::to_string(body.size())); });
    for (const std::size_t size : {std::size_t{0}, std::size_t{300'000}}) {
        DownloadRequest request{.urls = {"http://h/f"}, .path = directory / "f"};
        request.options.body = sim::pattern(size);
        request.options.content_type = "text/x";
        expect_good(run(request), std::to_string(size));
        EXPECT_EQ(bodies.back(), *request.options.body);
        EXPECT_EQ(asked.back().field("Content-Type"), "text/x");
    }
}

TEST_F(Options, a_redirect_of_a_post_goes_on_as_its_status_says) {
    for (const auto& [status, method] : {std::pair{301, "GET"}, {302, "GET"}, {303, "GET"}, {307, "POST"}, {308, "POST"}}) {
        asked.clear();
        post_server("h", [status](const sim::SimRequest& request, const std::string& body) {
            return request.target == "/f" ? sim::answer(status, "", {"Location: /g"}) : sim::answer(200, "body:" + body);
        });
        FetchRequest request{.urls = {"http://h/f"}};
        request.options.body = "x";
        const auto result = fetch(request);
        ASSERT_TRUE(result) << status;
        EXPECT_EQ(asked.at(1).method, method) << status;
        EXPECT_EQ(result->body, std::string{"body:"} + (std::string_view{method} == "POST" ? "x" : "")) << status;
    }
}

// On a fresh connection and on a used one; the second mirror is not asked either.
TEST_F(Options, a_post_that_may_have_been_obeyed_is_not_sent_again) {
    post_server("h", [](const sim::SimRequest& request, const std::string&) {
        return request.method == "POST" ? std::string{} : sim::answer(200, "x");
    });
    serve("other", content);
    for (const bool reused : {false, true}) {
        engine->expect_more(true);
        if (reused) {
            ASSERT_TRUE(fetch({.urls = {"http://h/g"}}));
        }
        asked.clear();
        FetchRequest request{.urls = {"http://h/f", "http://other/f"}};
        request.options.body = "x";
        EXPECT_FALSE(fetch(request));
        EXPECT_EQ(asked.size(), 1u) << reused;
    }
}

TEST_F(Options, a_range_is_all_that_is_fetched) {
    serve("h", content);
    const std::string part = content.substr(1000, 501);
    DownloadRequest request = want("f", part, {"http://h/f"});
    request.options.range = ByteRange{.first = 1000, .last = 1500};
    const Download& download = run(request);
    expect_good(download, part);
    EXPECT_EQ(asked[0].field("Range"), "bytes=1000-1500");
    EXPECT_EQ((*download.result)->fetched, 501u);
    const auto document = fetch({.urls = {"http://h/f"}, .options = {.range = ByteRange{.first = 4990}}});
    ASSERT_TRUE(document);
    EXPECT_EQ(document->body, content.substr(4990));
}

TEST_F(Options, a_range_is_cut_out_of_a_whole_answer) {
    answer_all("h", sim::answer(200, content));
    const std::string part = content.substr(1000, 501);
    DownloadRequest request = want("f", part, {"http://h/f"});
    request.options.range = ByteRange{.first = 1000, .last = 1500};
    expect_good(run(request), part);
    const auto document = fetch({.urls = {"http://h/f"}, .options = {.range = request.options.range}});
    ASSERT_TRUE(document) << describe(document.error());
    EXPECT_EQ(document->body, part);
}

TEST_F(Options, a_range_beyond_the_file_is_told_and_the_next_mirror_asked) {
    serve("old", content.substr(0, 100));
    serve("h", content);
    const std::string part = content.substr(1000);
    DownloadRequest request = want("f", part, {"http://old/f"});
    request.options.range = ByteRange{.first = 1000};
    EXPECT_EQ(run(request).error().code, http::HttpErrc::bad_range);
    request.urls = {"http://old/f", "http://h/f"};
    expect_good(run(request), part);
}

TEST_F(Options, a_cut_range_begins_anew_with_its_first_byte) {
    const std::string part = content.substr(1000, 501);
    const auto whole = [this](const sim::SimRequest& request) { return sim::file_answer(request, content); };
    serve_cut("h", {[&](const sim::SimRequest& request) {
                        const std::string answer = whole(request);
                        return answer.substr(0, answer.size() - 100);
                    },
                    whole});
    DownloadRequest request = want("f", part, {"http://h/f"});
    request.options.range = ByteRange{.first = 1000, .last = 1500};
    expect_good(run(request), part);
    EXPECT_EQ(asked.at(1).field("Range"), "bytes=1000-1500");
}

TEST_F(Options, without_resume_every_attempt_begins_anew) {
    leave_behind("f", content, content.substr(0, 2000), {.url = "http://h/f", .validator = "\"v1\""});
    const auto whole = [this](const sim::SimRequest& request) { return sim::file_answer(request, content); };
    serve_cut("h", {[&](const sim::SimRequest& request) { return whole(request).substr(0, 3000); }, whole});
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.resume = false;
    request.sync = false;
    expect_good(run(request), content);
    ASSERT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[0].field("Range"), "");
    EXPECT_EQ(asked[1].field("Range"), "");
}

TEST_F(Options, a_file_that_the_check_refuses_never_gets_its_name_and_the_next_mirror_is_asked) {
    serve("bad", std::string(5000, 'x'));
    serve("good", content);
    DownloadRequest request{.urls = {"http://bad/f"}, .path = directory / "f"};
    int calls = 0;
    request.check = [&](const std::filesystem::path& file) -> Result<void> {
        ++calls;
        EXPECT_FALSE(std::filesystem::exists(directory / "f"));
        if (directory.read(file.filename().string()) == content) {
            return {};
        }
        return std::unexpected(Error{.code = Errc::io_failed, .cause = "no signature"});
    };
    const Download& refused = run(request);
    EXPECT_EQ(refused.error().code, DownloadErrc::check_failed);
    EXPECT_NE(refused.error().cause.find("no signature"), std::string::npos);
    EXPECT_EQ(entries(), 0);
    request.urls = {"http://bad/f", "http://good/f"};
    request.options.mirrors.order = MirrorOrder::listed;
    expect_good(run(request), content);
    EXPECT_EQ(calls, 3);
}

TEST_F(Options, an_exception_of_a_check_is_its_failure) {
    serve("h", content);
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.check = [](const std::filesystem::path&) -> Result<void> { throw std::runtime_error{"boom"}; };
    const Download& refused = run(request);
    EXPECT_EQ(refused.error().code, DownloadErrc::check_failed);
    EXPECT_NE(refused.error().cause.find("boom"), std::string::npos);
}

TEST_F(Options, a_document_is_checked_too) {
    answer_all("bad", sim::answer(200, "bad"));
    answer_all("good", sim::answer(200, "good"));
    FetchRequest request{.urls = {"http://bad/f", "http://good/f"}};
    request.check = [](std::string_view body) -> Result<void> {
        return body == "good" ? Result<void>{} : std::unexpected(Error{.cause = "not good"});
    };
    const auto result = fetch(request);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->body, "good");
    request.urls.pop_back();
    EXPECT_EQ(fetch(request).error().code, DownloadErrc::check_failed);
}

TEST_F(Options, several_digests_are_compared_at_once) {
    serve("h", content);
    DownloadRequest request = want("f", content, {"http://h/f"});
    using enum DigestAlgorithm;
    for (const DigestAlgorithm algorithm : {md5, sha1, sha224, sha384, sha512}) {
        request.digests.push_back(digest_of(algorithm, content));
    }
    expect_good(run(request), content);
    std::filesystem::remove(directory / "f");
    request.digests.back() = digest_of(sha512, "another");
    EXPECT_EQ(run(request).error().code, DownloadErrc::digest_mismatch);
}

// 20 000 bytes at 10 kB/s with a timeout and a minrate that the throttle alone would break.
TEST_F(Options, a_throttled_transfer_keeps_its_rate_and_nobody_is_blamed_for_it) {
    content = sim::pattern(20'000);
    serve("h", content);
    DownloadRequest request = want("f", content, {"http://h/f"});
    network.lend_to_the_test();  // a throttled connection is left unread on purpose
    request.options.rate_limit = 10'000;
    request.options.timeout = 50ms;
    request.options.minrate = 50'000;
    const TimePoint begun = network.now();
    const Download& download = run(request);
    expect_good(download, content);
    EXPECT_NEAR(std::chrono::duration<double>(download.ended - begun).count(), 2.0, 0.2);
    EXPECT_EQ(asked.size(), 1u);
}

TEST_F(Options, the_clients_limit_is_for_all_transfers_together) {
    content = sim::pattern(20'000);
    network.lend_to_the_test();
    make_engine({.rate_limit = 20'000});
    serve("h", content);
    serve("g", content);
    const TimePoint begun = network.now();
    Download& one = add(want("f", content, {"http://h/f"}));
    Download& two = add(want("g", content, {"http://g/g"}));
    ASSERT_TRUE(network.run_until([&] { return one.result && two.result; }));
    ASSERT_TRUE(one.ok() && two.ok());
    EXPECT_NEAR(std::chrono::duration<double>(one.ended - begun).count(), 2.0, 0.3);
    EXPECT_NEAR(std::chrono::duration<double>(two.ended - begun).count(), 2.0, 0.3);
}

TEST_F(Options, a_throttled_transfer_can_be_cancelled) {
    serve("h", content);
    DownloadRequest request = want("f", content, {"http://h/f"});
    network.lend_to_the_test();
    request.options.rate_limit = 1;
    Download& download = add(request);
    network.run_until([&] { return !asked.empty(); });
    network.settle();
    engine->cancel(download.id);
    ASSERT_TRUE(network.run_until([&] { return download.result.has_value(); }));
    EXPECT_EQ(download.error().code, Errc::cancelled);
}

TEST_F(Options, a_local_file_is_copied_and_verified) {
    directory.write("source", content);
    const Download& download = run(want("f", content, {file_url("source")}));
    ASSERT_TRUE(download.ok()) << describe(download.error());
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ((*download.result)->path, directory / "f");
    EXPECT_EQ(entries(), 2);
    directory.write("source", std::string(5000, 'x'));
    std::filesystem::remove(directory / "f");
    EXPECT_EQ(run(want("f", content, {file_url("source")})).error().code, DownloadErrc::digest_mismatch);
    EXPECT_EQ(entries(), 1);
    EXPECT_EQ(directory.read("source"), std::string(5000, 'x'));
}

TEST_F(Options, a_local_file_can_be_taken_where_it_lies) {
    directory.write("source", content);
    DownloadRequest request = want("f", content, {file_url("source")});
    request.in_place = true;
    const Download& download = run(request);
    ASSERT_TRUE(download.ok()) << describe(download.error());
    EXPECT_EQ((*download.result)->path, directory / "source");
    EXPECT_EQ((*download.result)->size, content.size());
    EXPECT_EQ(entries(), 1);
    directory.write("source", std::string(5000, 'x'));
    EXPECT_EQ(run(request).error().code, DownloadErrc::digest_mismatch);
    EXPECT_EQ(directory.read("source"), std::string(5000, 'x'));
}

TEST_F(Options, a_missing_local_file_gives_way_to_the_next_mirror) {
    serve("h", content);
    DownloadRequest request = want("f", content, {file_url("absent"), "http://h/f"});
    request.in_place = true;
    expect_good(run(request), content);
    EXPECT_EQ(run(want("g", content, {file_url("absent")})).error().code, DownloadErrc::source_not_found);
}

TEST_F(Options, ranges_and_documents_of_local_files) {
    directory.write("source", content);
    FetchRequest request{.urls = {file_url("source")}, .options = {.range = ByteRange{.first = 10, .last = 19}}};
    const auto part = fetch(request);
    ASSERT_TRUE(part) << describe(part.error());
    EXPECT_EQ(part->body, content.substr(10, 10));
    request.options.range.reset();
    request.size_limit = 4999;
    EXPECT_EQ(fetch(request).error().code, DownloadErrc::too_large);
    DownloadRequest file = want("f", content.substr(10, 10), {file_url("source")});
    file.options.range = ByteRange{.first = 10, .last = 19};
    ASSERT_TRUE(run(file).ok());
    EXPECT_EQ(directory.read("f"), content.substr(10, 10));
}

}  // namespace
}  // namespace lastack::download
