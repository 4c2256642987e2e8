#include "http/head_parser.hpp"

#include "http/error.hpp"

#include <algorithm>

namespace lastack::http {

namespace {

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = HttpErrc::bad_head, .phase = Phase::receiving, .cause = std::move(cause)});
}

std::unexpected<Error> too_large(std::string cause) {
    return std::unexpected(Error{.code = HttpErrc::head_too_large, .phase = Phase::receiving, .cause = std::move(cause)});
}

bool is_token_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
}

bool is_value_character(char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7F) || c == '\t';
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<std::size_t> HeadParser::feed(std::span<const std::byte> bytes) {
    std::size_t used = 0;
    while (used < bytes.size() && !done_) {
        const auto rest = bytes.subspan(used);
        const auto newline = std::ranges::find(rest, std::byte{'\n'});
        const auto piece = rest.first(static_cast<std::size_t>(newline - rest.begin()));
        const std::size_t taken = piece.size() + (newline == rest.end() ? 0 : 1);
        used += taken;
        total_ += taken;
        if (line_.size() + piece.size() > limits_.line) {
            return too_large("a line of the answer's head is longer than " + std::to_string(limits_.line) + " bytes");
        }
        if (total_ > limits_.total) {
            return too_large("the answer's head is larger than " + std::to_string(limits_.total) + " bytes");
        }
        line_.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        if (newline == rest.end()) {
            break;
        }
        if (auto ended = end_of_line(); !ended) {
            return std::unexpected(std::move(ended.error()));
        }
    }
    return used;
}

Result<void> HeadParser::end_of_line() {
    std::string_view line = line_;
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    Result<void> result;
    if (!have_status_) {
        result = status_line(line);
        have_status_ = true;
    } else if (line.empty()) {
        done_ = true;
    } else {
        result = field_line(line);
    }
    line_.clear();
    return result;
}

Result<void> HeadParser::status_line(std::string_view line) {
    constexpr std::string_view version = "HTTP/1.";
    if (!line.starts_with(version)) {
        return bad("the answer does not begin with HTTP/1.1 or HTTP/1.0");
    }
    line.remove_prefix(version.size());
    if (line.size() < 5 || (line[0] != '0' && line[0] != '1') || line[1] != ' ') {
        return bad("the answer's HTTP version is not 1.0 or 1.1");
    }
    head_.minor_version = line[0] - '0';
    line.remove_prefix(2);
    if (!std::ranges::all_of(line.substr(0, 3), is_digit) || (line.size() > 3 && line[3] != ' ')) {
        return bad("the answer's status is not a number of three digits");
    }
    head_.status = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
    if (head_.status < 100 || head_.status > 599) {
        return bad("the answer's status " + std::to_string(head_.status) + " is outside 100..599");
    }
    const std::string_view reason = line.size() > 4 ? line.substr(4) : std::string_view{};
    if (!std::ranges::all_of(reason, is_value_character)) {
        return bad("the answer's status line holds a control character");
    }
    head_.reason = reason.substr(0, 200);
    return {};
}

Result<void> HeadParser::field_line(std::string_view line) {
    if (!std::ranges::all_of(line, is_value_character)) {
        return bad("a field of the answer holds a control character");
    }
    if (line.front() == ' ' || line.front() == '\t') {
        if (head_.fields.size() == 0) {
            return bad("the first field of the answer is folded");
        }
        std::string& value = head_.fields.back().second;
        if (!value.empty()) {
            value += ' ';
        }
        value += trim(line);
        if (value.size() > limits_.line) {
            return too_large("a folded field of the answer is longer than " + std::to_string(limits_.line) + " bytes");
        }
        return {};
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || !std::ranges::all_of(line.substr(0, colon), is_token_character)) {
        return bad("a field of the answer has no valid name");
    }
    if (head_.fields.size() >= limits_.fields) {
        return too_large("the answer has more than " + std::to_string(limits_.fields) + " fields");
    }
    head_.fields.add(std::string{line.substr(0, colon)}, std::string{trim(line.substr(colon + 1))});
    return {};
}

}  // namespace lastack::http
