#include "cli/json_text.hpp"

#include "base/text.hpp"

namespace lastack::cli {

// `printable` leaves valid UTF-8 without control characters: only what JSON itself uses is left to escape.
std::string json_string(std::string_view text) {
    std::string result = "\"";
    for (const char each : printable(text)) {
        if (each == '"' || each == '\\') {
            result += '\\';
        }
        result += each;
    }
    return result + '"';
}

}  // namespace lastack::cli
