// What went wrong in TLS, in words that name the thing to mend.
#pragma once

#include "lastack/error.hpp"

#include <ctime>
#include <string>

using X509 = struct x509_st;

namespace lastack::net {

// The first certificate of the peer's chain that did not pass, seen while it was judged.
struct RejectedCertificate {
    long verdict = 0;  // X509_V_...; 0: none was rejected
    int depth = 0;     // 0: the peer's own
    X509* certificate = nullptr;

    RejectedCertificate() = default;
    ~RejectedCertificate();
    RejectedCertificate(const RejectedCertificate&) = delete;
    RejectedCertificate& operator=(const RejectedCertificate&) = delete;
};

// The reason at the top of OpenSSL's error queue of this thread; does not clear it.
[[nodiscard]] std::string openssl_reason();

// Whether the peer asked for a certificate of ours: then that may be what it misses.
enum class AskedForCertificate : unsigned char { no, yes };

// The error of a handshake or a record that failed: a certificate that did not pass, an alert of the peer, or what OpenSSL says. Takes the
// error queue. `host` is the name that the certificate should carry; `now` the wall clock.
[[nodiscard]] Error tls_error(const RejectedCertificate& rejected, const std::string& host, std::time_t now, AskedForCertificate asked);

}  // namespace lastack::net
