#include "client_fixture.hpp"

#include <algorithm>
#include <functional>
#include <thread>

namespace lastack::test {
namespace {

class Observer : public ClientTest {};

class Recorder final : public ProgressObserver {
public:
    void started(std::size_t index, std::string_view label, std::optional<std::uint64_t> total) override {
        note();
        events.push_back("started " + std::to_string(index) + " " + std::string(label) + " " + (total ? std::to_string(*total) : "?"));
    }
    void advanced(std::size_t, std::uint64_t received, std::optional<std::uint64_t>) override {
        note();
        most_received = std::max(most_received, received);
    }
    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        note();
        events.push_back("finished " + std::to_string(index) + (result ? " good" : " bad"));
        at_end(index);
    }
    void tick() override { note(); }

    std::vector<std::string> events;
    std::function<void(std::size_t)> at_end = [](std::size_t) {};
    std::uint64_t most_received = 0;
    bool foreign_thread = false;

private:
    void note() { foreign_thread = foreign_thread || std::this_thread::get_id() != mine_; }
    std::thread::id mine_ = std::this_thread::get_id();
};

TEST_F(Observer, is_told_on_the_calling_thread_once_for_each_file) {
    options.max_parallel_downloads = 1;
    origin.on("/a", Reply{.body = std::string(1000, 'a'), .before = {Delay{250ms}}});
    auto labelled = file(origin.url("/a"), "a");
    labelled.label = "the first";
    labelled.size = 1000;
    Recorder observer;
    const auto results = client().download({labelled, file(origin.url("/missing"), "b")}, &observer);
    EXPECT_FALSE(observer.foreign_thread);
    EXPECT_THAT(observer.events,
                ::testing::UnorderedElementsAre("started 0 the first 1000", "finished 0 good", "started 1 b ?", "finished 1 bad"));
    EXPECT_LE(observer.most_received, 1000u);
}

TEST_F(Observer, is_told_of_a_file_that_ends_before_the_caller_waits) {
    directory.write("file", "good");
    auto request = file(origin.url("/f"));
    request.size = 4;
    request.digests = {sha256("good")};
    for (int round = 0; round < 200; ++round) {
        Recorder observer;
        ASSERT_THAT(client().download({request}, &observer).at(0), Succeeded());
        ASSERT_THAT(observer.events, ::testing::ElementsAre("started 0 file 4", "finished 0 good")) << "round " << round;
    }
}

TEST_F(Observer, is_told_of_a_file_that_ends_while_it_is_busy_with_another) {
    origin.on("/a", Reply{.body = "a"});
    origin.on("/b", Reply{.body = "b", .before = {WaitUntil{"go"}}});
    Recorder observer;
    observer.at_end = [&](std::size_t index) {
        if (index != 0) {
            return;
        }
        origin.open("go");
        while (!exists("b")) {
            std::this_thread::yield();
        }
        // It has its name; the reactor has some turns to say so.
        for (int turn = 0; turn < 20; ++turn) {
            (void)client().connections();
        }
    };
    auto first = file(origin.url("/a"), "a");
    auto second = file(origin.url("/b"), "b");
    first.size = second.size = 1;
    ASSERT_THAT(client().download({first, second}, &observer).at(1), Succeeded());
    EXPECT_THAT(observer.events, ::testing::UnorderedElementsAre("started 0 a 1", "finished 0 good", "started 1 b 1", "finished 1 good"));
}

}  // namespace
}  // namespace lastack::test
