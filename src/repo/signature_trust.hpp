// A repomd.xml is the repository's own when one of the repository's keys has signed it.
#pragma once

#include "repo/repomd_trust.hpp"

#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace lastack::repo {

// repo_gpgcheck=0: accepted unseen. Else a detached signature over exactly these bytes, of a key of the repository's keyring. Errors: those
// of check_signature, RepoErrc::unsigned_metadata, keyring_unusable, and the fetch's.
class SignatureTrust final : public RepomdTrust {
public:
    // `persistdir` with the installroot in front.
    explicit SignatureTrust(std::filesystem::path persistdir) : persistdir_{std::move(persistdir)} {}

    [[nodiscard]] Result<TrustState> check(const RepoConfig& repo, std::string_view repomd, const FetchSignature& fetch,
                                           std::stop_token stop) override;

    // The repositories for which a key was missing, or had expired (a renewed one may lie where gpgkey= points). Whoever can ask the user
    // does so when the refresh is over and refreshes again: no repository waits for an answer with its connections open.
    [[nodiscard]] std::set<std::string> take_key_wanted();

private:
    std::filesystem::path persistdir_;
    std::mutex mutex_;
    std::set<std::string> key_wanted_;
};

}  // namespace lastack::repo
