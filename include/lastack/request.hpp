// What a client is asked for, and what it gives back: values without behaviour, copyable, no thread affinity.
#pragma once

#include "lastack/connection_options.hpp"
#include "lastack/digest.hpp"
#include "lastack/mirror_policy.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lastack {

// How requests are made; unset fields mean the default given. Set per request.
struct RequestOptions {
    // Longest silence in any phase: resolving, connecting, waiting for the first byte, and receiving (where it is also the window over
    // which `minrate` is judged). Range 1 ms..1 h. Unset: 30 s on the last mirror, and a silent one is left much sooner while another is
    // at hand. yum.conf: timeout.
    std::optional<std::chrono::milliseconds> timeout;
    // Attempts per file over all mirrors, the first included. Default 10; 0 means as often as it takes progress to be made, capped at
    // 1000. Permanent failures (404, refused redirect) do not use it up: they end that mirror at once. yum.conf: retries.
    unsigned retries = 10;
    // Slowest acceptable mean rate over one `timeout`, bytes per second. Unset: 1000; 0 = no limit. yum.conf: minrate.
    std::optional<std::uint64_t> minrate;
    // Whether a connection may carry a further request. Default true. false: one request per connection. yum.conf: keepalive.
    bool keepalive = true;
    // The User-Agent field. Empty: "lastack/VERSION". Control characters are an error (Errc::invalid_argument).
    std::string user_agent;
    // Order of the mirrors, limits per mirror, what follows a failure.
    MirrorPolicy mirrors;
    // TLS, proxy, credentials and addresses. Default: verified TLS with the system's trust store, the environment's proxy.
    ConnectionOptions connection;
};

// One file to bring to disk.
struct DownloadRequest {
    std::vector<std::string> urls;          // the same file on each mirror, best first; at least one
    std::filesystem::path path;             // final name; the directory must exist. PATH.part and PATH.part.journal are used beside it
    std::string label;                      // what progress calls it; empty: the last segment of `path`
    std::optional<std::uint64_t> size;      // the exact size; unset: unknown
    std::uint64_t size_limit = UINT64_MAX;  // most bytes accepted when `size` is unset
    std::vector<Digest> digests;            // all must match; empty: the file is only checked by size
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
    RequestOptions options;
};

struct FetchResult {
    bool not_modified = false;  // 304: the copy at hand is current and `body` is empty
    std::string body;
    std::string url;            // the URL that answered, without secrets
    std::string etag;           // as the server sent it; empty: none
    std::string last_modified;  // likewise
};

}  // namespace lastack
