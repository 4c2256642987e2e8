#include "download/byteranges.hpp"

#include "base/text.hpp"
#include "download/range_reply.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace lastack::download {

namespace {

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = http::HttpErrc::bad_range, .phase = Phase::receiving, .cause = std::move(cause)});
}

struct Part {
    std::uint64_t first = 0;
    std::string_view bytes;
};

// The parameter of "multipart/byteranges; boundary=..."; nothing when it is not that, or the boundary none (RFC 2046 section 5.1.1).
std::optional<std::string> boundary_of(std::string_view content_type) {
    constexpr std::string_view type = "multipart/byteranges";
    constexpr std::size_t longest = 70;
    const auto end = content_type.find(';');
    if (end == std::string_view::npos || !iequals(trim(content_type.substr(0, end)), type)) {
        return std::nullopt;
    }
    for (const std::string& parameter : split(content_type.substr(end), ";")) {
        const std::string_view text = trim(parameter);
        const auto equals = text.find('=');
        if (equals == std::string_view::npos || !iequals(text.substr(0, equals), "boundary")) {
            continue;
        }
        std::string_view value = text.substr(equals + 1);
        if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
            value = value.substr(1, value.size() - 2);
        }
        const bool fits = !value.empty() && value.size() <= longest &&
                          std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
        return fits ? std::optional{std::string{value}} : std::nullopt;
    }
    return std::nullopt;
}

bool take(std::string_view& text, std::string_view beginning) {
    const bool there = text.starts_with(beginning);
    text.remove_prefix(there ? beginning.size() : 0);
    return there;
}

class Body {
public:
    Body(std::string_view text, std::string_view boundary) : rest_{text}, delimiter_{"--" + std::string{boundary}} {}

    Result<std::vector<Part>> parts(std::size_t most) {
        (void)take(rest_, "\r\n");
        if (!take(rest_, delimiter_)) {
            return bad("the server's parts do not begin with their boundary");
        }
        std::vector<Part> parts;
        while (!take(rest_, "--")) {
            if (parts.size() == most) {
                return bad("the server sent more parts than were asked for");
            }
            auto part = next();
            if (!part) {
                return std::unexpected(std::move(part.error()));
            }
            parts.push_back(*part);
        }
        return parts;
    }

private:
    Result<Part> next() {
        if (!take(rest_, "\r\n")) {
            return bad("the server's parts end too early");
        }
        const auto range = head();
        if (!range || !range->first || *range->last - *range->first >= rest_.size()) {
            return bad(range ? "the server's parts end too early" : "a part does not say where it lies");
        }
        const auto length = static_cast<std::size_t>(*range->last - *range->first + 1);
        const Part part{*range->first, rest_.substr(0, length)};
        rest_.remove_prefix(length);
        if (!take(rest_, "\r\n" + delimiter_)) {
            return bad("a part is not followed by the boundary");
        }
        return part;
    }

    // The lines up to the empty one; what they say of the range.
    std::optional<ContentRange> head() {
        const auto end = rest_.substr(0, max_part_head).find("\r\n\r\n");
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        std::string_view lines = rest_.substr(0, end + 2);
        rest_.remove_prefix(end + 4);
        std::optional<ContentRange> range;
        while (!lines.empty()) {
            const auto line = lines.substr(0, lines.find("\r\n"));
            lines.remove_prefix(line.size() + 2);
            const auto colon = line.find(':');
            if (colon == std::string_view::npos || !iequals(line.substr(0, colon), "Content-Range")) {
                continue;
            }
            const auto said = parse_content_range(trim(line.substr(colon + 1)));
            if (range || !said || !said->first) {
                return std::nullopt;
            }
            range = said;
        }
        return range;
    }

    std::string_view rest_;
    std::string delimiter_;
};

Result<std::vector<Part>> single_part(std::string_view body, std::span<const std::string_view> content_ranges) {
    const auto range = content_ranges.size() == 1 ? parse_content_range(content_ranges.front()) : std::nullopt;
    if (!range || !range->first) {
        return bad("the server sent a part (206) without saying which");
    }
    if (*range->last - *range->first + 1 != body.size()) {
        return bad("the server's part (206) has another length than its range");
    }
    return std::vector{Part{*range->first, body}};
}

bool overlap(std::vector<Part> parts) {
    std::ranges::sort(parts, {}, &Part::first);
    return std::ranges::adjacent_find(parts, [](const Part& a, const Part& b) { return b.first - a.first < a.bytes.size(); }) !=
           parts.end();
}

}  // namespace

std::string range_field(std::span<const ByteRange> ranges) {
    std::string field = "bytes=";
    for (const ByteRange& range : ranges) {
        field += (field.ends_with('=') ? "" : ",") + range_field(range).substr(6);
    }
    return field;
}

Result<std::vector<std::string>> parts_of(std::string_view body, std::string_view content_type,
                                          std::span<const std::string_view> content_ranges, std::span<const ByteRange> ranges) {
    const auto boundary = boundary_of(content_type);
    const auto parts = boundary ? Body{body, *boundary}.parts(ranges.size()) : single_part(body, content_ranges);
    if (!parts) {
        return std::unexpected(parts.error());
    }
    if (overlap(*parts)) {
        return bad("the server's parts overlap");
    }
    std::vector<std::string> wanted;
    for (const ByteRange& range : ranges) {
        const std::uint64_t length = *range.last - range.first + 1;
        const auto holds = [&](const Part& part) {
            return part.first <= range.first && range.first - part.first < part.bytes.size() &&
                   length <= part.bytes.size() - (range.first - part.first);
        };
        const auto part = std::ranges::find_if(*parts, holds);
        if (part == parts->end()) {
            return bad("the server left out bytes " + range_field(range).substr(6));
        }
        wanted.emplace_back(part->bytes.substr(static_cast<std::size_t>(range.first - part->first), static_cast<std::size_t>(length)));
    }
    return wanted;
}

}  // namespace lastack::download
