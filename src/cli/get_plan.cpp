#include "cli/get_plan.hpp"

#include "base/text.hpp"
#include "base/url.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <set>

namespace lastack::cli {

namespace {

std::unexpected<Error> refuse(std::string cause, std::string next_step = {}, std::string url = {}) {
    return std::unexpected(
        Error{.code = Errc::invalid_argument, .url = std::move(url), .cause = std::move(cause), .next_step = std::move(next_step)});
}

int hex_value(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos;
    });
}

// As for servers that a redirect leads to.
bool is_secret(std::string_view name) { return iequals(name, "Authorization") || iequals(name, "Cookie"); }

constexpr std::string_view local_scheme = "file:";

// The download's other names beside PATH.
constexpr std::array beside{"", ".part", ".part.journal", ".tail.part", ".tail.part.journal"};

Result<std::vector<Digest>> digests_of(const GetOptions& get) {
    std::vector<Digest> digests;
    for (const auto& [name, hex] : {std::pair{"sha256", &get.sha256}, std::pair{"sha512", &get.sha512}}) {
        if (hex->empty()) {
            continue;
        }
        auto digest = parse_digest(name, *hex);
        if (!digest) {
            return refuse("--" + std::string{name} + ": " + digest.error().cause);
        }
        digests.push_back(std::move(*digest));
    }
    return digests;
}

}  // namespace

Result<void> check_url(std::string_view text) {
    if (iequals(text.substr(0, local_scheme.size()), local_scheme)) {
        return {};  // the client says what it thinks of its path
    }
    if (auto url = parse_url(text, Schemes::http_and_ftp); !url) {
        return std::unexpected(std::move(url.error()));
    }
    return {};
}

Result<std::string> name_of(std::string_view url) {
    const std::string shown = redact_url(url);
    const auto scheme_end = url.find("://");
    const auto path_begin = url.find('/', scheme_end == std::string_view::npos ? 0 : scheme_end + 3);
    const std::string_view target = path_begin == std::string_view::npos ? std::string_view{} : url.substr(path_begin);
    const std::string_view path = target.substr(0, target.find_first_of("?#"));
    const std::string_view segment = path.substr(std::min(path.rfind('/') + 1, path.size()));
    std::string name = percent_decoded(segment);
    if (name.find('/') != std::string::npos || name.find('\0') != std::string::npos || printable(name) != name) {
        name = segment;
    }
    if (name.empty() || name == "." || name == "..") {
        return refuse("the URL names no file", "name the file with -o", shown);
    }
    return name;
}

Result<std::uint64_t> parse_rate(std::string_view text) {
    constexpr std::string_view units = "kmg";
    const auto unit = text.empty() ? std::string_view::npos : units.find(to_lower(text.substr(text.size() - 1)));
    const unsigned shift = unit == std::string_view::npos ? 0 : static_cast<unsigned>(unit + 1) * 10;
    const auto number = parse_decimal(shift == 0 ? text : text.substr(0, text.size() - 1));
    if (!number || *number == 0 || *number > (std::numeric_limits<std::uint64_t>::max() >> shift)) {
        return refuse("--limit-rate wants bytes per second (300000, 500k, 2M), not '" + printable(text) + "'");
    }
    return *number << shift;
}

Result<ByteRange> parse_range(std::string_view text) {
    const auto dash = text.find('-');
    const auto first = parse_decimal(text.substr(0, std::min(dash, text.size())));
    const std::string_view rest = dash == std::string_view::npos ? std::string_view{} : text.substr(dash + 1);
    const auto last = parse_decimal(rest);
    if (!first || dash == std::string_view::npos || (!last && !rest.empty()) || (last && *last < *first)) {
        return refuse("--range wants FIRST-LAST or FIRST-, bytes counted from 0, not '" + printable(text) + "'");
    }
    return ByteRange{.first = *first, .last = last};
}

Result<std::pair<std::string, std::string>> parse_header(std::string_view text) {
    constexpr std::array own{"host", "range", "if-range", "content-length", "transfer-encoding", "connection", "accept-encoding"};
    const auto colon = text.find(':');
    const std::string_view name = text.substr(0, std::min(colon, text.size()));
    if (colon == std::string_view::npos || !is_token(name)) {
        return refuse("--header wants 'Name: value'");  // its text is not repeated: it may hold a secret
    }
    const std::string_view value = trim(text.substr(colon + 1));
    if (std::ranges::any_of(value, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7F; })) {
        return refuse("--header " + std::string{name} + ": control characters are not allowed");
    }
    if (std::ranges::find(own, to_lower(name)) != own.end()) {
        return refuse("--header " + std::string{name} + ": lastack writes this field itself");
    }
    return std::pair{std::string{name}, std::string{value}};
}

Result<void> apply_words(const GetOptions& get, RequestOptions& options) {
    for (const std::string& text : get.headers) {
        auto header = parse_header(text);
        if (!header) {
            return std::unexpected(std::move(header.error()));
        }
        options.headers.push_back(std::move(*header));
    }
    if (!get.range.empty()) {
        const auto range = parse_range(get.range);
        if (!range) {
            return std::unexpected(range.error());
        }
        options.range = *range;
    }
    return {};
}

Result<std::vector<WantedFile>> files_of(const Arguments& arguments) {
    auto digests = digests_of(arguments.get);
    if (!digests) {
        return std::unexpected(std::move(digests.error()));
    }
    const auto size = parse_decimal(arguments.get.size);
    if (!size && !arguments.get.size.empty()) {
        return refuse("--size wants a number of bytes, not '" + printable(arguments.get.size) + "'");
    }
    std::vector<WantedFile> files;
    for (const std::string& operand : arguments.operands) {
        WantedFile file{.urls = {operand}, .path = arguments.output, .size = size, .digests = *digests};
        file.urls.insert(file.urls.end(), arguments.get.mirrors.begin(), arguments.get.mirrors.end());
        files.push_back(std::move(file));
    }
    return files;
}

Result<std::vector<DownloadRequest>> plan_downloads(const std::vector<WantedFile>& files, const Arguments& arguments,
                                                    const RequestOptions& options) {
    std::vector<DownloadRequest> requests;
    std::set<std::filesystem::path> names;
    for (const WantedFile& file : files) {
        for (const std::string& each : file.urls) {
            if (auto valid = check_url(each); !valid) {
                return std::unexpected(std::move(valid.error()));
            }
        }
        std::filesystem::path name = file.path;
        if (name.empty()) {
            auto from_url = name_of(file.urls.front());
            if (!from_url) {
                return std::unexpected(std::move(from_url.error()));
            }
            name = std::move(*from_url);
        }
        DownloadRequest request{.urls = file.urls, .path = arguments.directory / name, .size = file.size, .digests = file.digests};
        request.resume = !arguments.get.no_resume;
        request.options = options;
        if (file.servers == ServersOf::document) {
            std::erase_if(request.options.headers, [](const auto& field) { return is_secret(field.first); });
        }
        for (const char* ending : beside) {
            auto taken = request.path.lexically_normal();
            taken += ending;
            if (!names.insert(taken).second) {
                return refuse("two of the files would be written to " + printable(taken.string()),
                              "get them one by one with -o, or name them in a list (-i)");
            }
        }
        requests.push_back(std::move(request));
    }
    return requests;
}

}  // namespace lastack::cli
