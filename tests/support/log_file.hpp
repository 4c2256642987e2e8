// A log that a server writes while a test waits for lines of it.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lastack::test {

// Whole lines, without their ends; the last one counts when its end is there. Empty when there is no such file.
[[nodiscard]] std::vector<std::string> log_lines(const std::filesystem::path& file);

// Asks `enough` now and whenever the file, which exists, was changed; true when it said yes, false when the time is over.
[[nodiscard]] bool wait_for_log_change(const std::filesystem::path& file, const std::function<bool()>& enough,
                                       std::chrono::milliseconds patience);

}  // namespace lastack::test
