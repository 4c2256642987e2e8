#include "support/log_file.hpp"

#include "base/file.hpp"
#include "base/time.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <poll.h>
#include <sys/inotify.h>
#include <system_error>
#include <unistd.h>

namespace lastack::test {

std::vector<std::string> log_lines(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    std::vector<std::string> lines;
    // A line without its end is still being written.
    for (std::string line; std::getline(in, line) && !in.eof();) {
        lines.push_back(line);
    }
    return lines;
}

bool wait_for_log_change(const std::filesystem::path& file, const std::function<bool()>& enough, std::chrono::milliseconds patience) {
    const auto deadline = Clock::now() + patience;
    const FileDescriptor watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!watch.valid() || ::inotify_add_watch(watch.get(), file.c_str(), IN_MODIFY) < 0) {
        throw std::system_error(errno, std::generic_category(), "inotify " + file.string());
    }
    while (!enough()) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd waiting{.fd = watch.get(), .events = POLLIN, .revents = 0};
        if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) < 0) {
            return false;
        }
        std::array<char, 4096> events{};
        [[maybe_unused]] const auto drained = ::read(watch.get(), events.data(), events.size());
    }
    return true;
}

}  // namespace lastack::test
