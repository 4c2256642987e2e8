#include "download/range_reply.hpp"

#include "base/text.hpp"
#include "download/error.hpp"
#include "http/client.hpp"
#include "http/error.hpp"

#include <algorithm>

namespace lastack::download {

std::optional<ContentRange> parse_content_range(std::string_view text) {
    constexpr std::string_view unit = "bytes ";
    if (text.size() < unit.size() || !iequals(text.substr(0, unit.size()), unit)) {
        return std::nullopt;
    }
    text = trim(text.substr(unit.size()));
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    ContentRange range;
    if (const std::string_view total = text.substr(slash + 1); total != "*") {
        range.total = parse_decimal(total);
        if (!range.total) {
            return std::nullopt;
        }
    }
    if (const std::string_view span = text.substr(0, slash); span != "*") {
        const auto dash = span.find('-');
        if (dash == std::string_view::npos) {
            return std::nullopt;
        }
        range.first = parse_decimal(span.substr(0, dash));
        range.last = parse_decimal(span.substr(dash + 1));
        if (!range.first || !range.last || *range.last < *range.first || (range.total && *range.last >= *range.total)) {
            return std::nullopt;
        }
    }
    return range;
}

namespace {

std::unexpected<Error> fail(std::error_code code, std::string cause) {
    return std::unexpected(Error{.code = code, .phase = Phase::receiving, .cause = std::move(cause)});
}

Result<ReplyUse> whole_file(const http::Framing& framing, const RangeQuestion& question) {
    if (framing.kind == http::FramingKind::length) {
        if (question.size && framing.length != *question.size) {
            return fail(DownloadErrc::size_mismatch, "the server offers " + std::to_string(framing.length) + " bytes, but " +
                                                         std::to_string(*question.size) + " were announced");
        }
        if (framing.length > question.size_limit) {
            return fail(DownloadErrc::too_large, "the server offers " + std::to_string(framing.length) + " bytes; at most " +
                                                     std::to_string(question.size_limit) + " are accepted");
        }
    }
    return ReplyUse::from_start;
}

Result<ReplyUse> partial_file(const http::ResponseHead& head, const http::Framing& framing, const RangeQuestion& question) {
    if (question.offset == 0) {
        return fail(http::HttpErrc::bad_range, "the server sent a part (206) though the whole file was asked for");
    }
    const auto fields = head.fields.all("Content-Range");
    const auto range = fields.size() == 1 ? parse_content_range(fields.front()) : std::nullopt;
    if (!range || !range->first) {
        return fail(http::HttpErrc::bad_range, "the server sent a part (206) without saying which");
    }
    if (*range->first != question.offset) {
        return fail(http::HttpErrc::bad_range, "the server sent bytes from " + std::to_string(*range->first) + " though those from " +
                                                   std::to_string(question.offset) + " were asked for");
    }
    if (question.size && ((range->total && *range->total != *question.size) || *range->last != *question.size - 1)) {
        return fail(DownloadErrc::size_mismatch,
                    "the server's file ends elsewhere than announced (" + std::to_string(*question.size) + " bytes)");
    }
    if (range->total && *range->last != *range->total - 1) {
        return fail(http::HttpErrc::bad_range, "the server's part (206) ends before its file does");
    }
    if (*range->last >= question.size_limit) {
        return fail(DownloadErrc::too_large,
                    "the server offers more than the " + std::to_string(question.size_limit) + " bytes that are accepted");
    }
    if (framing.kind == http::FramingKind::length && framing.length != *range->last - *range->first + 1) {
        return fail(http::HttpErrc::bad_range, "the server's part (206) has another length than its range");
    }
    return ReplyUse::append;
}

}  // namespace

Result<ReplyUse> range_reply(const http::ResponseHead& head, const http::Framing& framing, const RangeQuestion& question) {
    switch (head.status) {
        case 200:
        case 203:
            return whole_file(framing, question);
        case 206:
            return partial_file(head, framing, question);
        case 416: {
            if (question.offset == 0) {
                break;
            }
            const auto field = head.fields.find("Content-Range");
            const auto range = field ? parse_content_range(*field) : std::nullopt;
            const bool all_there = range && !range->first && range->total == question.offset;
            return all_there ? ReplyUse::complete : ReplyUse::restart;
        }
        default:
            break;
    }
    return std::unexpected(http::status_error(head));
}

namespace {

std::unexpected<Error> ends_before(const ByteRange& range, std::optional<std::uint64_t> total) {
    return fail(http::HttpErrc::bad_range, "the range begins at byte " + std::to_string(range.first) + ", but the server's file has " +
                                               (total ? "only " + std::to_string(*total) : std::string{"less"}));
}

// How many bytes of a file of this size the range is; nothing when it is open at its end and the size is unknown.
std::optional<std::uint64_t> length_of(const ByteRange& range, std::optional<std::uint64_t> total) {
    const std::uint64_t last = std::min(range.last.value_or(UINT64_MAX), total ? *total - 1 : UINT64_MAX);
    return last == UINT64_MAX ? std::nullopt : std::optional{last - range.first + 1};
}

Result<PartUse> cut_of_whole(const http::Framing& framing, const ByteRange& range) {
    const auto total = framing.kind == http::FramingKind::length ? std::optional{framing.length} : std::nullopt;
    if (total && range.first >= *total) {
        return ends_before(range, total);
    }
    const auto take = length_of(range, total);
    return PartUse{
        .skip = range.first, .take = take, .exact = total.has_value(), .more_follows = take && (!total || range.first + *take < *total)};
}

Result<PartUse> part_sent(const http::ResponseHead& head, const http::Framing& framing, const ByteRange& range) {
    const auto fields = head.fields.all("Content-Range");
    const auto sent = fields.size() == 1 ? parse_content_range(fields.front()) : std::nullopt;
    if (!sent || !sent->first) {
        return fail(http::HttpErrc::bad_range, "the server sent a part (206) without saying which");
    }
    // A last byte before the one asked for is right only at the end of the file.
    const bool to_file_end = sent->total ? *sent->last == *sent->total - 1 : !range.last;
    const bool right_end = *sent->last == range.last || (to_file_end && *sent->last <= range.last.value_or(UINT64_MAX));
    if (*sent->first != range.first || !right_end) {
        return fail(http::HttpErrc::bad_range, "the server sent bytes " + std::to_string(*sent->first) + "-" + std::to_string(*sent->last) +
                                                   " though " + range_field(range).substr(6) + " were asked for");
    }
    const std::uint64_t length = *sent->last - *sent->first;  // less one, which cannot overflow
    if (length == UINT64_MAX || (framing.kind == http::FramingKind::length && framing.length != length + 1)) {
        return fail(http::HttpErrc::bad_range, "the server's part (206) has another length than its range");
    }
    return PartUse{.take = length + 1, .exact = true, .more_follows = framing.kind != http::FramingKind::length};
}

}  // namespace

Result<PartUse> part_reply(const http::ResponseHead& head, const http::Framing& framing, const ByteRange& range,
                           const RangeQuestion& question) {
    if (head.status == 416) {
        const auto field = head.fields.find("Content-Range");
        const auto sent = field ? parse_content_range(*field) : std::nullopt;
        return ends_before(range, sent ? sent->total : std::nullopt);
    }
    if (head.status != 200 && head.status != 203 && head.status != 206) {
        return std::unexpected(http::status_error(head));
    }
    auto use = head.status == 206 ? part_sent(head, framing, range) : cut_of_whole(framing, range);
    if (!use || !use->take || !use->exact) {
        return use;
    }
    if (question.size && *use->take != *question.size) {
        return fail(DownloadErrc::size_mismatch, "the server's range has " + std::to_string(*use->take) + " bytes, but " +
                                                     std::to_string(*question.size) + " were announced");
    }
    if (*use->take > question.size_limit) {
        return fail(DownloadErrc::too_large, "the server's range has " + std::to_string(*use->take) + " bytes; at most " +
                                                 std::to_string(question.size_limit) + " are accepted");
    }
    return use;
}

std::string range_field(const ByteRange& range) {
    return "bytes=" + std::to_string(range.first) + "-" + (range.last ? std::to_string(*range.last) : "");
}

std::span<const std::byte> PartCutter::cut(std::span<const std::byte> piece) {
    const std::size_t before = static_cast<std::size_t>(std::min<std::uint64_t>(use_.skip, piece.size()));
    use_.skip -= before;
    piece = piece.subspan(before);
    if (use_.take) {
        piece = piece.first(static_cast<std::size_t>(std::min<std::uint64_t>(*use_.take - taken_, piece.size())));
    }
    taken_ += piece.size();
    return piece;
}

Result<void> PartCutter::end() const {
    if (use_.exact && use_.take && taken_ < *use_.take) {
        return fail(http::HttpErrc::truncated, "the body ended " + std::to_string(*use_.take - taken_) + " bytes before the range did");
    }
    if (taken_ == 0) {
        return fail(http::HttpErrc::bad_range, "the server's file ends before the range begins");
    }
    return {};
}

std::string validator_of(const http::ResponseHead& head) {
    if (const auto tag = head.fields.find("ETag"); tag && tag->size() >= 2 && tag->starts_with('"') && tag->ends_with('"')) {
        return std::string{*tag};
    }
    return std::string{head.fields.find("Last-Modified").value_or("")};
}

}  // namespace lastack::download
