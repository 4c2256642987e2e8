// Digest access authentication (RFC 7616, with RFC 2069's form for servers that name no qop). Pure.
#pragma once

#include "base/hash.hpp"
#include "http/challenge.hpp"
#include "http/credentials.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::http {

// A challenge that can be answered.
struct DigestChallenge {
    HashAlgorithm algorithm = HashAlgorithm::md5;
    bool session = false;          // a "-sess" variant
    bool algorithm_named = false;  // absent means MD5, and is not named in the answer either: old servers stumble over it
    bool qop_auth = false;         // false: RFC 2069
    bool user_hash = false;
    bool stale = false;
    std::string realm;
    std::string nonce;
    std::optional<std::string> opaque;

    friend bool operator==(const DigestChallenge&, const DigestChallenge&) = default;
};

// Nothing for another scheme, an algorithm that is unknown or that OpenSSL does not offer, a qop without "auth", or when the realm or the
// nonce is missing. A "-sess" variant without qop is refused too: its key needs a cnonce that RFC 2069 cannot carry.
[[nodiscard]] std::optional<DigestChallenge> usable_digest(const Challenge& challenge);

// What differs from one request to the next.
struct DigestRequest {
    std::string_view method;
    std::string_view target;  // as written on the request line: "/path?query", for a forward proxy the whole URL, for CONNECT "host:port"
    std::string_view cnonce;
    std::uint32_t count = 1;  // how many requests, this one included, used the nonce
};

// "Digest username=..."; nothing when OpenSSL fails or the credentials hold a control character. With "-sess" the same cnonce must be given
// as long as the nonce is the same: it is part of the key, and servers differ in whether they remember the first or read each one.
[[nodiscard]] std::optional<std::string> digest_value(const DigestChallenge& challenge, const Credentials& credentials,
                                                      const DigestRequest& request);

}  // namespace lastack::http
