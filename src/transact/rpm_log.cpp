#include "transact/rpm_log.hpp"

#include <rpm/rpmlog.h>

#include <string_view>
#include <utility>

namespace lastack::transact {

namespace {

constexpr std::size_t max_kept = 64u << 10;  // a broken package can make librpm say the same thing for ever
constexpr std::size_t max_line = 2048;

LogLevel level_of(int priority) {
    if (priority <= RPMLOG_ERR) {
        return LogLevel::error;
    }
    return priority == RPMLOG_WARNING ? LogLevel::warning : LogLevel::notice;
}

int on_record(rpmlogRec record, rpmlogCallbackData data) {
    if (const char* text = rpmlogRecMessage(record)) {
        static_cast<RpmLog*>(data)->take(level_of(static_cast<int>(rpmlogRecPriority(record))), text);
    }
    return 0;
}

int drop_record(rpmlogRec /*record*/, rpmlogCallbackData /*data*/) { return 0; }

std::string_view without_blanks(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = text.find_first_not_of(blanks);
    return begin == std::string_view::npos ? std::string_view() : text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

RpmLog::RpmLog(LogLevel level, std::function<void(LogLevel, const std::string&)> listener) : level_(level), listener_(std::move(listener)) {
    // librpm drops records below its own mask before it calls back; info is also what makes it pass scriptlets' stdout on.
    rpmSetVerbosity(RPMLOG_INFO);
    rpmlogSetCallback(on_record, this);
}

RpmLog::~RpmLog() { rpmlogSetCallback(drop_record, nullptr); }

void RpmLog::take(LogLevel level, const char* text) {
    if (level > level_) {
        return;
    }
    std::string line(without_blanks(std::string_view(text).substr(0, max_line)));
    if (line.empty()) {
        return;
    }
    if (listener_) {
        listener_(level, line);
    }
    if (kept_ + line.size() <= max_kept) {
        kept_ += line.size();
        lines_.push_back({level, std::move(line)});
    }
}

std::string RpmLog::errors() const {
    std::string joined;
    for (const auto& line : lines_) {
        if (line.level == LogLevel::error) {
            joined += (joined.empty() ? "" : "; ") + line.text;
        }
    }
    return joined;
}

void RpmLog::clear() {
    lines_.clear();
    kept_ = 0;
}

}  // namespace lastack::transact
