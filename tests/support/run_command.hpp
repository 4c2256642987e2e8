// One program run to its end, for builders that need rpmbuild, gpg and the like. Nothing is passed through a shell.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

struct CommandResult {
    int status = -1;     // exit status; 128 + signal when one ended it
    std::string output;  // stdout and stderr, mixed as they came
};

// argv[0] is searched in PATH; stdin is /dev/null. Throws std::runtime_error when the program cannot be started.
[[nodiscard]] CommandResult run_command(const std::vector<std::string>& argv, const std::filesystem::path& directory = "/");

// The output; throws std::runtime_error with it when the program fails.
std::string must_run(const std::vector<std::string>& argv, const std::filesystem::path& directory = "/");

}  // namespace lastack::test
