// The head of an HTTP/1.x answer, byte by byte (RFC 9112 sections 2 to 5), without I/O. Strict where laxness has cost others: bare CR, NUL,
// space before a colon, folded first line and other versions are errors; a lone LF ends a line; folded values are joined by a space.
#pragma once

#include "http/message.hpp"

#include "lastack/result.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace lastack::http {

struct HeadLimits {
    std::size_t line = std::size_t{64} << 10;
    std::size_t total = std::size_t{256} << 10;
    std::size_t fields = 1000;
};

class HeadParser {
public:
    explicit HeadParser(HeadLimits limits = {}) : limits_{limits} {}

    // Takes bytes up to the end of the head and says how many; `done()` tells whether the head is complete. After an error it is of no more
    // use.
    [[nodiscard]] Result<std::size_t> feed(std::span<const std::byte> bytes);
    [[nodiscard]] bool done() const noexcept { return done_; }
    [[nodiscard]] std::size_t size() const noexcept { return total_; }  // bytes taken
    [[nodiscard]] ResponseHead take() { return std::move(head_); }

private:
    [[nodiscard]] Result<void> end_of_line();
    [[nodiscard]] Result<void> status_line(std::string_view line);
    [[nodiscard]] Result<void> field_line(std::string_view line);

    HeadLimits limits_;
    ResponseHead head_;
    std::string line_;
    std::size_t total_ = 0;
    bool have_status_ = false;
    bool done_ = false;
};

}  // namespace lastack::http
