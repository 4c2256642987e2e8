#include "download/local_file.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/error.hpp"
#include "http/error.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace lastack::download {

namespace {

constexpr std::string_view scheme = "file:";

int hex_value(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return std::nullopt;
            }
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        if (c == '\0') {
            return std::nullopt;
        }
        out += c;
    }
    return out;
}

std::unexpected<Error> fail(std::string_view url, std::error_code code, std::string cause, Phase phase = Phase::none) {
    return std::unexpected(Error{.code = code, .phase = phase, .url = redact_url(url), .cause = std::move(cause)});
}

// A source that cannot be read is the fault of this URL, not of the place that is written to.
std::unexpected<Error> unreadable(std::string_view url, int error_number, const std::filesystem::path& path) {
    const Error system = system_error(error_number, "cannot read " + path.string());
    const bool missing = error_number == ENOENT || error_number == ENOTDIR;
    return fail(url, missing ? DownloadErrc::source_not_found : DownloadErrc::source_unusable, system.cause, Phase::receiving);
}

}  // namespace

bool is_file_url(std::string_view url) { return url.size() >= scheme.size() && iequals(url.substr(0, scheme.size()), scheme); }

Result<std::filesystem::path> path_of_file_url(std::string_view url) {
    std::string_view rest = url.substr(std::min(scheme.size(), url.size()));
    if (rest.starts_with("//")) {
        rest.remove_prefix(2);
        const auto slash = std::min(rest.find('/'), rest.size());
        const std::string_view host = rest.substr(0, slash);
        if (!host.empty() && !iequals(host, "localhost")) {
            return fail(url, Errc::invalid_argument, "a file: URL cannot name another host");
        }
        rest.remove_prefix(slash);
    }
    if (!rest.starts_with('/')) {
        return fail(url, Errc::invalid_argument, "a file: URL needs an absolute path");
    }
    const auto path = percent_decoded(rest);
    if (!path) {
        return fail(url, Errc::invalid_argument, "the path of a file: URL is wrongly percent-encoded");
    }
    return std::filesystem::path{*path};
}

Result<LocalPart> open_local(std::string_view url, const std::optional<ByteRange>& range, std::optional<std::uint64_t> size,
                             std::uint64_t size_limit) {
    auto path = path_of_file_url(url);
    if (!path) {
        return std::unexpected(std::move(path.error()));
    }
    // Looked at before it is opened: opening a device can do things. Looked at again afterwards, because names move.
    struct stat info{};
    if (::stat(path->c_str(), &info) != 0) {
        return unreadable(url, errno, *path);
    }
    const auto refuse_special = [&] {
        return fail(url, DownloadErrc::source_unusable,
                    path->string() + (S_ISDIR(info.st_mode) ? " is a directory" : " is no regular file"), Phase::receiving);
    };
    if (!S_ISREG(info.st_mode)) {
        return refuse_special();
    }
    FileDescriptor file{::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
    if (!file.valid() || ::fstat(file.get(), &info) != 0) {
        return unreadable(url, errno, *path);
    }
    if (!S_ISREG(info.st_mode)) {
        return refuse_special();
    }
    LocalPart part{.path = std::move(*path), .file = std::move(file), .size = static_cast<std::uint64_t>(info.st_size)};
    if (range) {
        if (range->first >= part.size) {
            return fail(url, http::HttpErrc::bad_range,
                        "the range begins at byte " + std::to_string(range->first) + ", but the file has " + std::to_string(part.size),
                        Phase::receiving);
        }
        part.first = range->first;
        part.size = std::min(range->last.value_or(part.size - 1), part.size - 1) - range->first + 1;
    }
    if (size && part.size != *size) {
        return fail(url, DownloadErrc::size_mismatch,
                    part.path.string() + " gives " + std::to_string(part.size) + " bytes, but " + std::to_string(*size) + " were announced",
                    Phase::receiving);
    }
    if (part.size > size_limit) {
        return fail(
            url, DownloadErrc::too_large,
            part.path.string() + " gives " + std::to_string(part.size) + " bytes; at most " + std::to_string(size_limit) + " are accepted",
            Phase::receiving);
    }
    return part;
}

}  // namespace lastack::download
