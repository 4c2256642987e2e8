// What gpgv says on its status descriptor (GnuPG's doc/DETAILS) as values. Pure. Its exit status is not used: it is 0 also for signatures
// of revoked and expired keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

enum class SignatureState : std::uint8_t {
    good,
    weak,         // good, with a digest that can be forged
    expired,      // good once: the signature's own end has passed
    unknown_key,  // of a key that is not in the keyring
    expired_key,
    revoked_key,
    unusable,  // an algorithm that gpgv does not know, a signature over something else than the file's very bytes
    bad,       // not of these bytes
};

struct SignatureReport {
    SignatureState state = SignatureState::unusable;
    std::string key_id;       // of the key that made it, lower-case hex; empty when gpgv does not say
    std::string fingerprint;  // of that key or subkey; only for signatures that fit the bytes
    std::string primary;      // fingerprint of the primary key
    std::int64_t created = 0;
};

// One report per signature, in order. Empty when gpgv found none, or does not speak as it should.
[[nodiscard]] std::vector<SignatureReport> parse_signature_status(std::string_view output);

// The one that decides over the file. One bad signature of a known key spoils all; else one good signature is enough, as files are signed
// with the old key and the new one while keys change; else the one that tells the most. Not for an empty list.
[[nodiscard]] const SignatureReport& deciding(const std::vector<SignatureReport>& reports);

}  // namespace lastack::repo
