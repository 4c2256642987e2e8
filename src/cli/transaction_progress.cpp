#include "cli/transaction_progress.hpp"

#include "base/text.hpp"
#include "cli/progress.hpp"

#include <fmt/format.h>

#include <utility>

namespace lastack::cli {

namespace {

const char* word(package::ElementPhase phase) {
    switch (phase) {
        case package::ElementPhase::installing:
            return "Installing";
        case package::ElementPhase::updating:
            return "Updating";
        case package::ElementPhase::removing:
            return "Erasing";
        case package::ElementPhase::cleanup:
            return "Cleanup";
        case package::ElementPhase::verifying:
            return "Verifying";
    }
    return "";
}

}  // namespace

std::string element_line(package::ElementPhase phase, std::string_view nevra, std::size_t number, std::size_t total, unsigned width) {
    const std::string place = fmt::format("{:>{}}/{}", number, fmt::formatted_size("{}", total), total);
    const std::string left = fmt::format("  {:<10} : {}", word(phase), printable(nevra));
    const std::size_t room = width > place.size() + 2 ? width - place.size() - 2 : 0;
    return fmt::format("{:<{}.{}} {}", left, room, room, place);
}

void TransactionProgress::element_started(package::ElementPhase phase, std::string_view nevra, std::size_t number, std::size_t total) {
    if (quiet_) {
        return;
    }
    end_line();
    const ProgressStyle style = style_of(out_);
    std::fputs(element_line(phase, nevra, number, total, style.window.columns).c_str(), out_);
    line_open_ = style.terminal;
    if (!style.terminal) {
        std::fputc('\n', out_);
    }
    std::fflush(out_);
}

void TransactionProgress::element_progress(std::uint64_t, std::uint64_t) {}

void TransactionProgress::element_finished(std::string_view) { end_line(); }

void TransactionProgress::scriptlet_output(std::string_view text) {
    end_line();
    const std::string safe = printable(text, KeepLines::yes);
    std::fwrite(safe.data(), 1, safe.size(), out_);
    std::fflush(out_);
}

void TransactionProgress::scriptlet_failed(std::string_view nevra, std::string_view scriptlet, bool fatal) {
    end_line();
    std::fprintf(stderr, "%s\n",
                 fmt::format("{}: {} scriptlet of {} failed", fatal ? "Error" : "warning", printable(scriptlet), printable(nevra)).c_str());
}

void TransactionProgress::end_line() {
    if (std::exchange(line_open_, false)) {
        std::fputc('\n', out_);
    }
}

}  // namespace lastack::cli
