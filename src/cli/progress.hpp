// Downloads as the user sees them: on a terminal a line per running file and a total, redrawn in place; elsewhere one plain line per
// finished file. The same events, two voices.
#pragma once

#include "cli/bars.hpp"

#include "lastack/client.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace lastack::cli {

struct ProgressStyle {
    bool terminal = false;  // redraw in place
    WindowSize window;      // as it is now
};

// The style that fits a stream: whether it is a terminal that moves its cursor (TERM says), and its size now.
[[nodiscard]] ProgressStyle style_of(std::FILE* out);

// `count` files are going to come; `bytes` in all when known (0: not known).
[[nodiscard]] std::unique_ptr<ProgressObserver> make_progress(std::FILE* out, std::size_t count, std::uint64_t bytes);

// The line that stays of a file that is there.
[[nodiscard]] std::string finished_line(std::size_t number, std::size_t count, std::string_view label, std::uint64_t bytes, double seconds,
                                        unsigned columns);

}  // namespace lastack::cli
