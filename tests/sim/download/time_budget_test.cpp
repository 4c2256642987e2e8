// The bound for a file as a whole: all in virtual time, with what lastack sets for its own files.
#include "engine_fixture.hpp"

#include <string>

namespace lastack::download {
namespace {

using http::HttpErrc;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr TimeBudget document{.time = seconds{45}};
constexpr TimeBudget metadata{.time = seconds{60}, .rate = 2000, .rate_on_fast_link = 8000};

class TimeBudgetSim : public EngineSim {
protected:
    // Sends `piece` bytes once in `every`, and the file goes on where a Range says.
    void drip(const std::string& host, std::string content, std::size_t piece, Duration every) {
        network.listen(host, 80, [this, content = std::move(content), piece, every](sim::Peer peer) -> sim::Task<void> {
            while (auto head = co_await peer.read_request()) {
                asked.emplace_back(std::move(*head));
                const std::string whole = sim::file_answer(asked.back(), content);
                std::size_t sent = whole.find("\r\n\r\n") + 4;
                peer.send(whole.substr(0, sent));
                for (; sent < whole.size(); sent += piece) {
                    co_await peer.sleep(every);
                    peer.send(whole.substr(sent, piece));
                }
            }
        });
    }
    void stall(const std::string& host) {
        network.listen(host, 80, [](sim::Peer peer) -> sim::Task<void> { co_await peer.client_gone(); });
    }

