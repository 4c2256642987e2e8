#include "repo/error.hpp"

#include "lastack/error.hpp"

#include <algorithm>
#include <string>

namespace lastack::repo {

namespace {

class RepoCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "lastack.repo"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<RepoErrc>(value)) {
            case RepoErrc::bad_config:
                return "the configuration cannot be used";
            case RepoErrc::bad_option:
                return "the option makes no sense";
            case RepoErrc::unknown_repo:
                return "no such repository";
            case RepoErrc::no_urls:
                return "the repository has no usable URL";
            case RepoErrc::bad_repomd:
                return "repomd.xml cannot be used";
            case RepoErrc::bad_metadata:
                return "the metadata is not what repomd.xml says";
            case RepoErrc::bad_location:
                return "a location leaves the repository";
            case RepoErrc::cache_unusable:
                return "the cache cannot be used";
            case RepoErrc::cache_locked:
                return "the cache is in use";
            case RepoErrc::bad_metalink:
                return "the metalink cannot be used";
            case RepoErrc::rolled_back:
                return "the metadata is from another time than it should be";
            case RepoErrc::too_old:
                return "the metadata is too old";
            case RepoErrc::not_cached:
                return "the cache does not have it";
            case RepoErrc::unsigned_metadata:
                return "the metadata is not signed";
            case RepoErrc::malformed_signature:
                return "the signature of repomd.xml cannot be used";
            case RepoErrc::bad_signature:
                return "the signature of repomd.xml is wrong";
            case RepoErrc::unknown_key:
                return "repomd.xml is signed with an unknown key";
            case RepoErrc::expired_key:
                return "repomd.xml is signed with an expired key";
            case RepoErrc::revoked_key:
                return "repomd.xml is signed with a revoked key";
            case RepoErrc::unusable_key:
                return "repomd.xml is signed with a key that is not meant for it";
            case RepoErrc::expired_signature:
                return "the signature of repomd.xml has expired";
            case RepoErrc::weak_signature:
                return "the signature of repomd.xml is too weak";
            case RepoErrc::no_verifier:
                return "signatures cannot be checked";
            case RepoErrc::bad_key:
                return "the key cannot be used";
            case RepoErrc::keyring_unusable:
                return "the repository's keys cannot be used";
        }
        return "unknown error";
    }
};

}  // namespace

const std::error_category& repo_category() noexcept {
    static const RepoCategory category;
    return category;
}

bool is_local_failure(const std::error_code& code) {
    constexpr Errc local[] = {Errc::cancelled, Errc::no_space, Errc::not_permitted, Errc::io_failed, Errc::locked};
    return code == RepoErrc::cache_unusable || code == RepoErrc::cache_locked ||
           std::ranges::any_of(local, [&](Errc each) { return code == each; });
}

std::error_code make_error_code(RepoErrc code) noexcept { return {static_cast<int>(code), repo_category()}; }

}  // namespace lastack::repo
