// librpm reports much of what it finds only through its log; this keeps the words.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace lastack::transact {

enum class LogLevel : unsigned char { error, warning, notice };

// From construction to destruction librpm's log goes here instead of to stderr. One at a time.
class RpmLog {
public:
    // Lines up to `level` are kept (a bounded number of bytes); `listener` gets them too, as they come.
    explicit RpmLog(LogLevel level, std::function<void(LogLevel, const std::string&)> listener = {});
    ~RpmLog();
    RpmLog(const RpmLog&) = delete;
    RpmLog& operator=(const RpmLog&) = delete;

    struct Line {
        LogLevel level;
        std::string text;  // without blanks around it
    };
    [[nodiscard]] const std::vector<Line>& lines() const { return lines_; }
    [[nodiscard]] std::string errors() const;  // joined by "; "
    void clear();

    void take(LogLevel level, const char* text);  // for the callback

private:
    LogLevel level_;
    std::function<void(LogLevel, const std::string&)> listener_;
    std::vector<Line> lines_;
    std::size_t kept_ = 0;
};

}  // namespace lastack::transact
