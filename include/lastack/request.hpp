// What a client is asked for, and what it gives back: values without behaviour, copyable, no thread affinity.
#pragma once

#include "lastack/connection_options.hpp"
#include "lastack/digest.hpp"
#include "lastack/mirror_policy.hpp"
#include "lastack/result.hpp"
#include "lastack/setting.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack {

// Bytes `first` to `last` of a file, both included and counted from 0, as in an HTTP Range field. (urlgrabber's `range` is half-open:
// its (a, b) is {a, b - 1} here.)
struct ByteRange {
    std::uint64_t first = 0;
    std::optional<std::uint64_t> last;  // unset: to the end of the file; beyond its end: likewise

    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

// How long a file as a whole may take, over all its attempts and mirrors. Only waiting for servers counts: not for a turn among the
// client's transfers, for the disk, for a rate limit, or while the machine sleeps.
struct TimeBudget {
    // Used up when nothing comes. Range 1 ms..24 h.
    std::chrono::milliseconds time{0};
    // Bytes per second. Each byte earns 1/`rate` seconds, up to `time` again, so that silence and a drip end the file after about `time`,
    // and a file of `size` bytes takes no longer than `time` + `size` / `rate`. With more than three transfers at work at a time they
    // share the rate of three. Default 0: bytes earn nothing, `time` is for all of it.
    std::uint64_t rate = 0;
    // In place of `rate` where it is larger, while another server gives a hundred times as much: the link is not what is slow. In between
    // a hundredth of what the other one gives. Default 0: `rate` alone.
    std::uint64_t rate_on_fast_link = 0;

