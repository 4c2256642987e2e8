#include "integration/download/client_fixture.hpp"

#include <coroutine>
#include <future>
#include <thread>

namespace lastack::test {
namespace {

class TransferOf : public ClientTest {
protected:
    // Answers only when the gate "go" opens.
    void hold(const std::string& path, std::string_view body) {
        origin.on(path, Reply::steps({WaitUntil{"go"},
                                      Send{.bytes = response_head(Reply{.headers = {{"Content-Length", std::to_string(body.size())}}}) +
                                                    std::string{body}}}));
    }
};

// A coroutine that nobody waits for.
struct Detached {
    struct promise_type {
        Detached get_return_object() { return {}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
};

Detached await_document(Client& client, std::string url, std::promise<std::pair<Result<FetchResult>, std::thread::id>>& told) {
    auto result = co_await client.start(std::move(url));
    told.set_value({std::move(result), std::this_thread::get_id()});
}

TEST_F(TransferOf, a_file_is_waited_for_and_taken_once) {
    const auto content = content_of(300'000);
    origin.serve_file("/f", content);
    auto transfer = client().start(file(origin.url("/f")));
    transfer.wait();
    EXPECT_TRUE(transfer.ready());
    EXPECT_EQ(transfer.progress().received, content.size());
    ASSERT_THAT(transfer.get(), Succeeded());
    EXPECT_TRUE(stored() == content);
    EXPECT_THAT(transfer.get(), FailedWith(Errc::invalid_argument));
}

TEST_F(TransferOf, nothing_is_an_error_to_take) {
    Transfer<FetchResult> none;
    EXPECT_FALSE(none.valid());
    EXPECT_FALSE(none.ready());
    EXPECT_THAT(none.get(), FailedWith(Errc::invalid_argument));
}

TEST_F(TransferOf, an_unfinished_document_is_not_ready) {
    hold("/f", "body");
    auto transfer = client().start(origin.url("/f"));
    EXPECT_FALSE(transfer.wait_for(20ms));
    EXPECT_FALSE(transfer.ready());
    origin.open("go");
    const auto result = transfer.get();
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "body");
}

TEST_F(TransferOf, what_is_cancelled_ends_with_cancelled) {
    hold("/f", "body");
    auto transfer = client().start(origin.url("/f"));
    transfer.cancel();
    EXPECT_THAT(transfer.get(), FailedWith(Errc::cancelled));
}

TEST_F(TransferOf, a_stop_request_cancels_a_wait) {
    hold("/f", "body");
    std::stop_source stop;
    auto transfer = client().start(origin.url("/f"));
    auto result = std::async(std::launch::async, [&] { return transfer.get(stop.get_token()); });
    stop.request_stop();
    EXPECT_THAT(result.get(), FailedWith(Errc::cancelled));
}

TEST_F(TransferOf, a_dropped_handle_cancels_and_done_is_told) {
    hold("/f", "body");
    std::promise<std::error_code> told;
    {
        const auto transfer = client().start(document(origin.url("/f")), [&](const auto& result) { told.set_value(result.error().code); });
    }
    EXPECT_EQ(told.get_future().get(), Errc::cancelled);
}

TEST_F(TransferOf, a_detached_one_goes_on) {
    hold("/f", "body");
    std::promise<std::string> told;
    client().start(document(origin.url("/f")), [&](const auto& result) { told.set_value(result->body); }).detach();
    origin.open("go");
    EXPECT_EQ(told.get_future().get(), "body");
}

TEST_F(TransferOf, done_may_block_and_start_others_and_returns_before_the_handle_is_ready) {
    origin.serve_file("/a", "a");
    origin.serve_file("/b", "b");
    std::string second;
    auto transfer = client().start(document(origin.url("/a")), [&](const auto&) { second = client().fetch(origin.url("/b"))->body; });
    ASSERT_THAT(transfer.get(), Succeeded());
    EXPECT_EQ(second, "b");
}

TEST_F(TransferOf, a_coroutine_goes_on_off_the_thread_that_began_it) {
    hold("/f", "body");
    std::promise<std::pair<Result<FetchResult>, std::thread::id>> told;
    await_document(client(), origin.url("/f"), told);
    origin.open("go");
    const auto [result, thread] = told.get_future().get();
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, "body");
    EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(TransferOf, the_callers_executor_has_what_is_told) {
    std::promise<std::function<void()>> handed;
    options.callback_executor = [&](std::function<void()> work) { handed.set_value(std::move(work)); };
    origin.serve_file("/f", "body");
    std::promise<std::pair<Result<FetchResult>, std::thread::id>> told;
    await_document(client(), origin.url("/f"), told);
    handed.get_future().get()();
    const auto [result, thread] = told.get_future().get();
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(thread, std::this_thread::get_id());
}

TEST_F(TransferOf, a_handle_outlives_its_client) {
    hold("/f", "body");
    auto own = std::make_unique<Client>();
    auto transfer = own->start(origin.url("/f"));
    own.reset();
    EXPECT_TRUE(transfer.ready());
    transfer.cancel();
    EXPECT_THAT(transfer.get(), FailedWith(Errc::cancelled));
}

TEST_F(TransferOf, a_client_may_end_inside_done) {
    origin.serve_file("/f", "body");
    auto own = std::make_unique<Client>();
    std::promise<void> ended;
    own->start(document(origin.url("/f")),
               [&](const auto&) {
                   own.reset();
                   ended.set_value();
               })
        .detach();
    ended.get_future().get();
}

TEST_F(TransferOf, many_threads_share_one_client) {
    origin.serve_file("/f", "body");
    auto& shared = client();
    std::vector<std::future<void>> threads;
    for (int i = 0; i < 8; ++i) {
        threads.push_back(std::async(std::launch::async, [&] {
            for (int k = 0; k < 10; ++k) {
                auto transfer = shared.start(origin.url("/f"));
                if (k % 3 == 0) {
                    transfer.cancel();
                    transfer.wait();
                } else {
                    EXPECT_EQ(transfer.get()->body, "body");
                }
            }
        }));
    }
    for (auto& thread : threads) {
        thread.get();
    }
}

TEST_F(TransferOf, files_tell_a_function_how_far_they_are) {
    const auto content = content_of(100'000);
    origin.serve_file("/f", content);
    struct Seen {  // what a moment points to lives as long as the call
        std::string label;
        std::uint64_t received;
        bool finished;
    };
    std::vector<Seen> seen;
    const auto results = client().download({file(origin.url("/f"))}, [&](const FileProgress& moment) {
        seen.push_back({std::string{moment.label}, moment.received, moment.finished != nullptr});
    });
    ASSERT_THAT(results.at(0), Succeeded());
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front().label, "file");
    EXPECT_EQ(seen.back().received, content.size());
    EXPECT_TRUE(seen.back().finished);
}

}  // namespace
}  // namespace lastack::test
