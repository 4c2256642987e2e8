// What went wrong, as a value: which layer's code, where (URL, mirror, address), in which phase, why, and what to do next.
//
// Every string in an Error is safe to show: passwords are removed before they enter it and control characters are escaped by
// `describe`. An Error never carries an exception. Copyable; no thread affinity.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <system_error>

namespace lastack {

// Codes that mean the same in every layer. Each further layer has an enum of its own, all usable as std::error_code.
enum class Errc {
    cancelled = 1,     // the caller asked to stop; nothing is wrong with the server or the file
    timed_out,         // a deadline of ours passed; `Error::phase` says which
    invalid_argument,  // the caller's request makes no sense (bad URL, empty list of mirrors)
    no_space,          // the disk or the quota is full; partial files are kept
    not_permitted,     // the file system refuses (permissions, read-only)
    not_found,         // a local file or directory that must exist does not
    io_failed,         // any other failure of the local system; `Error::cause` has errno's text
    locked,            // another process holds the lock
};

// What was being done when it failed. The order is the order of a download.
enum class Phase : std::uint8_t {
    none,
    resolving,
    connecting,
    tunnelling,  // asking the proxy for a way
    securing,    // TLS handshake
    sending,
    waiting,  // the request is out, no byte of the answer has come
    receiving,
    verifying,
    writing,  // local disk
    parsing,
    solving,
    transaction,
};

struct Error {
    std::error_code code;
    Phase phase = Phase::none;
    std::string url;           // the URL asked for, without secrets; empty when none is involved
    std::string mirror;        // the URL that finally failed when it differs from `url` (after a redirect, or a mirror of it)
    std::string address;       // "ip:port" of the peer when one was reached or tried
    std::string cause;         // one sentence part, lower case, no full stop
    std::string next_step;     // what the user can do; may be empty
    int http_status = 0;       // the answer's status when the server answered, else 0
    std::uint64_t offset = 0;  // bytes of the body kept when it failed
    // How long the server asked us to keep away (Retry-After), at most a day; unset when it did not say, or said nothing that makes sense.
    std::optional<std::chrono::seconds> retry_after = std::nullopt;

    friend bool operator==(const Error&, const Error&) = default;
};

// One line (two when there is a next step): cause, phase, URL, mirror, address, then the next step. Control characters are escaped.
[[nodiscard]] std::string describe(const Error& error);

// The name of a phase as messages use it ("connecting", "waiting for an answer").
[[nodiscard]] const char* to_string(Phase phase) noexcept;

[[nodiscard]] const std::error_category& base_category() noexcept;
[[nodiscard]] std::error_code make_error_code(Errc code) noexcept;

}  // namespace lastack

template <>
struct std::is_error_code_enum<lastack::Errc> : std::true_type {};