    friend bool operator==(const TimeBudget&, const TimeBudget&) = default;
};

// How requests are made. What a request leaves unset (an empty string, a Setting that was not assigned) is taken from the mirror's options
// (MirrorOptions), else from the client's (ClientOptions::request), else it is the default named here. Fields of several parts are taken
// whole: certificate and key, user name and password, a proxy with its credentials. `range`, `body` and `content_type` are the request's
// alone; `retries`, `time_budget`, `rate_limit`, `mirrors.order` and `mirrors.on_failure` are of the file as a whole, so that no mirror has
// a say in them.
struct RequestOptions {
    // Longest silence in any phase: resolving, connecting, waiting for the first byte, and receiving (where it is also the window over
    // which `minrate` is judged). Range 1 ms..1 h. Unset: 30 s on the last mirror, and a silent one is left much sooner while another is
    // at hand. yum.conf: timeout.
    std::optional<std::chrono::milliseconds> timeout;
    // Attempts per file over all mirrors, the first included. Default 10; 0 means as often as it takes progress to be made, capped at
    // 1000. Permanent failures (404, refused redirect) do not use it up: they end that mirror at once. yum.conf: retries.
    Setting<unsigned> retries = Setting<unsigned>::by_default(10);
    // Slowest acceptable mean rate over one `timeout`, bytes per second. Unset: 1000; 0 = no limit. yum.conf: minrate.
    std::optional<std::uint64_t> minrate;
    // The bound for the file as a whole, where `timeout` and `minrate` are for each attempt. HttpErrc::too_slow when it is used up; with
    // several mirrors a third of it (`timeout` at least, where that is set) is for one while another is at hand, and up to eight mirrors
    // that were not asked yet get their third even then. What came is kept as after any failure. Errc::invalid_argument: a time out of its
    // range. Unset: no such bound. In answer to the attack of slow retrieval; neither urlgrabber nor yum.conf has it.
    std::optional<TimeBudget> time_budget;
    // Whether a connection may carry a further request. Default true. false: one request per connection. yum.conf: keepalive.
    Setting<bool> keepalive = Setting<bool>::by_default(true);
    // The User-Agent field. Empty: "lastack/VERSION". Control characters are an error (Errc::invalid_argument).
    std::string user_agent;
    // Order of the mirrors, limits per mirror, what follows a failure.
    MirrorPolicy mirrors;
    // Further fields for every request to http and https URLs, name and value, in this order. Errc::invalid_argument: a name that is no
    // token, a value with a control character, and the fields that are lastack's own (Host, Connection, Content-Length, Transfer-Encoding,
    // Accept-Encoding, Range, If-Range, Proxy-Authorization, ...). User-Agent: use `user_agent`. Authorization and Cookie stay with the
    // server asked: they are not taken along by a redirect to another one. A layer's field takes the place of one of that name below it.
    // Default none. urlgrabber: http_headers.
    std::vector<std::pair<std::string, std::string>> headers;
    // Whether caches on the way must ask the server (Cache-Control: no-cache and Pragma: no-cache). Default false. urlgrabber: no_cache.
    Setting<bool> no_cache = Setting<bool>::by_default(false);
    // Most bytes per second of this transfer's body; the server is slowed down by TCP, and neither `timeout` nor `minrate` holds it
    // against the mirror. ClientOptions::rate_limit holds besides. Default 0 = no limit. urlgrabber: throttle; yum.conf: throttle.
    Setting<std::uint64_t> rate_limit = Setting<std::uint64_t>::by_default(0);
    // Only these bytes of the file; `size`, `size_limit` and `digests` speak of them, not of the whole file. A server that sends the whole
    // file instead costs what lies before the range; what lies after it is not read. A file that ends before `first` is
    // HttpErrc::bad_range (416). Errc::invalid_argument: `last` before `first`. Not resumed. Unset: the whole file. urlgrabber: range.
    std::optional<ByteRange> range;
    // Sent with POST instead of GET; may be empty. One attempt at the first URL: only a request of which no byte was sent goes out again,
    // so that nothing is posted twice. Redirects 301, 302 and 303 go on as GET, 307 and 308 with the body. Not resumed.
    // http and https only. Unset: GET. urlgrabber: data.
    std::optional<std::string> body;
    // The Content-Type of `body`. Empty: application/x-www-form-urlencoded.
    std::string content_type;
    // Most bytes of an answer's head, and of all heads of one request with its redirects. Default 256 KiB, range 1 KiB..16 MiB.
    // HttpErrc::head_too_large beyond it. urlgrabber: max_header_size.
    Setting<std::uint64_t> max_header_size = Setting<std::uint64_t>::by_default(std::uint64_t{256} << 10);
    // TLS, proxy, credentials and addresses. Default: verified TLS with the system's trust store, the environment's proxy.
    ConnectionOptions connection;
};

// What requests to one mirror have in common, whatever is asked of it.
struct MirrorOptions {
    // The mirror: URLs of the same scheme, host and port whose path is this one or below it. The longest that fits counts.
    std::string url;
    RequestOptions options;
};

// One file to bring to disk.
struct DownloadRequest {
    std::vector<std::string> urls;          // the same file on each mirror, best first; at least one. http, https, ftp or file
    std::filesystem::path path;             // final name; the directory must exist. PATH.part and PATH.part.journal are used beside it
    std::string label;                      // what progress calls it; empty: the last segment of `path`
    std::optional<std::uint64_t> size;      // the exact size; unset: unknown
    std::uint64_t size_limit = UINT64_MAX;  // most bytes accepted when `size` is unset
    std::vector<Digest> digests;            // all must match; empty: the file is only checked by size
    // The caller's own test of a file that has the right size and digests, before it gets its final name; also of one that is already
    // there. Called on a worker thread with the file's path of that moment, several files at a time. An error or an exception is
    // DownloadErrc::check_failed with its cause: the bytes are thrown away and the next mirror is asked. Unset: none.
    // urlgrabber: checkfunc.
    std::function<Result<void>(const std::filesystem::path& file)> check;
    // Whether the bytes are on the disk before the file gets its name (fdatasync), so that a power loss leaves no empty file under it.
    // Default true.
    bool sync = true;
    // Whether an earlier run's partial file and a cut attempt's bytes are continued. false: every attempt begins with the first byte.
    // Default true. urlgrabber: reget.
    bool resume = true;
    // A file: URL is not copied: DownloadResult::path is the file itself, checked like any other, and `path` is not touched. Other URLs of
    // the request are downloaded to `path` as usual. Default false. urlgrabber: copy_local=0.
    bool in_place = false;
    RequestOptions options;
};

enum class DownloadOutcome : std::uint8_t {
    downloaded,     // fetched now, whole or from where a partial file ended
    already_there,  // the file stood under its final name with the right size and digests
};

struct DownloadResult {
    DownloadOutcome outcome = DownloadOutcome::downloaded;
    std::filesystem::path path;
    std::string url;            // the URL that served the last byte, without secrets
    std::uint64_t size = 0;     // of the file
    std::uint64_t fetched = 0;  // body bytes that crossed the network for it in this call
};

// A small document to memory: repomd.xml, a mirror list, a key.
struct FetchRequest {
    std::vector<std::string> urls;
    std::string label;
    std::uint64_t size_limit = 1u << 20;  // most bytes accepted. Default 1 MiB
    std::string if_none_match;            // the entity tag of the copy at hand, quoted as it came; empty: none
    std::string if_modified_since;        // its Last-Modified; empty: none
    // As DownloadRequest::check, for the body. Not called for a document that was not modified.
    std::function<Result<void>(std::string_view body)> check;
    // Several parts of a file in one answer, in rising order and apart from each other, at most 256; together no more than `size_limit`.
    // They are FetchResult::parts then, and `check` is not called. A server that knows no ranges, or not several at a time, is
    // HttpErrc::bad_range. Errc::invalid_argument: other ranges, or together with `options.range`, a body or a validator. Default none.
    std::vector<ByteRange> ranges;
    RequestOptions options;
};

struct FetchResult {
    bool not_modified = false;  // 304: the copy at hand is current and `body` is empty
    std::string body;
    std::vector<std::string> parts;  // of FetchRequest::ranges, one for each; `body` is empty then
    std::string url;                 // the URL that answered, without secrets
    std::string etag;                // as the server sent it; empty: none
    std::string last_modified;       // likewise
};

}  // namespace lastack
