// A document that goes to a reader on another thread while it arrives, through a buffer that bounds what lies between.
#pragma once

#include "download/attempts.hpp"
#include "download/need.hpp"
#include "download/throttle.hpp"
#include "net/event.hpp"
#include "net/workers.hpp"

#include "lastack/client.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lastack::download {

// Between the reactor, which fills it and never waits for a reader in a blocking way, and one reader.
class StreamPipe {
public:
    static constexpr std::size_t capacity = std::size_t{256} << 10;

    // Both reach the reactor from any thread; called under a lock that end() takes, and not after it.
    struct Hooks {
        std::function<void()> room;    // has room_came() called on the reactor
        std::function<void()> cancel;  // has the task cancelled
    };
    explicit StreamPipe(std::function<Hooks(StreamPipe&)> make_hooks) : hooks_{make_hooks(*this)} {}

    // The reactor's side.
    void open(std::optional<std::uint64_t> size, std::string url);
    [[nodiscard]] net::Task<Result<void>> put(std::span<const std::byte> piece, net::Network& network);
    void room_came();
    void end(Result<void> result);

    // The reader's side.
    [[nodiscard]] Result<void> wait_open();
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> room);
    void cancel();
    [[nodiscard]] std::optional<std::uint64_t> size() const;
    [[nodiscard]] std::string url() const;

private:
    std::size_t take_in(std::span<const std::byte> piece);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    Hooks hooks_;
    std::vector<std::byte> bytes_;  // from `first_` on
    std::size_t first_ = 0;
    bool full_ = false;  // the task waits for room
    bool open_ = false;
    bool cancelled_ = false;
    std::optional<Result<void>> end_;
    std::optional<std::uint64_t> size_;
    std::string url_;
    net::Event* waiting_ = nullptr;  // the task's; on the reactor only
};

[[nodiscard]] net::Task<Result<void>> run_stream(Transport transport, net::Workers& disk, Throttle& throttle, FetchRequest request,
                                                 std::shared_ptr<StreamPipe> pipe, std::optional<Need> need);

}  // namespace lastack::download
