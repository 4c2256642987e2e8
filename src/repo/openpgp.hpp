// What OpenPGP packets say of themselves (RFC 4880 and the elliptic curves of RFC 6637). Pure. No signature is verified here: what is read
// is shown, and gives reasons to refuse; whether a signature is good is for gpgv and librpm to say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

inline constexpr std::size_t max_certificates = 64;  // of one file
inline constexpr std::size_t max_signatures = 16;    // over one file

// A primary key or a subkey.
struct OpenPgpKey {
    std::string fingerprint;  // 40 lower-case hex digits
    std::int64_t created = 0;
    std::optional<std::int64_t> expires{};  // seconds since 1970; unset: never
    bool revoked = false;
    bool can_sign = false;

    [[nodiscard]] std::string key_id() const { return fingerprint.substr(fingerprint.size() - 16); }
    [[nodiscard]] bool expired(std::int64_t now) const { return expires && *expires <= now; }
};

struct Certificate {
    OpenPgpKey primary;
    std::vector<OpenPgpKey> subkeys;
    std::vector<std::string> user_ids;  // as they stand there; escape before showing
    std::string packets;                // all of it

    // The key or subkey with this fingerprint; null when it has none such.
    [[nodiscard]] const OpenPgpKey* find(std::string_view fingerprint) const;
};

// The certificates of one block. Errors, as a part of a sentence: damaged packets, packets that do not belong to a certificate (a secret
// key), versions other than 4.
[[nodiscard]] std::expected<std::vector<Certificate>, std::string> parse_certificates(std::string_view packets);

// What a file of armoured keys holds, each certificate once.
[[nodiscard]] std::expected<std::vector<Certificate>, std::string> parse_key_file(std::string_view text);

// That there are signature packets, at most max_signatures, and nothing else.
[[nodiscard]] std::expected<void, std::string> check_signature_packets(std::string_view packets);

}  // namespace lastack::repo
