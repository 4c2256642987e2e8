// Is this repomd.xml the repository's own? An interface for the refresh, and what answers it from signatures and the keys on disk.
#pragma once

#include "repo/config.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace lastack::repo {

// What is known of who made a repomd.xml.
struct TrustState {
    std::string fingerprint;     // of the primary key that signed it; empty: nobody asked (repo_gpgcheck=0)
    std::string signature;       // the text of repomd.xml.asc; empty likewise
    std::int64_t signed_at = 0;  // seconds since 1970

    friend bool operator==(const TrustState&, const TrustState&) = default;
};

// Brings repomd.xml.asc from where the repomd.xml came from; at most max_armoured_size bytes. Not called when no signature is asked for.
using FetchSignature = std::function<Result<std::string>()>;

class RepomdTrust {
public:
    RepomdTrust() = default;
    virtual ~RepomdTrust() = default;
    RepomdTrust(const RepomdTrust&) = delete;
    RepomdTrust& operator=(const RepomdTrust&) = delete;

    // Before anything in `repomd` is believed. Called on the threads of several repositories at once; blocks. An error is one of this
    // mirror: another may have what can be trusted. But `needs_key` of it says that no mirror will do better before a key is imported.
    [[nodiscard]] virtual Result<TrustState> check(const RepoConfig& repo, std::string_view repomd, const FetchSignature& fetch,
                                                   std::stop_token stop) = 0;
};

// Whether importing the repository's keys could help: RepoErrc::unknown_key and expired_key (a renewed one may lie at the URL).
[[nodiscard]] bool needs_key(const Error& error);

// repo_gpgcheck=0: accepted unseen. Else a detached signature over exactly these bytes, of a key of the repository's keyring. Errors: those
// of check_signature, RepoErrc::unsigned_metadata, keyring_unusable, and the fetch's.
class SignatureTrust final : public RepomdTrust {
public:
    explicit SignatureTrust(std::filesystem::path persistdir) : persistdir_{std::move(persistdir)} {}

    [[nodiscard]] Result<TrustState> check(const RepoConfig& repo, std::string_view repomd, const FetchSignature& fetch,
                                           std::stop_token stop) override;

private:
    std::filesystem::path persistdir_;
};

}  // namespace lastack::repo