    struct Fetched {
        Result<FetchResult> result;
        Duration time{};
        [[nodiscard]] std::string told() const { return result ? "it succeeded" : describe(result.error()); }
    };
    Fetched fetched(std::vector<std::string> urls, std::optional<TimeBudget> budget = document) {
        const TimePoint before = network.now();
        auto result = fetch({.urls = std::move(urls), .size_limit = 8u << 20, .options = {.time_budget = budget}});
        return {std::move(result), network.now() - before};
    }
    Duration timed(DownloadRequest request, const Download*& download) {
        const TimePoint before = network.now();
        download = &run(std::move(request));
        return download->ended - before;
    }
    DownloadRequest bounded(std::string_view name, std::string_view content, std::vector<std::string> urls) {
        DownloadRequest request = want(name, content, std::move(urls));
        request.options.time_budget = metadata;
        return request;
    }
    static void expect_slow(const Fetched& fetched) {
        ASSERT_FALSE(fetched.result);
        EXPECT_EQ(fetched.result.error().code, HttpErrc::too_slow);
        EXPECT_NE(fetched.told().find("too slow"), std::string::npos) << fetched.told();
        EXPECT_GE(fetched.time, seconds{44});
        EXPECT_LE(fetched.time, seconds{47}) << fetched.told();
    }
};

TEST_F(TimeBudgetSim, ends_a_document_of_a_server_that_is_silent) {
    stall("a");
    expect_slow(fetched({"http://a/f"}));
    EXPECT_GT(fetched({"http://a/f"}, std::nullopt).time, seconds{150}) << "each attempt has its own timeout";
}

TEST_F(TimeBudgetSim, ends_a_document_that_comes_as_a_byte_now_and_then) {
    drip("a", std::string(1000, 'x'), 1, seconds{5});
    expect_slow(fetched({"http://a/f"}));
}

TEST_F(TimeBudgetSim, ends_a_document_that_comes_just_above_the_least_rate_of_an_attempt) {
    drip("a", std::string(1u << 20, 'x'), 1100, seconds{1});
    expect_slow(fetched({"http://a/f"}));
}

TEST_F(TimeBudgetSim, ends_where_no_connection_comes_about) {
    network.listen("a", 80, {.answer = sim::Answer::is_silent});
    const auto got = fetched({"http://a/f"});
    ASSERT_FALSE(got.result);
    EXPECT_EQ(got.result.error().code, Errc::timed_out);
    EXPECT_LE(got.time, seconds{47}) << got.told();
}

TEST_F(TimeBudgetSim, leaves_time_for_the_honest_mirror_whatever_the_others_do) {
    stall("silent");
    drip("drip", std::string(1000, 'x'), 1, seconds{1});
    drip("slow", std::string(1u << 20, 'x'), 1100, seconds{1});
    network.listen("dropped", 80, {.answer = sim::Answer::is_silent});
    serve("good", "content");
    for (const std::string evil : {"silent", "drip", "slow", "dropped"}) {
        make_engine({});
        const auto got = fetched({"http://" + evil + "/f", "http://good/f"});
        EXPECT_TRUE(got.result) << evil << ": " << got.told();
        EXPECT_LE(got.time, seconds{16}) << evil;
    }
    make_engine({});
    const auto got = fetched({"http://silent/f", "http://drip/f", "http://slow/f", "http://dropped/f", "http://good/f"});
    EXPECT_TRUE(got.result) << got.told();
    EXPECT_LE(got.time, minutes{1});
}

TEST_F(TimeBudgetSim, lets_the_last_of_many_mirrors_have_its_part) {
    std::vector<std::string> urls;
    for (const std::string host : {"a", "b", "c", "d", "e", "f"}) {
        drip(host, std::string(1u << 20, 'x'), 1100, seconds{1});
        urls.push_back("http://" + host + "/f");
    }
    auto got = fetched(urls);
    ASSERT_FALSE(got.result);
    EXPECT_EQ(got.result.error().code, HttpErrc::too_slow);
    EXPECT_LE(got.time, seconds{45 + 6 * 15});
    make_engine({});
    serve("good", "content");
    urls.emplace_back("http://good/f");
    got = fetched(urls);
    EXPECT_TRUE(got.result) << got.told();
}

TEST_F(TimeBudgetSim, ends_a_file_that_stalls_after_a_good_beginning_and_keeps_what_came) {
    const std::string content = sim::pattern(100'000);
    network.listen("a", 80, [this, content](sim::Peer peer) -> sim::Task<void> {
        while (auto head = co_await peer.read_request()) {
            asked.emplace_back(std::move(*head));
            const std::string whole = sim::file_answer(asked.back(), content);
            peer.send(whole.substr(0, whole.find("\r\n\r\n") + 4 + (asked.size() == 1 ? 60'000 : 0)));
        }
    });
    const Download* download = nullptr;
    const Duration time = timed(bounded("f", content, {"http://a/f"}), download);
    EXPECT_EQ(download->error().code, HttpErrc::too_slow) << describe(download->error());
    EXPECT_GE(time, seconds{59});
    EXPECT_LE(time, seconds{63});
    EXPECT_EQ(std::filesystem::file_size(directory / "f.part"), 60'000u);
}

TEST_F(TimeBudgetSim, ends_a_large_file_just_above_the_least_rate_long_before_its_end) {
    const std::string content = sim::pattern(2u << 20);
    drip("a", content, 1100, seconds{1});
    const Download* download = nullptr;
    const Duration time = timed(bounded("f", content, {"http://a/f"}), download);
    EXPECT_EQ(download->error().code, HttpErrc::too_slow) << describe(download->error());
    EXPECT_LE(time, seconds{140});
}

// 2.4 kB/s each, as three files on a link of 64 kbit/s: 40 minutes, and nobody is to blame.
TEST_F(TimeBudgetSim, lets_an_honest_thin_link_bring_large_files) {
    const std::string content = sim::pattern(6u << 20);
    std::vector<Download*> downloads;
    for (const std::string host : {"a", "b", "c"}) {
        drip(host, content, 1200, milliseconds{500});
        downloads.push_back(&add(bounded(host, content, {"http://" + host + "/f"})));
    }
    for (const Download* download : downloads) {
        EXPECT_TRUE(network.run_until([download] { return download->result.has_value(); }));
        EXPECT_TRUE(download->ok()) << describe(download->error());
    }
}

TEST_F(TimeBudgetSim, is_not_spent_by_our_own_limit_of_the_rate) {
    network.lend_to_the_test();  // what waits for its turn is not read
    serve("a", std::string(100'000, 'x'));
    FetchRequest request{.urls = {"http://a/f"}};
    request.options.time_budget = TimeBudget{.time = seconds{5}};
    request.options.rate_limit = 1000;
    const TimePoint before = network.now();
    EXPECT_TRUE(fetch(request));
    EXPECT_GT(network.now() - before, seconds{60});
}

TEST_F(TimeBudgetSim, is_not_spent_while_the_machine_sleeps) {
    std::optional<Result<FetchResult>> result;
    drip("a", std::string(20, 'x'), 1, seconds{1});
    engine->add(FetchRequest{.urls = {"http://a/f"}, .options = {.time_budget = TimeBudget{.time = seconds{30}}}},
                [&](Result<FetchResult> got) { result.emplace(std::move(got)); });
    network.run_for(seconds{10});
    network.jump(seconds{25});
    EXPECT_TRUE(network.run_until([&result] { return result.has_value(); }));
    EXPECT_TRUE(*result) << describe(result->error());
}

TEST_F(TimeBudgetSim, is_told_as_the_reason_why_a_mirror_was_left) {
    std::vector<LeftMirror> left;
    make_engine({.on_attempt = [&left](const AttemptEvent& event) { left.push_back(event.left); }});
    drip("a", std::string(1u << 20, 'x'), 1100, seconds{1});
    drip("b", std::string(1u << 20, 'x'), 1100, seconds{1});
    EXPECT_FALSE(fetched({"http://a/f", "http://b/f"}).result);
    ASSERT_GE(left.size(), 2u);
    EXPECT_EQ(left.front(), LeftMirror::too_slow);
    EXPECT_EQ(left.back(), LeftMirror::out_of_time);
}

}  // namespace
}  // namespace lastack::download
