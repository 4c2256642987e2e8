#include "http/request_writer.hpp"

#include <algorithm>

namespace lastack::http {

namespace {

bool is_clean(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

}  // namespace

std::string request_target(const Request& request, bool for_proxy) {
    return for_proxy ? "http://" + request.url.host_field() + request.url.target : request.url.target;
}

Result<std::string> write_request(const Request& request, const WrittenFor& way) {
    std::string out = std::string{to_string(request.method)} + " ";
    out += request_target(request, way.proxy) + " HTTP/1.1\r\n";
    bool clean = is_clean(request.url.target);
    const auto field = [&](std::string_view name, std::string_view value) {
        clean = clean && !name.empty() && is_clean(name) && is_clean(value);
        out += name;
        out += ": ";
        out += value;
        out += "\r\n";
    };
    field("Host", request.url.host_field());
    field("User-Agent", request.user_agent);
    if (!request.fields.find("Accept")) {
        field("Accept", "*/*");
    }
    // The bytes as they are: sizes, digests and ranges speak of them.
    field("Accept-Encoding", "identity");
    for (const auto& [name, value] : request.fields) {
        field(name, value);
    }
    if (request.method == Method::post) {
        field("Content-Type", request.content_type);
        field("Content-Length", std::to_string(request.body.size()));
    }
    if (!way.authorization.empty() && !request.fields.find("Authorization")) {
        field("Authorization", way.authorization);
    }
    if (!way.proxy_authorization.empty()) {
        field("Proxy-Authorization", way.proxy_authorization);
    }
    if (!request.keepalive) {
        field("Connection", "close");
    }
    out += "\r\n";
    if (!clean) {
        return std::unexpected(Error{.code = Errc::invalid_argument,
                                     .phase = Phase::sending,
                                     .url = request.url.str(),
                                     .cause = "a request field holds a control character"});
    }
    if (request.method == Method::post) {
        out += request.body;
    }
    return out;
}

}  // namespace lastack::http
