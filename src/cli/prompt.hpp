// Questions to the user. Whatever is not a clear yes is a No: an empty line, end of input, Ctrl-C.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lastack::cli {

enum class Answer : std::uint8_t {
    yes,
    no,
    download,  // "d": download, install nothing
    stopped,   // Ctrl-C or another request to stop
};

enum class Offer : std::uint8_t { yes_no, yes_download_no };

// One line of input as an answer; nothing when it is none of the words (the question is put again). Pure.
[[nodiscard]] bool read_answer(std::string_view line, Offer offer, Answer& answer);

// Writes `question` ("Is this ok [y/N]: ") to standard output and waits for a line on standard input or for `stop_descriptor` to become
// readable.
[[nodiscard]] Answer ask(std::string_view question, Offer offer, int stop_descriptor);

}  // namespace lastack::cli
