// Bodies that end early, files that change, answers to ranges: what is kept, what is asked for next, what the file holds in the end.
#include "engine_fixture.hpp"

namespace lastack::download {
namespace {

using sim::SimRequest;

class Resume : public EngineSim {
protected:
    std::string content = sim::pattern(5000);
    const Source from_h{.url = "http://h/f", .validator = "\"v1\""};

    // The whole answer, cut after that many bytes of its body.
    static std::string cut(std::string answer, std::size_t body_bytes) {
        return answer.substr(0, answer.find("\r\n\r\n") + 4 + body_bytes);
    }

    void expect_good(const Download& download) {
        ASSERT_TRUE(download.ok()) << describe(download.error());
        EXPECT_EQ(directory.read("f"), content);
        EXPECT_EQ(entries(), 1);
    }
};

TEST_F(Resume, a_file_is_fetched_whole) {
    serve("h", content);
    const Download& download = run(want("f", content, {"http://user:secret@h/f"}));
    expect_good(download);
    EXPECT_EQ((*download.result)->outcome, DownloadOutcome::downloaded);
    EXPECT_EQ((*download.result)->fetched, content.size());
    EXPECT_EQ((*download.result)->size, content.size());
    EXPECT_EQ((*download.result)->url, "http://h/f");
    EXPECT_EQ(asked[0].field("Range"), "");
}

TEST_F(Resume, a_file_that_is_there_is_not_asked_for) {
    directory.write("f", content);
    const Download& download = run(want("f", content, {"http://nowhere/f"}));
    expect_good(download);
    EXPECT_EQ((*download.result)->outcome, DownloadOutcome::already_there);
    EXPECT_EQ((*download.result)->fetched, 0u);
    EXPECT_TRUE(network.records().empty());
}

TEST_F(Resume, a_file_that_is_there_but_wrong_is_replaced) {
    directory.write("f", std::string(content.size(), 'x'));
    serve("h", content);
    expect_good(run(want("f", content, {"http://h/f"})));
}

// Cut at many places, by FIN or RST: what came is kept and only the rest is asked for.
TEST_F(Resume, a_body_cut_short_goes_on_where_it_ended) {
    for (const bool reset : {false, true}) {
        for (const std::size_t kept : {std::size_t{1}, std::size_t{2500}, content.size() - 1}) {
            asked.clear();
            network.listen("h", 80, [&](sim::Peer peer) -> sim::Task<void> {
                auto head = co_await peer.read_request();
                asked.emplace_back(std::move(*head));
                const std::string whole = sim::file_answer(asked.back(), content);
                peer.send(asked.size() == 1 ? cut(whole, kept) : whole);
                if (reset && asked.size() == 1) {
                    peer.reset();
                } else {
                    peer.close();
                }
            });
            const Download& download = run(want("f", content, {"http://h/f"}));
            expect_good(download);
            EXPECT_EQ((*download.result)->fetched, content.size());
            ASSERT_EQ(asked.size(), 2u);
            EXPECT_EQ(asked[1].field("Range"), "bytes=" + std::to_string(kept) + "-");
            EXPECT_EQ(asked[1].field("If-Range"), "\"v1\"");
            std::filesystem::remove(directory / "f");
        }
    }
}

TEST_F(Resume, a_chunked_body_cut_at_any_place_goes_on_or_is_whole) {
    const std::string body = "200\r\n" + content.substr(0, 512) + "\r\n1188\r\n" + content.substr(512) + "\r\n0\r\nT: u\r\n\r\n";
    const std::string head = "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nTransfer-Encoding: chunked\r\n\r\n";
    ASSERT_EQ(content.size() - 512, 0x1188u);
    for (const std::size_t end : {std::size_t{0}, std::size_t{2}, std::size_t{300}, std::size_t{518}, std::size_t{522}, std::size_t{3000},
                                  body.size() - 14, body.size() - 9, body.size() - 5, body.size() - 2, body.size() - 1}) {
        serve_cut("h", {[&](const SimRequest&) { return head + body.substr(0, end); },
                        [&](const SimRequest& request) { return sim::file_answer(request, content); }});
        expect_good(run(want("f", content, {"http://h/f"})));
        std::filesystem::remove(directory / "f");
    }
}

TEST_F(Resume, a_body_without_a_length_is_judged_by_size_and_digest) {
    serve_cut("h", {[&](const SimRequest&) { return "HTTP/1.1 200 OK\r\n\r\n" + content; }});
    expect_good(run(want("f", content, {"http://h/f"})));
    std::filesystem::remove(directory / "f");
    const auto short_answer = [&](const SimRequest&) { return "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\n\r\n" + content.substr(0, 4999); };
    serve_cut("h", {short_answer});
    EXPECT_EQ(run(want("f", content, {"http://h/f"})).error().code, http::HttpErrc::truncated);
    EXPECT_FALSE(std::filesystem::exists(directory / "f"));
    serve_cut("h", {[&](const SimRequest& request) { return sim::file_answer(request, content); }});
    expect_good(run(want("f", content, {"http://h/f"})));
    EXPECT_EQ(asked.back().field("Range"), "bytes=4999-");
}

TEST_F(Resume, an_earlier_runs_bytes_are_taken_up) {
    serve("h", content);
    leave_behind("f", content, content.substr(0, 2000), from_h);
    const Download& download = run(want("f", content, {"http://h/f"}));
    expect_good(download);
    EXPECT_EQ((*download.result)->fetched, 3000u);
    EXPECT_EQ(asked[0].field("Range"), "bytes=2000-");
}

TEST_F(Resume, bytes_of_another_mirror_are_taken_up_without_its_validator) {
    serve("other", content, "\"another tag\"");
    leave_behind("f", content, content.substr(0, 2000), from_h);
    expect_good(run(want("f", content, {"http://other/f"})));
    EXPECT_EQ(asked[0].field("Range"), "bytes=2000-");
    EXPECT_EQ(asked[0].field("If-Range"), "");
}

TEST_F(Resume, bytes_that_no_digest_can_judge_are_taken_up_only_from_the_same_unchanged_source) {
    DownloadRequest request = want("f", content, {"http://other/f"});
    request.digests.clear();
    const auto leave = [&] {
        PartialFile file{request.path, {.size = content.size()}};
        ASSERT_TRUE(file.open());
        ASSERT_TRUE(file.start_over(from_h));
        ASSERT_TRUE(file.append(std::as_bytes(std::span{content}.first(2000))));
    };
    leave();
    serve("other", content);
    expect_good(run(request));
    EXPECT_EQ(asked.back().field("Range"), "");
    std::filesystem::remove(directory / "f");
    leave();
    serve("h", content);
    request.urls = {"http://h/f"};
    expect_good(run(request));
    EXPECT_EQ(asked.back().field("Range"), "bytes=2000-");
}

TEST_F(Resume, a_whole_partial_file_gets_its_name_without_a_request) {
    leave_behind("f", content, content, from_h);
    const Download& download = run(want("f", content, {"http://nowhere/f"}));
    expect_good(download);
    EXPECT_EQ((*download.result)->fetched, 0u);
    EXPECT_TRUE(network.records().empty());
}

TEST_F(Resume, a_file_that_changed_meanwhile_begins_anew) {
    leave_behind("f", content, std::string(2000, 'o'), {.url = "http://h/f", .validator = "\"old\""});
    serve("h", content);
    const Download& download = run(want("f", content, {"http://h/f"}));
    expect_good(download);
    EXPECT_EQ(asked.size(), 1u);
    EXPECT_EQ((*download.result)->fetched, content.size());
}

TEST_F(Resume, a_server_without_ranges_sends_all_of_it) {
    leave_behind("f", content, content.substr(0, 2000), from_h);
    answer_all("h", sim::answer(200, content));
    expect_good(run(want("f", content, {"http://h/f"})));
}

TEST_F(Resume, a_wrong_beginning_costs_one_request_for_the_whole_from_the_same_mirror) {
    leave_behind("f", content, std::string(2000, 'o'), {.url = "http://elsewhere/f", .validator = ""});
    serve("h", content);
    expect_good(run(want("f", content, {"http://h/f"})));
    ASSERT_EQ(asked.size(), 2u);
    EXPECT_EQ(asked[0].field("Range"), "bytes=2000-");
    EXPECT_EQ(asked[1].field("Range"), "");
}

struct ReplyRow {
    const char* what;
    std::string answer;   // to the request with a range
    bool whole_is_asked;  // from the same server afterwards
};

class WrongReply : public Resume, public testing::WithParamInterface<ReplyRow> {};

TEST_P(WrongReply, to_a_range_never_puts_a_byte_in_the_wrong_place) {
    leave_behind("f", content, content.substr(0, 2000), from_h);
    network.listen("h", 80, sim::keep_alive([&](const SimRequest& request) {
                       asked.push_back(request);
                       return request.field("Range").empty() ? sim::answer(200, content) : GetParam().answer;
                   }));
    serve("good", content);
    const Download& download = run(want("f", content, {"http://h/f", "http://good/f"}));
    expect_good(download);
    EXPECT_EQ((*download.result)->url, GetParam().whole_is_asked ? "http://h/f" : "http://good/f") << GetParam().what;
    EXPECT_EQ(asked.size(), 2u);
}

INSTANTIATE_TEST_SUITE_P(
    Table, WrongReply,
    testing::Values(
        ReplyRow{"begins at zero", sim::answer(206, sim::pattern(5000), {"Content-Range: bytes 0-4999/5000"}), false},
        ReplyRow{"begins one earlier", sim::answer(206, sim::pattern(5000).substr(1999), {"Content-Range: bytes 1999-4999/5000"}), false},
        ReplyRow{"ends earlier", sim::answer(206, sim::pattern(5000).substr(2000, 100), {"Content-Range: bytes 2000-2099/5000"}), false},
        ReplyRow{"another total", sim::answer(206, sim::pattern(5001).substr(2000), {"Content-Range: bytes 2000-5000/5001"}), false},
        ReplyRow{"no Content-Range", sim::answer(206, sim::pattern(5000).substr(2000)), false},
        ReplyRow{"two of them",
                 sim::answer(206, sim::pattern(5000).substr(2000),
                             {"Content-Range: bytes 2000-4999/5000", "Content-Range: bytes 2000-4999/5000"}),
                 false},
        ReplyRow{"multipart", sim::answer(206, "--x\r\n\r\n--x--", {"Content-Type: multipart/byteranges; boundary=x"}), false},
        ReplyRow{"416 with a shorter size", sim::answer(416, "", {"Content-Range: bytes */1000"}), true},
        ReplyRow{"416 with a longer size", sim::answer(416, "", {"Content-Range: bytes */9000"}), true},
        ReplyRow{"416 without a size", sim::answer(416, ""), true},
        ReplyRow{"wrong bytes in the right place", sim::answer(206, std::string(3000, 'x'), {"Content-Range: bytes 2000-4999/5000"}),
                 true}));

TEST_F(Resume, a_416_that_says_all_is_there_has_it_verified) {
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.size.reset();
    PartialFile file{request.path, {.digests = request.digests}};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(from_h));
    ASSERT_TRUE(file.append(std::as_bytes(std::span{content})));
    file = PartialFile{request.path, {}};  // lets go of the lock
    serve("h", content);
    expect_good(run(request));
    EXPECT_EQ(asked.size(), 1u);
}

TEST_F(Resume, a_server_that_only_ever_says_416_ends) {
    leave_behind("f", content, content.substr(0, 2000), from_h);
    answer_all("h", sim::answer(416, "", {"Content-Range: bytes */2000"}));
    const Download& download = run(want("f", content, {"http://h/f"}));
    EXPECT_FALSE(download.ok());
    EXPECT_LE(asked.size(), 3u);
}

TEST_F(Resume, an_unasked_206_is_refused) {
    answer_all("h", sim::answer(206, content, {"Content-Range: bytes 0-4999/5000"}));
    EXPECT_EQ(run(want("f", content, {"http://h/f"})).error().code, http::HttpErrc::bad_range);
    EXPECT_EQ(entries(), 0);
}

TEST_F(Resume, more_bytes_than_announced_are_cut_off) {
    answer_all("h", "HTTP/1.1 200 OK\r\n\r\n" + content + "more");
    const Download& download = run(want("f", content, {"http://h/f"}));
    EXPECT_EQ(download.error().code, DownloadErrc::size_mismatch);
    EXPECT_TRUE(network.records()[0].aborted);
    EXPECT_FALSE(std::filesystem::exists(directory / "f"));
}

TEST_F(Resume, endless_data_of_unknown_size_stops_at_the_limit) {
    network.listen("h", 80, [](sim::Peer peer) -> sim::Task<void> {
        co_await peer.read_request();
        peer.send("HTTP/1.1 200 OK\r\n\r\n");
        for (int i = 0; i < 1000; ++i) {
            peer.send(std::string(100'000, 'x'));
            co_await peer.sleep(std::chrono::milliseconds{1});
        }
    });
    DownloadRequest request{.urls = {"http://h/f"}, .path = directory / "f", .size_limit = 1'000'000};
    const Download& download = run(request);
    EXPECT_EQ(download.error().code, DownloadErrc::too_large);
    EXPECT_FALSE(std::filesystem::exists(directory / "f"));
    std::error_code ignored;
    EXPECT_LE(std::filesystem::file_size(directory / "f.part", ignored), 1'000'000u);
}

TEST_F(Resume, what_came_before_a_cancellation_is_resumed_later) {
    network.listen("h", 80, [this](sim::Peer peer) -> sim::Task<void> {
        auto head = co_await peer.read_request();
        peer.send(cut(sim::file_answer(SimRequest{*head}, content), 2000));
        co_await peer.client_gone();
    });
    Download& first = add(want("f", content, {"http://h/f"}));
    network.run_for(std::chrono::seconds{1});
    engine->cancel(first.id);
    network.settle();
    ASSERT_TRUE(first.result);
    EXPECT_EQ(first.error().code, Errc::cancelled);
    EXPECT_EQ(first.error().offset, 2000u);
    EXPECT_EQ(network.open_connections(), 0u);
    serve("h", content);
    expect_good(run(want("f", content, {"http://h/f"})));
    EXPECT_EQ(asked[0].field("Range"), "bytes=2000-");
}

TEST_F(Resume, a_file_that_another_process_writes_is_left_alone) {
    PartialFile other{directory / "f", {}};
    ASSERT_TRUE(other.open());
    serve("h", content);
    const Download& download = run(want("f", content, {"http://h/f"}));
    EXPECT_EQ(download.error().code, Errc::locked);
    EXPECT_TRUE(network.records().empty());
}

TEST_F(Resume, a_directory_that_is_not_there_ends_it_without_a_request) {
    DownloadRequest request = want("f", content, {"http://h/f"});
    request.path = directory / "absent/f";
    serve("h", content);
    EXPECT_EQ(run(request).error().code, Errc::not_found);
    EXPECT_TRUE(network.records().empty());
}

}  // namespace
}  // namespace lastack::download
