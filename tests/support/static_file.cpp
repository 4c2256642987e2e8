#include "support/static_file.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <optional>

namespace lastack::test {

namespace {

struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};

enum class RangeVerdict : std::uint8_t { ignore, satisfiable, unsatisfiable };

// One range only: a list of ranges may be answered with the whole file.
RangeVerdict parse_range(std::string_view field, std::uint64_t size, ByteRange& range) {
    if (!field.starts_with("bytes=") || field.contains(',')) {
        return RangeVerdict::ignore;
    }
    field.remove_prefix(6);
    const auto dash = field.find('-');
    if (dash == std::string_view::npos) {
        return RangeVerdict::ignore;
    }
    const auto first = parse_decimal(field.substr(0, dash));
    const auto last = parse_decimal(field.substr(dash + 1));
    if (dash == 0) {
        if (!last) {
            return RangeVerdict::ignore;
        }
        range = {size - std::min(*last, size), size - 1};
        return *last == 0 || size == 0 ? RangeVerdict::unsatisfiable : RangeVerdict::satisfiable;
    }
    if (!first || (!last && dash + 1 != field.size()) || (last && *last < *first)) {
        return RangeVerdict::ignore;
    }
    if (*first >= size) {
        return RangeVerdict::unsatisfiable;
    }
    range = {*first, std::min(last.value_or(size - 1), size - 1)};
    return RangeVerdict::satisfiable;
}

std::optional<std::time_t> parse_date(std::string_view text) {
    std::tm time{};
    const char* end = ::strptime(std::string(text).c_str(), "%a, %d %b %Y %H:%M:%S GMT", &time);
    return end == nullptr ? std::nullopt : std::optional(::timegm(&time));
}

std::string_view without_weak(std::string_view tag) { return tag.starts_with("W/") ? tag.substr(2) : tag; }

bool not_modified(const SeenRequest& request, const ServeOptions& options) {
    if (request.has("If-None-Match")) {
        const auto field = request.header("If-None-Match");
        const auto tags = split(field, ", ");
        return !options.etag.empty() && (field == "*" || std::ranges::any_of(tags, [&](const std::string& tag) {
                                             return without_weak(tag) == without_weak(options.etag);
                                         }));
    }
    const auto since = parse_date(request.header("If-Modified-Since"));
    const auto modified = parse_date(options.last_modified);
    return since && modified && *modified <= *since;
}

// A weak tag never agrees (RFC 9110 section 13.1.5).
bool if_range_agrees(const SeenRequest& request, const ServeOptions& options) {
    if (!request.has("If-Range")) {
        return true;
    }
    const auto field = request.header("If-Range");
    if (field.starts_with('"')) {
        return field == options.etag;
    }
    return !options.last_modified.empty() && field == options.last_modified;
}

}  // namespace

Reply answer_for_file(const SeenRequest& request, std::string_view content, const ServeOptions& options) {
    Reply reply{.headers = options.headers, .framing = options.framing, .before = options.before, .then = options.then};
    if (options.ranges) {
        reply.headers.push_back({"Accept-Ranges", "bytes"});
    }
    if (!options.etag.empty()) {
        reply.headers.push_back({"ETag", options.etag});
    }
    if (!options.last_modified.empty()) {
        reply.headers.push_back({"Last-Modified", options.last_modified});
    }
    if (not_modified(request, options)) {
        reply.status = 304;
        return reply;
    }
    ByteRange range;
    auto verdict = RangeVerdict::ignore;
    if (options.ranges && request.method == "GET" && request.has("Range") && if_range_agrees(request, options)) {
        verdict = parse_range(request.header("Range"), content.size(), range);
    }
    const auto total = std::to_string(content.size());
    switch (verdict) {
        case RangeVerdict::ignore:
            reply.body = content;
            break;
        case RangeVerdict::satisfiable:
            reply.status = 206;
            reply.body = content.substr(range.first, range.last - range.first + 1);
            reply.headers.push_back(
                {"Content-Range", "bytes " + std::to_string(range.first) + "-" + std::to_string(range.last) + "/" + total});
            break;
        case RangeVerdict::unsatisfiable:
            reply.status = 416;
            reply.headers.push_back({"Content-Range", "bytes */" + total});
            break;
    }
    return reply;
}

}  // namespace lastack::test
