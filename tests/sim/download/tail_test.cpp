// The end of a large file over a second connection: when, from where, and that the file is right whatever happens. In virtual time.
#include "engine_fixture.hpp"

#include <algorithm>

namespace lastack::download {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double in_seconds(Duration time) { return std::chrono::duration<double>(time).count(); }

class TailSim : public EngineSim {
protected:
    static constexpr std::size_t size = 8'000'000;

    // Bytes per second of each connection, and of all of a host together.
    struct Shape {
        std::size_t each = 200'000;
        std::size_t together = SIZE_MAX;
        bool ranges = true;
        std::size_t cut_after = SIZE_MAX;  // bytes of an answer to a request for the end: then the connection is reset
    };
    void serve_shaped(const std::string& host, const std::string& bytes, Shape shape) {
        network.listen(host, 80, [this, host, bytes, shape](sim::Peer peer) -> sim::Task<void> {
            ++open_[host];
            most_open = std::max(most_open, open_[host]);
            while (auto head = co_await peer.read_request()) {
                sim::SimRequest request{std::move(*head)};
                const std::string range = request.field("Range");
                ranges[host].push_back(range);
                std::string text = sim::file_answer(request, bytes);
                if (!shape.ranges) {
                    text = sim::answer(200, bytes);
                }
                const bool is_end = !range.empty() && range != first_range;
                std::size_t at = 0;
                while (at < text.size() && !network.records().at(peer.number() - 1).closed) {
                    const std::size_t rate = std::min(shape.each, shape.together / std::max(1u, open_[host]));
                    const std::size_t piece = std::max<std::size_t>(rate / 10, 1);
                    co_await peer.sleep(milliseconds{100});
                    peer.send(std::string_view{text}.substr(at, piece));
                    at += piece;
                    if (is_end && at >= shape.cut_after) {
                        peer.reset();
                        at = SIZE_MAX;
                    }
                }
                if (at == SIZE_MAX) {
                    break;
                }
            }
            --open_[host];
        });
    }
    double timed(DownloadRequest request) {
        const TimePoint before = network.now();
        const Download& download = run(std::move(request));
        EXPECT_TRUE(download.ok()) << describe(download.error());
        fetched = download.ok() ? (**download.result).fetched : 0;
        return in_seconds(download.ended - before);
    }

