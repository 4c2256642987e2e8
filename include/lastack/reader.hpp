// A document read piece by piece while it arrives.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace lastack {

namespace download {
class StreamPipe;
}

// Between the network and the reader lie at most 256 KiB; when they are full, the sender is slowed down, and time counts against no
// deadline. A connection lost on the way is made anew when the same server can tell that its document is still the same. Dropping a Reader
// cancels. One thread at a time; cancel() from any.
class Reader {
public:
    explicit Reader(std::shared_ptr<download::StreamPipe> pipe) noexcept;
    ~Reader();
    Reader(Reader&& other) noexcept;
    Reader& operator=(Reader&& other) noexcept;

    // Waits for at least one byte; 0: the document is complete. What was read before an error was right as far as it went. An empty `room`
    // reads nothing.
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> room);
    // A read under way or to come ends with Errc::cancelled.
    void cancel();

    // As the answer's head announced it; unset: unknown.
    [[nodiscard]] std::optional<std::uint64_t> size() const;
    // The URL that answered, without secrets.
    [[nodiscard]] std::string url() const;

private:
    std::shared_ptr<download::StreamPipe> pipe_;
};

}  // namespace lastack
