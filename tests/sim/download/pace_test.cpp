// Servers that limit us, in virtual time: everything arrives, few requests are turned away, and the limit is made use of.
#include "engine_fixture.hpp"

#include <algorithm>
#include <cmath>
#include <deque>

namespace lastack::download {
namespace {

using std::chrono::duration;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr unsigned most_rejected = 5;
constexpr double near_the_optimum = 1.6;

double in_seconds(Duration d) { return duration<double>(d).count(); }

class Pace : public EngineSim {
protected:
    std::string content = sim::pattern(1000);
    unsigned rejected = 0;
    unsigned served = 0;
    unsigned at_a_time = 0;

    // The time that so many files take; all must arrive.
    Duration time_of(int files, const std::string& host = "a", std::vector<std::string> others = {}) {
        const TimePoint before = network.now();
        std::vector<Download*> all;
        for (int i = 0; i < files; ++i) {
            const std::string path = "/" + std::to_string(i);
            std::vector<std::string> urls{"http://" + host + path};
            for (const std::string& other : others) {
                urls.push_back("http://" + other + path);
            }
            all.push_back(&add(want(host + std::to_string(i), content, std::move(urls))));
        }
        network.run_until([&] { return std::ranges::all_of(all, [](const Download* d) { return d->result.has_value(); }); });
        for (const Download* download : all) {
            EXPECT_TRUE(download->ok()) << describe(download->error());
        }
        return network.now() - before;
    }
};

// How a server of few connections turns further ones away.
enum class Way : std::uint8_t { says_503, says_429, says_503_and_stays, resets, resets_the_request, closes, refuses };

struct FewRow {
    Way way;
    unsigned limit;
    unsigned most_per_host;
    milliseconds latency;
};

class FewConnections : public Pace, public testing::WithParamInterface<FewRow> {
protected:
    static constexpr auto work = milliseconds{50};

    void listen_limited(unsigned limit, Way way, Duration latency) {
        network.listen("a", 80,
                       {.latency = latency, .on_accept = [this, limit, way](sim::Peer peer) { return serve_few(peer, limit, way); }});
    }
    sim::Task<void> serve_few(sim::Peer peer, unsigned limit, Way way) {
        if (open_ >= limit) {
            co_await turn_away(peer, limit, way);
            co_return;
        }
        set_open(open_ + 1, limit, way);
        while (auto head = co_await peer.read_request()) {
            co_await peer.sleep(work);
            ++served;
            peer.send(sim::file_answer(sim::SimRequest{*head}, content));
        }
        peer.close();
        set_open(open_ - 1, limit, way);
    }
    sim::Task<void> turn_away(sim::Peer peer, unsigned limit, Way way) {
        ++rejected;
        if (way == Way::resets || way == Way::closes) {
            way == Way::resets ? peer.reset() : peer.close();
            co_return;
        }
        --rejected;
        while (auto head = co_await peer.read_request()) {
            if (way == Way::says_503_and_stays && open_ < limit) {
                peer.send(sim::file_answer(sim::SimRequest{*head}, content));
                continue;
            }
            ++rejected;
            if (way == Way::resets_the_request) {
                peer.reset();
                co_return;
            }
            peer.send(sim::answer(way == Way::says_429 ? 429 : 503, "too many",
                                  {"Connection: " + std::string{way == Way::says_503_and_stays ? "keep-alive" : "close"}}));
            if (way != Way::says_503_and_stays) {
                break;
            }
        }
        peer.close();
    }
    void set_open(unsigned open, unsigned limit, Way way) {
        open_ = open;
        if (way == Way::refuses) {
            const auto answer = open_ >= limit ? sim::Answer::refuses : sim::Answer::accepts;
            network.listen("a", 80, {.answer = answer, .latency = GetParam().latency, .on_accept = [this, limit, way](sim::Peer peer) {
                                         return serve_few(peer, limit, way);
                                     }});
        }
    }

private:
    unsigned open_ = 0;
};

TEST_P(FewConnections, are_found_out_with_few_rejections_and_all_used) {
    const FewRow& row = GetParam();
    make_engine({.max_parallel_downloads = 12, .max_connections_per_host = row.most_per_host});
    listen_limited(row.limit, row.way, row.latency);
    constexpr int files = 120;
    const double optimum = in_seconds(work + 2 * row.latency) * files / row.limit;
    const double took = in_seconds(time_of(files));
    RecordProperty("rejected", static_cast<int>(rejected));
    EXPECT_LE(rejected, most_rejected);
    EXPECT_LE(took, near_the_optimum * optimum);
}

// 100 ms for each answer: what all get at once takes that and no more.
TEST_F(Pace, a_server_that_took_many_at_a_time_is_asked_for_as_many_at_once_by_the_next_run) {
    const ClientOptions options{.max_parallel_downloads = 10, .max_connections_per_host = 10, .mirror_history = directory / "hosts"};
    network.listen("a", 80, [this](sim::Peer peer) -> sim::Task<void> {
        while (auto head = co_await peer.read_request()) {
            co_await peer.sleep(milliseconds{100});
            peer.send(sim::file_answer(sim::SimRequest{*head}, content));
        }
        peer.close();
    });
    make_engine(options);
    EXPECT_EQ(time_of(10), milliseconds{200}) << "four, then the six others";
    for (int i = 0; i < 10; ++i) {
        std::filesystem::remove(directory / ("a" + std::to_string(i)));
    }
    make_engine(options);
    EXPECT_EQ(time_of(10), milliseconds{100});
}

INSTANTIATE_TEST_SUITE_P(Ways, FewConnections,
                         testing::Values(FewRow{Way::says_503, 2, 8, {}}, FewRow{Way::says_503, 2, 3, {}}, FewRow{Way::says_503, 1, 8, {}},
                                         FewRow{Way::says_503, 3, 8, {}}, FewRow{Way::says_503, 4, 8, {}}, FewRow{Way::says_503, 5, 8, {}},
                                         FewRow{Way::says_503, 6, 8, {}}, FewRow{Way::says_503, 2, 8, milliseconds{20}},
                                         FewRow{Way::says_429, 2, 8, {}}, FewRow{Way::says_429, 2, 8, milliseconds{20}},
                                         FewRow{Way::says_503_and_stays, 2, 8, milliseconds{5}}, FewRow{Way::resets, 2, 8, {}},
                                         FewRow{Way::resets, 2, 8, milliseconds{20}}, FewRow{Way::resets_the_request, 2, 8, {}},
                                         FewRow{Way::resets_the_request, 2, 8, milliseconds{20}}, FewRow{Way::closes, 2, 8, {}},
                                         FewRow{Way::closes, 2, 8, milliseconds{20}}, FewRow{Way::refuses, 2, 8, {}},
                                         FewRow{Way::refuses, 2, 8, milliseconds{20}}));

enum class Limiter : std::uint8_t { no_burst, bucket, per_second };

struct RateRow {
    Limiter limiter;
    int status;
    bool says_when;
    milliseconds latency;
    unsigned parallel = 3;
};

class FewPerSecond : public Pace, public testing::WithParamInterface<RateRow> {
protected:
    static constexpr auto step = milliseconds{100};
    static constexpr int burst = 10;