    std::string content = sim::pattern(size);
    std::map<std::string, std::vector<std::string>> ranges;
    std::string first_range;
    unsigned most_open = 0;
    std::uint64_t fetched = 0;

private:
    std::map<std::string, unsigned> open_;
};

TEST_F(TailSim, comes_over_a_second_connection_where_a_server_limits_each) {
    serve_shaped("a", content, {});
    EXPECT_LT(timed(want("f", content, {"http://a/f"})), 0.62 * 40);
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(most_open, 2u);
    EXPECT_EQ(fetched, size);
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, needs_no_size_when_a_server_says_it) {
    serve_shaped("a", content, {});
    auto request = want("f", content, {"http://a/f"});
    request.size.reset();
    EXPECT_LT(timed(request), 0.62 * 40);
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(ranges["a"].size(), 2u);
    Download& cut = add(DownloadRequest{.urls = request.urls, .path = directory / "g", .digests = request.digests});
    network.run_for(seconds{12});
    engine->cancel(cut.id);
    ASSERT_TRUE(network.run_until([&] { return cut.result.has_value(); }));
    request.path = directory / "g";
    timed(request);
    EXPECT_EQ(directory.read("g"), content);
    EXPECT_LT(fetched, size * 6 / 10);
    EXPECT_EQ(entries(), 2);
}

TEST_F(TailSim, comes_from_another_mirror) {
    serve_shaped("a", content, {});
    serve_shaped("b", content, {.each = 300'000});
    make_engine({.max_connections_per_host = 1});
    EXPECT_LT(timed(want("f", content, {"http://a/f", "http://b/f"})), 0.62 * 40);
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_GE(ranges["a"].size() + ranges["b"].size(), 2u);
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, is_left_alone_where_both_together_are_no_faster) {
    serve_shaped("a", content, {.together = 200'000});
    EXPECT_LT(timed(want("f", content, {"http://a/f"})), 1.1 * 40);
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_LE(ranges["a"].size(), 3u) << "one try, and what goes on behind it";
}

TEST_F(TailSim, is_not_asked_for_twice_of_a_server_without_ranges) {
    serve_shaped("a", content, {.ranges = false});
    EXPECT_LT(timed(want("f", content, {"http://a/f"})), 41);
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(ranges["a"].size(), 2u);
}

TEST_F(TailSim, that_is_cut_costs_only_what_did_not_come) {
    serve_shaped("a", content, {.cut_after = 1'000'000});
    timed(want("f", content, {"http://a/f"}));
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_LE(fetched, size + 100'000);
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, of_another_file_costs_one_download_of_the_whole_and_no_byte_of_it_stays) {
    std::string other = content;
    other[size - 5] ^= 1;
    serve_shaped("a", content, {});
    serve_shaped("stale", other, {});
    make_engine({.max_connections_per_host = 1});
    timed(want("f", content, {"http://a/f", "http://stale/f"}));
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, gives_its_place_to_a_file_that_waits) {
    serve_shaped("a", content, {});
    make_engine({.max_parallel_downloads = 2});
    Download& large = add(want("f", content, {"http://a/f"}));
    network.run_for(seconds{6});
    EXPECT_EQ(network.open_connections("a"), 2u);
    serve("b", "small");
    Download& small = add(want("s", "small", {"http://b/s"}));
    ASSERT_TRUE(network.run_until([&] { return small.result.has_value(); }));
    EXPECT_FALSE(large.result.has_value());
    EXPECT_LE(most_open, 2u);
    ASSERT_TRUE(network.run_until([&] { return large.result.has_value(); }));
    EXPECT_TRUE(large.ok()) << describe(large.error());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(TailSim, survives_the_end_of_the_run_and_is_taken_up_by_the_next) {
    serve_shaped("a", content, {});
    Download& cut = add(want("f", content, {"http://a/f"}));
    network.run_for(seconds{12});
    engine->cancel(cut.id);
    ASSERT_TRUE(network.run_until([&] { return cut.result.has_value(); }));
    EXPECT_EQ(cut.error().code, Errc::cancelled);
    EXPECT_EQ(entries(), 4) << "both parts and their journals";
    timed(want("f", content, {"http://a/f"}));
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_LT(fetched, size * 6 / 10) << "twelve seconds at two rates are more than 40 %";
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, of_a_run_that_was_killed_in_the_middle_of_joining_is_not_used_twice) {
    serve("a", content);
    const std::string_view all{content};
    leave_behind("f", content, all.substr(0, 6'000'000), {.url = "http://a/f", .validator = "\"v1\""});
    {
        PartialFile tail{
            directory / "f.tail", {.size = size, .digests = {digest_of(DigestAlgorithm::sha256, content)}}, PartialFile::Extent::part};
        ASSERT_TRUE(tail.open());
        ASSERT_TRUE(tail.start_over({.url = "http://a/f", .first = 5'000'000}));
        ASSERT_TRUE(tail.append(std::as_bytes(std::span{all.substr(5'000'000, 2'000'000)})));
    }
    timed(want("f", content, {"http://a/f"}));
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(fetched, 1'000'000u);
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, of_another_file_with_that_name_is_thrown_away) {
    serve("a", content);
    {
        PartialFile tail{
            directory / "f.tail", {.size = size, .digests = {digest_of(DigestAlgorithm::sha256, "else")}}, PartialFile::Extent::part};
        ASSERT_TRUE(tail.open());
        ASSERT_TRUE(tail.start_over({.url = "http://a/f", .first = 5'000'000}));
        ASSERT_TRUE(tail.append(std::as_bytes(std::span{std::string_view{"0123456789"}})));
    }
    timed(want("f", content, {"http://a/f"}));
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(entries(), 1);
}

TEST_F(TailSim, is_not_for_a_file_without_a_digest_nor_for_one_with_a_rate_limit) {
    serve_shaped("a", content, {});
    auto unverified = want("f", content, {"http://a/f"});
    unverified.digests.clear();
    timed(unverified);
    network.lend_to_the_test();  // a throttled connection is left unread on purpose
    auto limited = want("g", content, {"http://a/f"});
    limited.options.rate_limit = 200'000;
    timed(limited);
    EXPECT_EQ(ranges["a"].size(), 2u);
}

TEST_F(TailSim, goes_on_where_the_client_was_suspended) {
    serve_shaped("a", content, {});
    Download& download = add(want("f", content, {"http://a/f"}));
    network.run_for(seconds{10});
    engine->freeze();
    network.settle();
    EXPECT_EQ(network.open_connections(), 0u);
    network.run_for(seconds{5});
    engine->thaw();
    ASSERT_TRUE(network.run_until([&] { return download.result.has_value(); }));
    EXPECT_TRUE(download.ok()) << describe(download.error());
    EXPECT_EQ(directory.read("f"), content);
}

}  // namespace
}  // namespace lastack::download
