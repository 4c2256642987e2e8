// Who vouches for a repomd.xml: the check of its signature, which needs keys that this layer knows nothing of. An interface, as whoever
// holds the keys lies above.
#pragma once

#include "repo/config.hpp"

#include "lastack/result.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace lastack::repo {

// What came of a check.
struct TrustState {
    std::string signed_by;  // fingerprint of the key whose signature was verified; empty: nobody's was asked for
    std::string signature;  // repomd.xml.asc as it came; empty: none
};

// Brings repomd.xml.asc from the server that sent the repomd.xml. Blocks.
using FetchSignature = std::function<Result<std::string>()>;

class RepomdTrust {
public:
    RepomdTrust() = default;
    virtual ~RepomdTrust() = default;
    RepomdTrust(const RepomdTrust&) = delete;
    RepomdTrust& operator=(const RepomdTrust&) = delete;

    // Called on the thread of one repository, for several repositories at once, with every repomd.xml that is new, and with the one at hand
    // while nobody is known to have signed it; an error means that this one is not used and the next mirror is asked.
    [[nodiscard]] virtual Result<TrustState> check(const RepoConfig& repo, std::string_view repomd, const FetchSignature& signature) = 0;
};

}  // namespace lastack::repo
