#include "support/script.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace lastack::test {

namespace {

std::string_view reason(int status) {
    static constexpr std::array<std::pair<int, std::string_view>, 20> reasons{{
        {100, "Continue"},
        {103, "Early Hints"},
        {200, "OK"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {408, "Request Timeout"},
        {416, "Range Not Satisfiable"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
    }};
    const auto* found = std::ranges::find(reasons, status, &std::pair<int, std::string_view>::first);
    return found == reasons.end() ? "Status" : found->second;
}

const Header* find(const std::vector<Header>& headers, std::string_view name) {
    const auto found = std::ranges::find_if(headers, [&](const Header& header) { return iequals(header.name, name); });
    return found == headers.end() ? nullptr : &*found;
}

bool has_close(const std::vector<Header>& headers) {
    return std::ranges::any_of(headers, [](const Header& header) {
        return iequals(header.name, "Connection") &&
               std::ranges::any_of(split(header.value, ", \t"), [](const std::string& word) { return iequals(word, "close"); });
    });
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

std::string hex(std::size_t number) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
    return {digits.data(), end};
}

}  // namespace

std::string_view SeenRequest::path() const { return std::string_view(target).substr(0, target.find('?')); }

std::string_view SeenRequest::header(std::string_view name) const {
    const Header* found = find(headers, name);
    return found == nullptr ? std::string_view{} : std::string_view(found->value);
}

bool SeenRequest::has(std::string_view name) const { return find(headers, name) != nullptr; }

Reply Reply::steps(Steps all) {
    Reply reply;
    reply.raw = std::move(all);
    return reply;
}

Reply Reply::redirect(std::string location, int status) {
    return Reply{.status = status, .headers = {{"Location", std::move(location)}}, .body = "moved"};
}

std::string chunked(std::string_view body, std::size_t chunk_size) {
    std::string out;
    while (!body.empty()) {
        const auto part = body.substr(0, std::max<std::size_t>(chunk_size, 1));
        out += hex(part.size()) + "\r\n" + std::string(part) + "\r\n";
        body.remove_prefix(part.size());
    }
    return out + "0\r\n\r\n";
}

std::string response_head(const Reply& reply) {
    std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " " + std::string(reason(reply.status)) + "\r\n";
    for (const Header& header : reply.headers) {
        head += header.name + ": " + header.value + "\r\n";
    }
    const bool framed = find(reply.headers, "Content-Length") != nullptr || find(reply.headers, "Transfer-Encoding") != nullptr;
    if (!framed && !has_no_body(reply.status)) {
        if (reply.framing == Framing::content_length) {
            head += "Content-Length: " + std::to_string(reply.body.size()) + "\r\n";
        } else if (reply.framing == Framing::chunked) {
            head += "Transfer-Encoding: chunked\r\n";
        }
    }
    return head + "\r\n";
}

std::string response_bytes(const Reply& reply, std::string_view method) {
    std::string bytes = response_head(reply);
    if (method == "HEAD" || has_no_body(reply.status)) {
        return bytes;
    }
    return bytes + (reply.framing == Framing::chunked ? chunked(reply.body, reply.chunk_size) : reply.body);
}

Steps steps_of(const Reply& reply, const SeenRequest& request) {
    if (reply.raw) {
        return *reply.raw;
    }
    Steps steps = reply.before;
    steps.emplace_back(Send{.bytes = response_bytes(reply, request.method)});
    steps.insert(steps.end(), reply.then.begin(), reply.then.end());
    const bool agreed =
        has_close(reply.headers) || has_close(request.headers) || request.version == "HTTP/1.0" || reply.framing == Framing::until_close;
    if (reply.after == After::close || (reply.after == After::as_agreed && agreed)) {
        steps.emplace_back(CloseFin{});
    }
    return steps;
}

std::optional<ParsedRequest> parse_request(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) {
        return std::nullopt;
    }
    ParsedRequest parsed;
    parsed.size = end + 4;
    std::string_view head = bytes.substr(0, end);
    const auto take_line = [&head] {
        const auto length = head.find("\r\n");
        const auto line = head.substr(0, length);
        head.remove_prefix(length == std::string_view::npos ? head.size() : length + 2);
        return line;
    };
    const auto words = split(take_line(), " ");
    const auto word = [&](std::size_t index) { return index < words.size() ? words[index] : std::string{}; };
    parsed.request.method = word(0);
    parsed.request.target = word(1);
    parsed.request.version = word(2);
    while (!head.empty()) {
        const auto line = take_line();
        const auto colon = line.find(':');
        const auto value = colon == std::string_view::npos ? std::string_view{} : trim(line.substr(colon + 1));
        parsed.request.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
    }
    return parsed;
}

}  // namespace lastack::test
