#include "cli/bars.hpp"

#include "base/text.hpp"
#include "cli/terminal_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastack::cli {

namespace {

constexpr unsigned bar_columns = 20;        // between the brackets
constexpr unsigned columns_for_a_bar = 76;  // narrower windows show numbers only
constexpr unsigned columns_for_rates = 44;
constexpr double longest_estimate = 99 * 3600;
constexpr unsigned fewest_columns = 10;

std::string amount(std::uint64_t bytes) { return format_number(bytes) + "B"; }

std::string bar_of(std::uint64_t received, std::uint64_t total) {
    const double part = total > 0 ? std::min(1.0, static_cast<double>(received) / static_cast<double>(total)) : 1.0;
    const auto filled = static_cast<std::size_t>(part * bar_columns);
    return "[" + std::string(filled, '=') + std::string(bar_columns - filled, ' ') + "] ";
}

std::string time_left(std::uint64_t received, std::optional<std::uint64_t> total, double rate) {
    if (!total || *total < received) {
        return "         ";
    }
    const double seconds = rate >= 1 ? static_cast<double>(*total - received) / rate : longest_estimate;
    return fmt::format("{:>5} ETA", *total == received ? clock_text(0) : seconds < longest_estimate ? clock_text(seconds) : "--:--");
}

// All that is right of the label; its parts go, bar first, when the window is narrow.
std::string figures(std::uint64_t received, std::optional<std::uint64_t> total, double rate, unsigned columns) {
    std::string text;
    if (total) {
        const double part = *total > 0 ? std::min(1.0, static_cast<double>(received) / static_cast<double>(*total)) : 1.0;
        text = fmt::format("{:3}% ", static_cast<unsigned>(part * 100));
        if (columns >= columns_for_a_bar) {
            text += bar_of(received, *total);
        }
    }
    text += fmt::format("{:>7}", amount(received));
    if (columns >= columns_for_rates) {
        text += fmt::format(" {:>7}/s {}", amount(static_cast<std::uint64_t>(std::max(0.0, rate))), time_left(received, total, rate));
    }
    return text;
}

std::string total_label(const BarsState& state) {
    return fmt::format("Total {}/{}{}", state.done, state.count, state.failed > 0 ? fmt::format(", {} failed", state.failed) : "");
}

// On a window that became narrower the terminal has broken the lines that stood there.
std::size_t rows_taken(const std::vector<std::size_t>& drawn, unsigned columns) {
    std::size_t rows = 0;
    for (const std::size_t width : drawn) {
        rows += std::max<std::size_t>(1, (width + columns - 1) / columns);
    }
    return rows;
}

}  // namespace

std::string clock_text(double seconds) {
    const auto whole = static_cast<unsigned long>(std::max(0.0, seconds));
    return whole >= 3600 ? fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60)
                         : fmt::format("{:02}:{:02}", whole / 60, whole % 60);
}

std::string two_sided(std::string_view left, std::string_view right, unsigned columns) {
    const std::size_t usable = std::max(columns, 2U) - 1;
    const std::size_t right_columns = columns_of(right);
    if (right_columns + 2 > usable) {
        return fitted(left, usable);
    }
    return fitted(left, usable - right_columns - 1) + " " + std::string{right};
}

std::vector<std::string> bar_lines(const BarsState& state, WindowSize window) {
    const unsigned columns = std::max(window.columns, fewest_columns);
    const bool with_total = state.count > 1;
    // The cursor stands below the last line.
    const std::size_t room = std::max(window.rows, 2U) - 1 - (with_total && window.rows > 2 ? 1 : 0);
    const bool all = state.running.size() <= room;
    const std::size_t shown = all ? state.running.size() : room - 1;
    std::vector<std::string> lines;
    for (const BarState& each : state.running) {
        if (lines.size() == shown) {
            break;
        }
        lines.push_back(two_sided(each.label, figures(each.received, each.total, each.rate, columns), columns));
    }
    if (!all) {
        lines.push_back(fitted(fmt::format("... and {} more", state.running.size() - shown), columns - 1));
    }
    if (with_total && window.rows > 2) {
        lines.push_back(two_sided(total_label(state), figures(state.bytes, state.total, state.rate, columns), columns));
    }
    return lines;
}

std::string BarFrame::redraw(const std::vector<std::string>& above, const std::vector<std::string>& lines, WindowSize window) {
    const unsigned columns = std::max(window.columns, 1U);
    const std::size_t highest = std::max(window.rows, 2U) - 1;
    const std::size_t up = std::min(rows_taken(drawn_, columns), highest);
    std::string text;
    if (up > 0) {
        text += fmt::format("\r\x1b[{}A", up);
    }
    for (const auto* group : {&above, &lines}) {
        for (const std::string& line : *group) {
            text += line + "\x1b[K\n";
        }
    }
    // Rows of a higher frame before, and the "^C" that a terminal shows.
    text += "\x1b[J";
    drawn_.clear();
    for (const std::string& line : lines) {
        drawn_.push_back(columns_of(line));
    }
    return text;
}

}  // namespace lastack::cli
