// Who vouches for a repomd.xml: the check of its signature, which needs keys that this layer knows nothing of. An interface, as whoever
// holds the keys lies above.
#pragma once

#include "repo/config.hpp"

#include "lastack/result.hpp"

#include <cstdint>
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

// Brings repomd.xml.asc from where the repomd.xml came from. Blocks. Not called when no signature is asked for.
using FetchSignature = std::function<Result<std::string>()>;

class RepomdTrust {
public:
    RepomdTrust() = default;
    virtual ~RepomdTrust() = default;
    RepomdTrust(const RepomdTrust&) = delete;
    RepomdTrust& operator=(const RepomdTrust&) = delete;

    // Before anything in `repomd` is believed. Called on the threads of several repositories at once; blocks. An error is one of this
    // mirror: another may have what can be trusted.
    [[nodiscard]] virtual Result<TrustState> check(const RepoConfig& repo, std::string_view repomd, const FetchSignature& fetch,
                                                   std::stop_token stop) = 0;
};

}  // namespace lastack::repo
