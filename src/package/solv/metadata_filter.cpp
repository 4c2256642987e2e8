#include "package/solv/metadata_filter.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <utility>

namespace lastack::package::solv {
namespace {

constexpr unsigned group_limit = 16;  // of one rich dependency: 18 take seconds
constexpr std::string_view entry_tag = "rpm:entry";

// Elements whose text nothing reads. Only the text goes: the markup is left to the parser, which sees whether it is well-formed.
constexpr std::array<std::string_view, 7> dropped_tags{"description>", "packager>",      "url>",          "rpm:license>",
                                                       "rpm:group>",   "rpm:buildhost>", "rpm:sourcerpm>"};

}  // namespace

// Counts the groups of each rich dependency: parentheses that begin one in an <rpm:entry>. Prose may hold as many as it likes. An attribute
// cannot hold a '<', so what stands between two of them belongs to one element. The other parentheses belong to a name: "perl(Foo)". One
// can be a character reference: "&#40;" or "&#x28;" with any number of zeros.
bool MetadataFilter::count_groups(std::span<const char> bytes) {
    for (const char c : bytes) {
        const bool reference = c == ';' && ((before_last_ == '4' && last_ == '0') || (before_last_ == '2' && last_ == '8'));
        if ((reference || (c == '(' && std::string_view{" \t\r\n(\"';"}.contains(last_))) && ++groups_ > group_limit) {
            return false;
        }
        before_last_ = std::exchange(last_, c);
    }
    return true;
}

void MetadataFilter::begin_tag() {
    head_.clear();
    in_entry_ = dropping_ = false;
    groups_ = 0;
    before_last_ = last_ = 0;
}

// A comment, CDATA or instruction may hold what looks like tags. Nobody writes them here: then all of the rest is left as it is.
void MetadataFilter::look_at_first(char c) {
    verbatim_ = verbatim_ || c == '!' || (c == '?' && seen_tag_);
    seen_tag_ = true;
}

std::optional<std::size_t> MetadataFilter::feed(std::span<char> bytes) {
    std::size_t kept = 0;
    const auto keep = [&](std::size_t from, std::size_t count) {
        if (kept != from) {
            std::memmove(bytes.data() + kept, bytes.data() + from, count);
        }
        kept += count;
    };
    for (std::size_t at = 0; at < bytes.size();) {
        if (bytes[at] == '<') {
            begin_tag();
            keep(at++, 1);
            continue;
        }
        const auto* next = static_cast<const char*>(std::memchr(bytes.data() + at, '<', bytes.size() - at));
        const std::size_t end = next == nullptr ? bytes.size() : static_cast<std::size_t>(next - bytes.data());
        // The head byte by byte, what follows it at once.
        while (at < end && head_.size() < head_size && !dropping_) {
            head_ += bytes[at];
            if (head_.size() == 1) {
                look_at_first(bytes[at]);
            }
            in_entry_ = in_entry_ || head_ == entry_tag;
            keep(at++, 1);
            if (in_entry_ && head_.size() > entry_tag.size() && !count_groups(bytes.subspan(at - 1, 1))) {
                return std::nullopt;
            }
            dropping_ = !verbatim_ && head_.back() == '>' && std::ranges::find(dropped_tags, head_) != dropped_tags.end();
        }
        if (in_entry_ && !count_groups(bytes.subspan(at, end - at))) {
            return std::nullopt;
        }
        if (!dropping_) {
            keep(at, end - at);
        }
        at = end;
    }
    return kept;
}

}  // namespace lastack::package::solv