    bool admits() {
        const TimePoint now = network.now();
        if (GetParam().limiter == Limiter::per_second) {
            const auto second = std::chrono::floor<seconds>(now.time_since_epoch());
            count_ = second == second_ ? count_ + 1 : 1;
            second_ = second;
            return count_ <= burst;
        }
        // Both are buckets: one holds ten requests, the other a single one.
        const TimePoint full = now - (GetParam().limiter == Limiter::bucket ? (burst - 1) * step : Duration{0});
        const TimePoint next = std::max(next_.value_or(full), full);
        if (next > now) {
            return false;
        }
        next_ = next + step;
        return true;
    }

private:
    std::optional<TimePoint> next_;
    int count_ = 0;
    seconds second_{-1};
};

TEST_P(FewPerSecond, are_found_out_with_few_rejections_and_all_used) {
    const RateRow& row = GetParam();
    make_engine({.max_parallel_downloads = row.parallel});
    network.listen("a", 80, {.latency = row.latency, .on_accept = sim::keep_alive([this, &row](const sim::SimRequest& request) {
                                                         if (admits()) {
                                                             ++served;
                                                             return sim::file_answer(request, content);
                                                         }
                                                         ++rejected;
                                                         return sim::answer(row.status, "slow down",
                                                                            row.says_when ? std::vector<std::string>{"Retry-After: 1"}
                                                                                          : std::vector<std::string>{});
                                                     })});
    constexpr int files = 100;
    const double optimum = files * in_seconds(step);
    const double took = in_seconds(time_of(files));
    EXPECT_LE(rejected, most_rejected);
    EXPECT_LE(took, near_the_optimum * optimum);
}

INSTANTIATE_TEST_SUITE_P(
    Limiters, FewPerSecond,
    testing::Values(RateRow{Limiter::no_burst, 503, false, {}}, RateRow{Limiter::no_burst, 429, false, milliseconds{1}},
                    RateRow{Limiter::no_burst, 429, false, milliseconds{20}}, RateRow{Limiter::no_burst, 429, true, {}},
                    RateRow{Limiter::no_burst, 429, true, milliseconds{10}}, RateRow{Limiter::bucket, 429, false, {}},
                    RateRow{Limiter::bucket, 429, false, milliseconds{10}}, RateRow{Limiter::bucket, 503, true, milliseconds{1}},
                    RateRow{Limiter::bucket, 429, false, milliseconds{10}, 20}, RateRow{Limiter::per_second, 429, false, {}},
                    RateRow{Limiter::per_second, 429, false, milliseconds{10}}, RateRow{Limiter::per_second, 429, true, milliseconds{3}},
                    RateRow{Limiter::per_second, 503, true, {}}, RateRow{Limiter::bucket, 503, false, {}},
                    RateRow{Limiter::bucket, 503, false, milliseconds{10}}, RateRow{Limiter::per_second, 503, false, {}}));

class Patience : public Pace {};

TEST_F(Patience, with_one_host_does_not_hold_up_others) {
    answer_all("busy", sim::answer(503, "", {"Retry-After: 30"}));
    serve("free", content);
    Download& waits = add(want("waits", content, {"http://busy/f"}));
    network.run_for(milliseconds{10});
    Download& runs = add(want("runs", content, {"http://free/f"}));
    network.run_for(milliseconds{10});
    EXPECT_TRUE(runs.ok());
    EXPECT_FALSE(waits.result);
    engine->cancel(waits.id);
    network.settle();
    EXPECT_EQ(waits.error().code, Errc::cancelled);
}

TEST_F(Patience, asks_again_when_the_server_said_and_not_before) {
    int asked_times = 0;
    network.listen("a", 80, sim::keep_alive([&](const sim::SimRequest& request) {
                       return ++asked_times == 1 ? sim::answer(503, "", {"Retry-After: 7"}) : sim::file_answer(request, content);
                   }));
    const TimePoint before = network.now();
    const Download& download = run(want("f", content, {"http://a/f"}));
    EXPECT_TRUE(download.ok());
    EXPECT_EQ(asked_times, 2);
    EXPECT_EQ(download.ended - before, seconds{7});
}

TEST_F(Patience, has_a_limit_whatever_the_server_says) {
    answer_all("a", sim::answer(429, "", {"Retry-After: 86400"}));
    const TimePoint before = network.now();
    const Download& download = run(want("f", content, {"http://a/f"}));
    EXPECT_EQ(download.error().http_status, 429);
    EXPECT_EQ(download.error().retry_after, seconds{86400});
    EXPECT_LE(download.ended - before, minutes{5});
    EXPECT_LE(asked.size(), 5u);
}

TEST_F(Patience, with_a_long_absence_is_one_more_try_after_a_minute) {
    int asked_times = 0;
    network.listen("a", 80, sim::keep_alive([&](const sim::SimRequest& request) {
                       return ++asked_times == 1 ? sim::answer(503, "", {"Retry-After: 3600"}) : sim::file_answer(request, content);
                   }));
    const TimePoint before = network.now();
    EXPECT_TRUE(run(want("f", content, {"http://a/f"})).ok());
    EXPECT_EQ(asked_times, 2);
    EXPECT_EQ(network.now() - before, seconds{60});
}

TEST_F(Patience, with_a_file_that_is_never_available_ends_within_half_a_minute) {
    network.listen("a", 80, sim::keep_alive([&](const sim::SimRequest& request) {
                       return request.target == "/never" ? sim::answer(503, "") : sim::file_answer(request, content);
                   }));
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(run(want("f" + std::to_string(i), content, {"http://a/" + std::to_string(i)})).ok());
    }
    const TimePoint before = network.now();
    EXPECT_EQ(run(want("never", content, {"http://a/never"})).error().http_status, 503);
    EXPECT_LE(network.now() - before, seconds{30});
}

TEST_F(Patience, is_not_asked_for_by_a_server_that_fails_one_request_in_sixteen) {
    make_engine({.max_parallel_downloads = 8});
    int n = 0;
    network.listen("a", 80, sim::keep_alive([&](const sim::SimRequest& request) {
                       return ++n % 16 == 5 ? sim::answer(503, "") : sim::file_answer(request, content);
                   }));
    EXPECT_LE(in_seconds(time_of(400)), 20);
    EXPECT_LE(n, 440);
}

TEST_F(Patience, is_not_needed_where_another_mirror_serves) {
    answer_all("busy", sim::answer(503, "", {"Retry-After: 3600"}));
    serve("free", content);
    EXPECT_EQ(time_of(20, "busy", {"free"}), Duration{0});
    const auto to_busy = std::ranges::count_if(asked, [](const sim::SimRequest& request) { return request.field("Host") == "busy"; });
    EXPECT_LE(to_busy, 3) << "a mirror that wants none of our requests gets none";
}

TEST_F(Patience, with_a_server_that_limits_us_is_no_attempt_of_the_file) {
    make_engine({.max_parallel_downloads = 3});
    int n = 0;
    network.listen("a", 80, sim::keep_alive([&](const sim::SimRequest& request) {
                       ++n;
                       return n >= 4 && n <= 6 ? sim::answer(429, "", {"Retry-After: 1"}) : sim::file_answer(request, content);
                   }));
    std::vector<Download*> all;
    for (int i = 0; i < 9; ++i) {
        DownloadRequest request = want("f" + std::to_string(i), content, {"http://a/" + std::to_string(i)});
        request.options.retries = 1;
        all.push_back(&add(std::move(request)));
    }
    network.run_until([&] { return std::ranges::all_of(all, [](const Download* d) { return d->result.has_value(); }); });
    for (const Download* download : all) {
        EXPECT_TRUE(download->ok()) << describe(download->error());
    }
}

}  // namespace
}  // namespace lastack::download
