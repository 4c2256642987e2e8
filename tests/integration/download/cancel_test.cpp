#include "client_fixture.hpp"
#include "support/listening_socket.hpp"

#include <future>
#include <stop_token>

namespace lastack::test {
namespace {

class Cancel : public ClientTest {
protected:
    // Starts the downloads, runs `until`, asks to stop, and returns the results.
    template <typename Until>
    std::vector<Result<DownloadResult>> download_until(std::vector<DownloadRequest> requests, Until until) {
        std::stop_source stop;
        auto& started = client();
        auto results = std::async(std::launch::async, [&] { return started.download(std::move(requests), nullptr, stop.get_token()); });
        until();
        const auto begin = Clock::now();
        stop.request_stop();
        auto all = results.get();
        EXPECT_LT(Clock::now() - begin, 1s);
        return all;
    }
};

// Asks to stop as soon as so many bytes have come.
class StopAt final : public ProgressObserver {
public:
    explicit StopAt(std::uint64_t bytes) : bytes_(bytes) {}
    void started(std::size_t, std::string_view, std::optional<std::uint64_t>) override {}
    void advanced(std::size_t, std::uint64_t received, std::optional<std::uint64_t>) override {
        if (received >= bytes_) {
            stop.request_stop();
        }
    }
    void finished(std::size_t, const Result<DownloadResult>&) override {}
    void tick() override {}
    std::stop_source stop;

private:
    std::uint64_t bytes_;
};

TEST_F(Cancel, keeps_the_partial_file_for_a_later_resume) {
    const auto content = content_of(500'000);
    const auto head = response_head(Reply{.headers = {{"Content-Length", "500000"}, {"ETag", "\"v1\""}}});
    origin.once("/f", Reply::steps({Send{.bytes = head + content.substr(0, 300'000)}, WaitUntil{"never"}}));
    origin.serve_file("/f", content, {.etag = "\"v1\""});
    StopAt observer(300'000);
    const auto results = client().download({file(origin.url("/f"))}, &observer, observer.stop.get_token());
    ASSERT_THAT(results.at(0), FailedWith(Errc::cancelled));
    EXPECT_EQ(results.at(0).error().offset, 300'000u);
    EXPECT_FALSE(exists("file"));
    EXPECT_TRUE(stored("file.part") == content.substr(0, 300'000)) << "every byte that came is kept";
    EXPECT_TRUE(origin.wait_until_all_closed());
    expect_no_sockets();

    const auto again = download(file(origin.url("/f")));
    ASSERT_THAT(again, Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_EQ(again->fetched, 200'000u);
    EXPECT_EQ(origin.requests().back().header("Range"), "bytes=300000-");
    EXPECT_EQ(origin.requests().back().header("If-Range"), "\"v1\"");
}

TEST_F(Cancel, ends_what_waits_for_an_answer) {
    origin.on("/f", Reply::steps({WaitUntil{"never"}}));
    const auto results = download_until({file(origin.url("/f"))}, [&] { ASSERT_TRUE(origin.wait_at("never")); });
    EXPECT_THAT(results.at(0), FailedWith(Errc::cancelled));
    EXPECT_FALSE(exists("file.part")) << "nothing came, nothing is left";
    EXPECT_TRUE(origin.wait_until_all_closed());
}

TEST_F(Cancel, ends_what_is_queued_and_keeps_what_is_done) {
    options.max_parallel_downloads = 1;
    origin.on("/a", Reply{.body = "a"});
    origin.on("/f", Reply::steps({WaitUntil{"never"}}));
    const auto results = download_until({file(origin.url("/a"), "a"), file(origin.url("/f"), "f"), file(origin.url("/a"), "b")},
                                        [&] { ASSERT_TRUE(origin.wait_at("never")); });
    EXPECT_THAT(results.at(0), Succeeded());
    EXPECT_THAT(results.at(1), FailedWith(Errc::cancelled));
    EXPECT_THAT(results.at(2), FailedWith(Errc::cancelled));
    EXPECT_EQ(origin.record().requests_for("/a"), 1);
}

TEST_F(Cancel, ends_a_wait_between_two_attempts) {
    request_options.retries = 100;
    origin.on("/f", Reply{.status = 503});
    const auto results = download_until(
        {file(origin.url("/f"))}, [&] { ASSERT_TRUE(origin.wait_for([](const Record& record) { return record.requests.size() >= 3; })); });
    EXPECT_THAT(results.at(0), FailedWith(Errc::cancelled));
}

TEST_F(Cancel, ends_what_is_being_connected) {
    const SilentPort silent;
    const auto results = download_until({file(silent.url("/f"))}, [&] {
        // Nobody sees a SYN that is dropped; the pool knows of the dial.
        while (client().connections().open == 0) {
        }
    });
    EXPECT_THAT(results.at(0), FailedWith(Errc::cancelled));
    // The dial itself ends in a later turn than the call.
    const auto deadline = Clock::now() + 1s;
    while (client().connections().open != 0 && Clock::now() < deadline) {
    }
    EXPECT_EQ(client().connections().open, 0u);
    EXPECT_TRUE(own_sockets_to(silent.port()).size() <= silent.fillers()) << "only those that fill the queue are left";
}

TEST_F(Cancel, before_it_began_sends_nothing) {
    origin.on("/f", Reply{.body = "x"});
    std::stop_source stop;
    stop.request_stop();
    for (int round = 0; round < 50; ++round) {
        ASSERT_THAT(download(file(origin.url("/f")), stop.get_token()), FailedWith(Errc::cancelled)) << "round " << round;
    }
    EXPECT_EQ(origin.requests().size(), 0u);
    EXPECT_FALSE(exists("file.part"));
}

TEST_F(Cancel, of_one_call_leaves_another_alone) {
    origin.on("/f", Reply::steps({WaitUntil{"never"}}));
    origin.on("/g", Reply{.body = "good", .before = {WaitUntil{"go"}}});
    auto& shared = client();
    auto other = std::async(std::launch::async, [&] { return shared.fetch({document(origin.url("/g"))}); });
    ASSERT_TRUE(origin.wait_at("go"));
    const auto results = download_until({file(origin.url("/f"))}, [&] { ASSERT_TRUE(origin.wait_at("never")); });
    EXPECT_THAT(results.at(0), FailedWith(Errc::cancelled));
    origin.open("go");
    EXPECT_THAT(other.get().at(0), Succeeded());
}

TEST_F(Cancel, a_client_that_goes_closes_its_sockets) {
    origin.on("/a", Reply{.body = "a"});
    {
        Client short_lived;
        short_lived.expect_more(true);
        ASSERT_THAT(short_lived.fetch({document(origin.url("/a"))}).at(0), Succeeded());
        EXPECT_EQ(origin.open_connections(), 1);
    }
    expect_no_sockets_to(origin.port());
    ASSERT_TRUE(origin.wait_until_all_closed());
    EXPECT_FALSE(origin.record().connections[0].peer_reset) << "an orderly close, no RST";
}

}  // namespace
}  // namespace lastack::test
