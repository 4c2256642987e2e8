// One interrupted download: a client in a process of its own, a server of its own, one interruption, and what came of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

namespace lastack::bench {

enum class Interruption : std::uint8_t { sigkill, sigint, rst, fin, stall };
constexpr std::size_t interruption_kinds = 5;
[[nodiscard]] const char* interruption_name(Interruption interruption);

enum class Situation : std::uint8_t {
    same_mirror,
    other_mirror,  // the first is gone afterwards
    file_changed,  // between the two attempts, on the server
    no_ranges,     // the server always sends all of it
    complete,      // the interruption comes after the last byte, and the file is asked for once more in the end
};
constexpr std::size_t situation_kinds = 5;
[[nodiscard]] const char* situation_name(Situation situation);

struct KillSetting {
    Interruption interruption{};
    Situation situation{};
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
    std::uint64_t seed = 0;
    std::chrono::milliseconds timeout{};
    std::filesystem::path folder;
};

struct KillOutcome {
    bool failed = false;          // no file in the end
    bool wrong = false;           // a file under the final name that is not the one asked for, at whatever time
    bool reached = true;          // the interruption took place
    std::uint64_t refetched = 0;  // bytes that the client read beyond those it needed
    std::string told;             // what to print; empty: all went well
};

[[nodiscard]] KillOutcome run_kill(const KillSetting& setting);

// The client's process: downloads one file, gives up orderly on SIGINT.
int run_kill_client(int argc, char** argv);

}  // namespace lastack::bench
