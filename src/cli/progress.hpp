// Downloads as the user sees them: on a terminal a line per running file and a total, redrawn in place; elsewhere one plain line per
// finished file. The same events, two voices.
#pragma once

#include "lastack/client.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace lastack::cli {

struct ProgressStyle {
    bool terminal = false;  // redraw in place
    unsigned width = 80;    // columns
};

// The style that fits a stream: whether it is a terminal, and its width now.
[[nodiscard]] ProgressStyle style_of(std::FILE* out);

// `count` files are going to come; `bytes` in all when known (0: not known).
[[nodiscard]] std::unique_ptr<ProgressObserver> make_progress(std::FILE* out, std::size_t count, std::uint64_t bytes);

// Pure pieces, for the tests.
[[nodiscard]] std::string finished_line(std::size_t number, std::size_t count, std::string_view label, std::uint64_t bytes, double seconds,
                                        unsigned width);
[[nodiscard]] std::string running_line(std::string_view label, std::uint64_t received, std::uint64_t total, double rate, unsigned width);

}  // namespace lastack::cli
