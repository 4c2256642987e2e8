// What an observer is told, and on which terms.
#include "client_fixture.hpp"

#include <functional>
#include <set>
#include <thread>
#include <utility>

namespace lastack::test {
namespace {

// Holds the calling thread in its first call until the server has answered everything.
class SlowObserver final : public ProgressObserver {
public:
    explicit SlowObserver(std::function<void()> hold) : hold_{std::move(hold)} {}

    void started(std::size_t index, std::string_view, std::optional<std::uint64_t>) override { begun.insert(index); }
    void advanced(std::size_t, std::uint64_t, std::optional<std::uint64_t>) override {}
    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        ended.insert(index);
        failures += result ? 0 : 1;
        if (hold_) {
            std::exchange(hold_, nullptr)();
        }
    }
    void tick() override {}

    std::set<std::size_t> begun;
    std::multiset<std::size_t> ended;
    unsigned failures = 0;

private:
    std::function<void()> hold_;
};

class Progress : public ClientTest {};

TEST_F(Progress, a_slow_observer_is_told_of_every_file_once) {
    constexpr std::size_t count = 6;
    std::vector<DownloadRequest> requests;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name = "/f" + std::to_string(i);
        origin.serve_file(name, content_of(1000));
        requests.push_back(file(origin.url(name), "f" + std::to_string(i)));
    }
    SlowObserver observer{[this] {
        // The rest ends while the observer still thinks about the first; the client counts answers on the reactor.
        while (client().connections().requests < count || client().connections().open > 0) {
            std::this_thread::yield();
        }
    }};
    const auto results = client().download(requests, &observer);
    EXPECT_EQ(results.size(), count);
    EXPECT_EQ(observer.begun.size(), count);
    EXPECT_EQ(observer.ended, (std::multiset<std::size_t>{0, 1, 2, 3, 4, 5}));
    EXPECT_EQ(observer.failures, 0u);
}

}  // namespace
}  // namespace lastack::test
