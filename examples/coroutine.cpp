// One document after the other in a coroutine, while main does something else: coroutine URL...
#include <cstdio>
#include <future>
#include <lastack/client.hpp>

// The least that a coroutine needs: it tells its end through a future.
struct Story {
    struct promise_type {
        std::promise<void> ended;
        Story get_return_object() { return {ended.get_future()}; }
        std::suspend_never initial_suspend() noexcept { return {}; }
        std::suspend_never final_suspend() noexcept { return {}; }
        void return_void() { ended.set_value(); }
        void unhandled_exception() { ended.set_exception(std::current_exception()); }
    };
    std::future<void> end;
};

static Story read_all(lastack::Client& client, std::vector<std::string> urls) {
    for (const auto& url : urls) {
        auto transfer = client.start(url);
        const auto document = co_await transfer;
        if (document) {
            std::printf("%s: %zu bytes\n", url.c_str(), document->body.size());
        } else {
            std::fprintf(stderr, "%s\n", describe(document.error()).c_str());
        }
    }
}

int main(int count, char** words) {
    lastack::Client client;
    const auto story = read_all(client, {words + 1, words + count});
    std::puts("the coroutine is on its way");
    story.end.wait();
}
