// A command of the user's, run as if it had been called directly: the same standard streams, the same signal mask, none of our descriptors.
// This process becomes the parent of what the command leaves behind, so that all of it stays findable; nothing of it is ever killed.
#pragma once

#include "base/file.hpp"

#include "lastack/result.hpp"

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace lastack::cli {

class WatchedCommand {
public:
    // The first word is looked up in PATH. Errors: of the generic category, as posix_spawnp gives them.
    [[nodiscard]] static Result<WatchedCommand> start(std::vector<std::string> words);

    // Readable once the command has ended; -1 where the kernel cannot tell it so.
    [[nodiscard]] int descriptor() const { return pidfd_.get(); }
    // Its wait status once it has ended. Also takes leave of orphans that ended.
    [[nodiscard]] std::optional<int> ended();
    void signal(int number) const;

private:
    WatchedCommand() = default;

    pid_t pid_ = -1;
    FileDescriptor pidfd_;
    std::optional<int> wait_status_;
};

// As a shell gives them: 127 when it was not found, 126 when it cannot be executed; the status of what ended, 128 + N after signal N.
[[nodiscard]] int status_of_failed_start(const Error& error);
[[nodiscard]] int status_of_ended(int wait_status);

}  // namespace lastack::cli
