// Which mirror serves what, and how soon a bad one is left: all in virtual time.
#include "engine_fixture.hpp"

#include <algorithm>

namespace lastack::download {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class MirrorChoice : public EngineSim {
protected:
    // Serves `content` with ranges at that many bytes per second; falls silent for good after `until` bytes of an answer.
    void shape(const std::string& host, const std::string& content, std::size_t rate, std::size_t until = SIZE_MAX) {
        network.listen(host, 80, [this, content, rate, until, host](sim::Peer peer) -> sim::Task<void> {
            while (auto head = co_await peer.read_request()) {
                const sim::SimRequest request{std::move(*head)};
                ++requests[host];
                const std::string text = sim::file_answer(request, content);
                const std::size_t piece = std::max<std::size_t>(rate / 10, 1);
                for (std::size_t at = 0; at < text.size(); at += piece) {
                    if (at >= until) {
                        co_await peer.client_gone();
                        co_return;
                    }
                    co_await peer.sleep(milliseconds{100});
                    peer.send(std::string_view{text}.substr(at, piece));
                }
            }
        });
    }
    Duration timed(DownloadRequest request) {
        const TimePoint before = network.now();
        const Download& download = run(std::move(request));
        EXPECT_TRUE(download.ok()) << describe(download.error());
        return download.ended - before;
    }

    std::map<std::string, int> requests;
};

TEST_F(MirrorChoice, a_stalled_mirror_costs_at_most_ten_seconds) {
    const std::string content = sim::pattern(1'000'000);
    shape("stalls", content, 100'000, 300'000);
    shape("good", content, 100'000);
    EXPECT_LE(timed(want("f", content, {"http://stalls/f", "http://good/f"})), seconds{20});
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(MirrorChoice, a_steady_slow_link_is_never_left) {
    const std::string content = sim::pattern(700'000);
    shape("only", content, 7000);
    shape("other", content, 7000);
    timed(want("f", content, {"http://only/f"}));
    EXPECT_EQ(requests["only"], 1);
    auto unverified = want("g", content, {"http://only/f", "http://other/f"});
    unverified.digests.clear();
    timed(std::move(unverified));
    EXPECT_EQ(requests["only"] + requests["other"], 2);
}

TEST_F(MirrorChoice, work_moves_from_a_slow_mirror_to_a_fast_one) {
    const std::string content = sim::pattern(4'000'000);
    shape("slow", content, 20'000);
    shape("fast", content, 400'000);
    network.listen("dead", 80, {.answer = sim::Answer::refuses});
    answer_all("stale", sim::answer(404, ""));
    EXPECT_LE(timed(want("f", content, {"http://slow/f", "http://dead/f", "http://stale/f", "http://fast/f"})), milliseconds{15'500});
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(MirrorChoice, the_history_survives_and_is_used) {
    const std::string content = sim::pattern(400'000);
    shape("slow", content, 100'000);
    shape("fast", content, 400'000);
    const ClientOptions options{.mirror_history = directory / "hosts"};
    make_engine(options);
    timed(want("a", content, {"http://slow/f"}));
    timed(want("b", content, {"http://fast/f"}));
    make_engine(options);
    requests.clear();
    timed(want("c", content, {"http://slow/f", "http://fast/f"}));
    EXPECT_EQ(requests["slow"], 0);
    EXPECT_EQ(requests["fast"], 1);
}

TEST_F(MirrorChoice, a_removed_mirror_is_not_asked_again_and_attempts_are_told) {
    std::vector<AttemptEvent> events;
    make_engine({.on_attempt = [&](const AttemptEvent& event) { events.push_back(event); }});
    const std::string content = sim::pattern(1000);
    answer_all("bad", sim::answer(404, ""));
    serve("good", content);
    auto request = want("f", content, {"http://bad/f", "http://good/f"});
    request.options.mirrors = {.order = MirrorOrder::listed, .on_failure = [](const MirrorFailure&) { return MirrorAction::remove; }};
    timed(request);
    request.path = directory / "g";
    timed(request);
    ASSERT_EQ(events.size(), 3u);
    EXPECT_EQ(events[0].next, AfterAttempt::other_mirror);
    EXPECT_EQ(events[0].error->http_status, 404);
    EXPECT_EQ(events[1].next, AfterAttempt::done);
    EXPECT_EQ(events[2].url, "http://good/f");
}

TEST_F(MirrorChoice, a_dead_set_of_mirrors_ends_soon_whatever_the_number_of_files) {
    network.listen("a", 80, {.answer = sim::Answer::refuses});
    network.listen("b", 80, {.answer = sim::Answer::refuses});
    std::vector<Download*> files;
    for (int i = 0; i < 300; ++i) {
        files.push_back(&add(want(std::to_string(i), "x", {"http://a/f", "http://b/f"})));
    }
    const TimePoint before = network.now();
    ASSERT_TRUE(network.run_until([&] { return std::ranges::all_of(files, [](auto* file) { return file->result.has_value(); }); }));
    EXPECT_LE(network.now() - before, seconds{10});
    EXPECT_EQ(files.back()->error().code, net::NetErrc::connect_refused);
    EXPECT_LE(network.records().size(), 100u);
}

}  // namespace
}  // namespace lastack::download
