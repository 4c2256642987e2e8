#include "cli/prompt.hpp"

#include "base/text.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <poll.h>
#include <unistd.h>

namespace lastack::cli {

namespace {

enum class LineEnd : std::uint8_t { newline, end_of_input, stopped };

// Byte by byte: what follows the line belongs to the next question.
LineEnd read_line(std::string& line, int stop_descriptor) {
    constexpr std::size_t longest = 4096;
    while (true) {
        std::array<pollfd, 2> wanted{
            {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}, {.fd = stop_descriptor, .events = POLLIN, .revents = 0}}};
        if (::poll(wanted.data(), wanted.size(), -1) < 0) {
            if (errno == EINTR) {
                continue;
            }
            return LineEnd::end_of_input;
        }
        if (wanted[1].revents != 0) {
            return LineEnd::stopped;
        }
        char c = 0;
        const ssize_t n = ::read(STDIN_FILENO, &c, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        if (n <= 0) {
            return LineEnd::end_of_input;
        }
        if (c == '\n') {
            return LineEnd::newline;
        }
        if (line.size() < longest) {
            line += c;
        }
    }
}

}  // namespace

bool read_answer(std::string_view line, Offer offer, Answer& answer) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) {
        line.remove_suffix(1);
    }
    const std::string word = to_lower(trim(line));
    if (word == "y" || word == "yes") {
        answer = Answer::yes;
        return true;
    }
    if (word.empty() || word == "n" || word == "no") {
        answer = Answer::no;
        return true;
    }
    if (word == "d" || word == "download" || word == "downloadonly") {
        answer = offer == Offer::yes_download_no ? Answer::download : Answer::no;
        return true;
    }
    return false;
}

Answer ask(std::string_view question, Offer offer, int stop_descriptor) {
    while (true) {
        std::fwrite(question.data(), 1, question.size(), stdout);
        std::fflush(stdout);
        std::string line;
        const LineEnd end = read_line(line, stop_descriptor);
        if (end != LineEnd::newline) {
            std::fputc('\n', stdout);
            return end == LineEnd::stopped ? Answer::stopped : Answer::no;
        }
        if (Answer answer{}; read_answer(line, offer, answer)) {
            return answer;
        }
    }
}

}  // namespace lastack::cli
