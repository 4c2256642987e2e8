#include "cli/columns.hpp"

#include "cli/terminal_text.hpp"

#include <algorithm>
#include <numeric>

namespace lastack::cli {

std::size_t display_width(std::string_view text) { return columns_of(text); }

std::vector<std::size_t> column_widths(std::vector<std::size_t> wanted, const std::vector<std::size_t>& least, std::size_t available,
                                       std::size_t remainder) {
    std::size_t total = std::accumulate(wanted.begin(), wanted.end(), std::size_t{0});
    while (total > available) {
        std::size_t widest = wanted.size();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (wanted[i] > least[i] && (widest == wanted.size() || wanted[i] > wanted[widest])) {
                widest = i;
            }
        }
        if (widest == wanted.size()) {
            return wanted;
        }
        --wanted[widest];
        --total;
    }
    const std::size_t left = available - total;
    for (std::size_t& width : wanted) {
        width += left / wanted.size();
    }
    wanted[remainder] += left % wanted.size();
    return wanted;
}

std::string format_row(const std::vector<Cell>& cells, const std::vector<std::size_t>& widths, std::string_view indent) {
    std::string out{indent};
    std::size_t column_end = indent.size();
    for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto& [text, right] = cells[i];
        const std::size_t width = display_width(text);
        const std::string padding(widths[i] > width ? widths[i] - width : 0, ' ');
        out += right ? padding + text : text + padding;
        column_end += widths[i] + 1;
        if (i + 1 < cells.size()) {
            out += width > widths[i] ? "\n" + std::string(column_end, ' ') : " ";
        }
    }
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
}

}  // namespace lastack::cli
