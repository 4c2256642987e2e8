#include "http/body_framing.hpp"

#include "http/error.hpp"

#include <algorithm>

namespace lastack::http {

namespace {

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = HttpErrc::bad_framing, .phase = Phase::receiving, .cause = std::move(cause)});
}

}  // namespace

Result<Framing> body_framing(Method method, const ResponseHead& head) {
    if (method == Method::head || head.status < 200 || head.status == 204 || head.status == 304) {
        return Framing{};
    }
    const auto codings = head.fields.all("Transfer-Encoding");
    const auto lengths = head.fields.all("Content-Length");
    if (!codings.empty()) {
        if (codings.size() != 1 || !iequals(codings.front(), "chunked")) {
            return bad("the answer uses a transfer coding other than chunked");
        }
        if (head.minor_version == 0) {
            return bad("an HTTP/1.0 answer uses chunked encoding");
        }
        return Framing{.kind = FramingKind::chunked};
    }
    std::optional<std::uint64_t> length;
    for (const std::string_view field : lengths) {
        // Repeated equal values do occur; an empty piece of a list never is a number.
        std::string_view rest = field;
        while (true) {
            const auto comma = rest.find(',');
            const auto value = parse_decimal(trim(rest.substr(0, comma)));
            if (!value) {
                return bad("the answer's Content-Length is not a number");
            }
            if (length && *length != *value) {
                return bad("the answer names two different lengths");
            }
            length = value;
            if (comma == std::string_view::npos) {
                break;
            }
            rest.remove_prefix(comma + 1);
        }
    }
    if (length) {
        return Framing{.kind = FramingKind::length, .length = *length};
    }
    return Framing{.kind = FramingKind::until_close};
}

bool keeps_connection(const ResponseHead& head, const Framing& framing) {
    if (framing.kind == FramingKind::until_close || head.status == 101 || head.status == 408 ||
        head.fields.has_token("Connection", "close")) {
        return false;
    }
    // A length beside chunked is what request smuggling is made of: the answer is taken, the connection is not trusted further.
    if (framing.kind == FramingKind::chunked && head.fields.find("Content-Length")) {
        return false;
    }
    if (head.minor_version == 0 && !head.fields.has_token("Connection", "keep-alive")) {
        return false;
    }
    return keep_alive_hint(head).max != std::uint64_t{0};
}

KeepAliveHint keep_alive_hint(const ResponseHead& head) {
    KeepAliveHint hint;
    for (const std::string_view field : head.fields.all("Keep-Alive")) {
        for (const std::string& piece : split(field, ",")) {
            const std::string_view parameter = trim(piece);
            const auto equals = parameter.find('=');
            if (equals == std::string_view::npos) {
                continue;
            }
            const auto value = parse_decimal(trim(parameter.substr(equals + 1)));
            if (!value) {
                continue;
            }
            if (iequals(trim(parameter.substr(0, equals)), "timeout")) {
                hint.timeout = std::chrono::seconds{std::min<std::uint64_t>(*value, 86400)};
            } else if (iequals(trim(parameter.substr(0, equals)), "max")) {
                hint.max = *value;
            }
        }
    }
    return hint;
}

}  // namespace lastack::http
