#include "download/request_check.hpp"

#include "base/text.hpp"
#include "download/byteranges.hpp"
#include "download/ftp_client.hpp"
#include "download/local_file.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

namespace lastack::download {

namespace {

constexpr std::uint64_t least_header_size = std::uint64_t{1} << 10;
constexpr std::uint64_t most_header_size = std::uint64_t{16} << 20;
constexpr std::chrono::milliseconds least_time_budget{1};
constexpr std::chrono::milliseconds most_time_budget = std::chrono::hours{24};

struct OwnField {
    std::string_view name;
    const char* instead;  // what to use
};
// Fields that frame the message, choose bytes, or that an option of its own sets.
constexpr std::array own_fields{
    OwnField{"Host", ""},
    OwnField{"Connection", "use 'keepalive'"},
    OwnField{"Keep-Alive", "use 'keepalive'"},
    OwnField{"Proxy-Connection", "use 'keepalive'"},
    OwnField{"Content-Length", ""},
    OwnField{"Content-Type", "use 'content_type'"},
    OwnField{"Transfer-Encoding", ""},
    OwnField{"TE", ""},
    OwnField{"Trailer", ""},
    OwnField{"Upgrade", ""},
    OwnField{"Expect", ""},
    OwnField{"Accept-Encoding", "files are taken as they are"},
    OwnField{"Range", "use 'range'"},
    OwnField{"If-Range", "use 'range'"},
    OwnField{"If-None-Match", "use FetchRequest::if_none_match"},
    OwnField{"If-Modified-Since", "use FetchRequest::if_modified_since"},
    OwnField{"User-Agent", "use 'user_agent'"},
    OwnField{"Proxy-Authorization", "use the proxy's user name and password"},
};

std::unexpected<Error> refuse(std::string cause, std::string next_step = "") {
    return std::unexpected(Error{.code = Errc::invalid_argument, .cause = std::move(cause), .next_step = std::move(next_step)});
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

// Values may be secrets: no message shows one.
Result<void> check_headers(const RequestOptions& options) {
    for (const auto& [name, value] : options.headers) {
        if (!is_token(name)) {
            return refuse("'" + name + "' is no name of a header");
        }
        if (!is_field_value(value)) {
            return refuse("the value of the header " + name + " holds a control character");
        }
        const auto own = std::ranges::find_if(own_fields, [&name](const OwnField& field) { return iequals(field.name, name); });
        if (own != own_fields.end()) {
            return refuse("the header " + name + " cannot be set", own->instead);
        }
    }
    return {};
}

Result<void> check_options(const std::vector<std::string>& urls, const RequestOptions& options) {
    if (auto headers = check_headers(options); !headers) {
        return headers;
    }
    if (!is_field_value(options.user_agent) || !is_field_value(options.content_type)) {
        return refuse("the user agent or the content type holds a control character");
    }
    if (options.range && options.range->last && *options.range->last < options.range->first) {
        return refuse("the range ends at byte " + std::to_string(*options.range->last) + ", before it begins at " +
                      std::to_string(options.range->first));
    }
    if (options.max_header_size < least_header_size || options.max_header_size > most_header_size) {
        return refuse("max_header_size must be between 1 KiB and 16 MiB");
    }
    if (options.time_budget && (options.time_budget->time < least_time_budget || options.time_budget->time > most_time_budget)) {
        return refuse("time_budget must be between 1 ms and 24 hours");
    }
    if (options.body && std::ranges::any_of(urls, [](const std::string& url) { return is_file_url(url) || is_ftp_url(url); })) {
        return refuse("only http and https URLs take a body");
    }
    return {};
}

// With what the layers below give it, for each URL.
Result<void> check_layers(const std::vector<std::string>& urls, const RequestOptions& options, const OptionLayers& layers) {
    if (auto own = check_options(urls, options); !own || layers.empty()) {
        return own;
    }
    for (const std::string& text : urls) {
        const auto url = parse_url(text);
        if (auto checked = check_options(urls, url ? layers.at(*url, options) : layers.of_file(options)); !checked) {
            return checked;
        }
    }
    return {};
}

Result<void> check_ranges(const FetchRequest& request) {
    if (request.ranges.empty()) {
        return {};
    }
    if (request.options.range || request.options.body || !request.if_none_match.empty() || !request.if_modified_since.empty()) {
        return refuse("several ranges cannot be had together with 'range', a body or a validator");
    }
    if (request.ranges.size() > max_ranges) {
        return refuse("more than " + std::to_string(max_ranges) + " ranges");
    }
    std::uint64_t rest = request.size_limit;
    std::uint64_t next = 0;
    for (const ByteRange& range : request.ranges) {
        if (!range.last || *range.last < range.first || range.first < next || *range.last == UINT64_MAX) {
            return refuse("the ranges do not rise, or one has no end");
        }
        if (*range.last - range.first >= rest) {
            return refuse("the ranges are larger than " + std::to_string(request.size_limit) + " bytes together");
        }
        rest -= *range.last - range.first + 1;
        next = *range.last + 1;
    }
    return {};
}

}  // namespace

Result<void> check_request(const DownloadRequest& request, const OptionLayers& layers) {
    if (request.in_place && request.options.range && std::ranges::any_of(request.urls, is_file_url)) {
        return refuse("a range of a file cannot be had in place", "copy it: set in_place to false");
    }
    return check_layers(request.urls, request.options, layers);
}

Result<void> check_request(const FetchRequest& request, const OptionLayers& layers) {
    if (auto ranges = check_ranges(request); !ranges) {
        return ranges;
    }
    return check_layers(request.urls, request.options, layers);
}

}  // namespace lastack::download
