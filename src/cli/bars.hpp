// Many downloads on a small window: what is shown is decided here, in lines that fit; a frame is turned into one write. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::cli {

struct WindowSize {
    unsigned columns = 80;
    unsigned rows = 24;
};

// A download that runs.
struct BarState {
    std::string label;  // safe to show
    std::uint64_t received = 0;
    std::optional<std::uint64_t> total;
    double rate = 0;  // bytes per second
};

struct BarsState {
    std::vector<BarState> running;
    std::size_t count = 0;  // files in all
    std::size_t done = 0;
    std::size_t failed = 0;
    std::uint64_t bytes = 0;             // of all files, what runs included
    std::optional<std::uint64_t> total;  // of all files; unset while one of them is unknown
    double rate = 0;
};

// One line per running download as far as the window reaches, "... and 7 more" when it does not, and the total when there are several
// files. No line is wider than the window less the last column, where some terminals wrap.
[[nodiscard]] std::vector<std::string> bar_lines(const BarsState& state, WindowSize window);

// "1:02:03", "04:05".
[[nodiscard]] std::string clock_text(double seconds);

// Label on the left, cut in its middle when it is too long, and the rest on the right; `columns` - 1 wide.
[[nodiscard]] std::string two_sided(std::string_view left, std::string_view right, unsigned columns);

// What is on the terminal below the lines that stay, and the bytes that turn it into the next frame: cursor moves, lines, "clear to the end
// of the line"; nothing is cleared before it is written over, so nothing flickers.
class BarFrame {
public:
    // Lines in `above` stay for ever, `lines` until the next call. `text` for one write.
    [[nodiscard]] std::string redraw(const std::vector<std::string>& above, const std::vector<std::string>& lines, WindowSize window);

private:
    std::vector<std::size_t> drawn_;  // columns of each line
};

}  // namespace lastack::cli
