// The start of lastack-transact: two pipes, the packages as open descriptors, /dev/null, and nothing else of ours.
#pragma once

#include "base/file.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace lastack::package {

struct TransactProcess {
    pid_t pid = -1;
    FileDescriptor requests;  // we write
    FileDescriptor answers;   // we read
};

// Opens regular files for reading and moves the descriptors above the numbers they will have in the child; raises the soft limit of
// descriptors for that when needed. Errors: the file's.
[[nodiscard]] Result<std::vector<FileDescriptor>> open_packages(const std::vector<std::filesystem::path>& files);

// `wanted`, or lastack-transact beside this program or where it is installed. Errors: PackageErrc::transaction_process.
[[nodiscard]] Result<std::filesystem::path> find_transact_program(const std::optional<std::filesystem::path>& wanted);

// In a session of its own: a terminal's interrupt key reaches neither it nor its scriptlets. Errors: PackageErrc::transaction_process.
[[nodiscard]] Result<TransactProcess> spawn_transact(const std::filesystem::path& program, const std::vector<FileDescriptor>& packages);

// Waits and says how it ended: "ended with status 3", "was killed by SIGKILL".
[[nodiscard]] std::string wait_in_words(pid_t pid);

}  // namespace lastack::package
