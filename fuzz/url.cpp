// URLs, references and repository paths: whatever is accepted must mean the same when it is written down and read again.
#include "base/url.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool held) {
    if (!held) {
        std::abort();
    }
}

// One line, one request target: nothing in it may end the line or begin another word.
bool is_clean(std::string_view text) {
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        if (u <= 0x20 || u >= 0x7F) {
            return false;
        }
    }
    return true;
}

void check(const lastack::Url& url) {
    require(url.origin.scheme == "http" || url.origin.scheme == "https");
    require(!url.origin.host.empty() && url.origin.port != 0);
    require(url.target.starts_with('/') && url.target.find('#') == std::string::npos);
    require(is_clean(url.target) && is_clean(url.host_field()));
    const auto again = lastack::parse_url(url.str());
    require(again.has_value() && again->origin == url.origin && again->target == url.target && again->user_info.empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)lastack::redact_url(text);
    const auto url = lastack::parse_url(text);
    if (url) {
        check(*url);
    } else {
        (void)lastack::describe(url.error());
    }
    static const lastack::Url base = lastack::parse_url("http://user:secret@base:81/a/b/c?d").value();
    if (const auto resolved = lastack::resolve_url(url ? *url : base, text)) {
        check(*resolved);
    }
    if (const auto joined = lastack::join_url("http://base/repo", text)) {
        require(joined->starts_with("http://base/repo/"));
        if (joined->size() <= 8192) {
            const auto inside = lastack::parse_url(*joined);
            require(inside.has_value() && inside->origin.host == "base" && inside->target.find('?') == std::string::npos);
            require(inside->target.find("/../") == std::string::npos && !inside->target.ends_with("/.."));
        }
    }
    return 0;
}
