// Is this detached signature over exactly these bytes, by one of these keys? gpgv answers (docs/adr/0012). Blocks; any thread.
#pragma once

#include "repo/openpgp.hpp"
#include "repo/repomd.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

namespace lastack::repo {

struct SignatureQuestion {
    std::string_view data;
    std::string_view armoured;  // the .asc file
    std::span<const Certificate> keys;
    WeakDigests weak_digests = WeakDigests::refused;
    std::int64_t now = 0;  // seconds since 1970
    std::filesystem::path program = "/usr/bin/gpgv";
};

struct Signer {
    std::string fingerprint;  // of the primary key
    std::string user_id;      // escape before showing
    std::int64_t signed_at = 0;
};

// Errors: RepoErrc::bad_signature, unknown_key, expired_key, revoked_key, unusable_key, expired_signature, weak_signature,
// malformed_signature, each with the reason in `cause`; RepoErrc::no_verifier when gpgv is not there or does not work; Errc::cancelled.
[[nodiscard]] Result<Signer> check_signature(const SignatureQuestion& question, std::stop_token stop = {});

}  // namespace lastack::repo
