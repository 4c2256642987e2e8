// A short-lived program that judges bytes we have: these arrive as descriptors without a name on disk, its standard output comes back.
// Blocks; never on the reactor.
#pragma once

#include "lastack/result.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace lastack {

// Where the program finds inputs[index]: "/proc/self/fd/3" for the first.
[[nodiscard]] std::string input_path(std::size_t index);

struct ProgramCall {
    std::filesystem::path program;  // absolute; PATH is not asked
    std::vector<std::string> arguments{};
    std::vector<std::string_view> inputs{};
    std::size_t output_limit = std::size_t{1} << 20;
    std::chrono::milliseconds time_limit = std::chrono::seconds{30};
};

struct ProgramEnd {
    int exit_status = -1;  // negative: ended by that signal
    std::string output;    // of standard output
};

// LC_ALL=C is its whole environment, /dev/null its standard input and error output; no descriptor of ours but the inputs; a session of its
// own, so that the terminal's keys do not reach it. Errors: Errc::not_found when there is no such program; Errc::timed_out, Errc::cancelled
// and, when it prints more than the limit, Errc::io_failed: then it has been killed; Errc::io_failed when the system cannot start it.
[[nodiscard]] Result<ProgramEnd> run_program(const ProgramCall& call, std::stop_token stop = {});

}  // namespace lastack
