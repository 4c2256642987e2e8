// From the words of `lastack get` to what the client is asked for. Pure.
#pragma once

#include "cli/arguments.hpp"

#include "lastack/request.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::cli {

// Who chose the servers: the user, or a document that may be someone else's. Secrets of the user are for servers that he chose.
enum class ServersOf : std::uint8_t { user, document };

// One file, from the command line or from a list, metalink or manifest.
struct WantedFile {
    std::vector<std::string> urls;  // mirrors of each other, best first
    std::filesystem::path path;     // below the directory; empty: the URL's last segment
    std::optional<std::uint64_t> size;
    std::vector<Digest> digests;
    ServersOf servers = ServersOf::user;  // document: no Authorization and no Cookie of --header is sent to them
};

// Whether it is a URL that can be downloaded. Errors: Errc::invalid_argument.
[[nodiscard]] Result<void> check_url(std::string_view text);

// The last segment of the URL's path with its percent signs decoded: a name in the directory of the download, never a way out of it. What
// would decode to a slash, a control character or broken UTF-8 stays encoded.
// Errors: Errc::invalid_argument when the path ends in a slash, "." or "..": -o names the file then.
[[nodiscard]] Result<std::string> name_of(std::string_view url);

// "500k", "2M", "1G", "300000": bytes per second, in steps of 1024. Errors: Errc::invalid_argument, also for 0.
[[nodiscard]] Result<std::uint64_t> parse_rate(std::string_view text);

// "FIRST-LAST" or "FIRST-", counted from 0, both included. Errors: Errc::invalid_argument.
[[nodiscard]] Result<ByteRange> parse_range(std::string_view text);

// "Name: value". Errors: Errc::invalid_argument for a name that is no token, control characters, and fields that are the client's own
// (Host, Range, Content-Length, ...).
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_header(std::string_view text);

// What --header, --range say, into `options`.
[[nodiscard]] Result<void> apply_words(const GetOptions& get, RequestOptions& options);

// The files that operands and options of the command line name, none when there are only lists.
[[nodiscard]] Result<std::vector<WantedFile>> files_of(const Arguments& arguments);

// One request per file. Errors: Errc::invalid_argument; two files under one name among them.
[[nodiscard]] Result<std::vector<DownloadRequest>> plan_downloads(const std::vector<WantedFile>& files, const Arguments& arguments,
                                                                  const RequestOptions& options);

}  // namespace lastack::cli
