// Codes of the repository layer.
#pragma once

#include <system_error>

namespace lastack::repo {

enum class RepoErrc {
    bad_config = 1,  // the main configuration cannot be used
    bad_option,      // a --setopt or --repofrompath that makes no sense
    unknown_repo,    // an id that no file defines
    no_urls,         // a repository without baseurl and mirrorlist, or a mirror list without a usable URL
    bad_repomd,      // repomd.xml is not one: not XML, a DTD, missing primary, unusable digest
    bad_metadata,    // a metadata file differs from what repomd.xml says of it, also after decompression
    bad_location,    // an href in repomd.xml that leaves the repository
    cache_unusable,  // the cache directory cannot be made, read or written
    cache_locked,    // another lastack holds the cache
    bad_metalink,    // a metalink without a usable entry for repomd.xml, or without its hashes
    rolled_back,     // metadata older than what we had, of the same age with other content, or from the future
    too_old,         // metadata older than max_age allows
    not_cached,      // -C, and the cache does not have it

    // Of the signature of repomd.xml, with repo_gpgcheck=1.
    unsigned_metadata,    // there is none
    malformed_signature,  // not one detached armoured signature
    bad_signature,        // not over this file
    unknown_key,          // of a key that was not imported for this repository
    expired_key,
    revoked_key,
    unusable_key,       // of a key that is not meant for signing
    expired_signature,  // its own end has passed
    weak_signature,     // MD5 or SHA-1
    no_verifier,        // gpgv is not there or does not work
    bad_key,            // a file that gpgkey= names holds no usable key
    keyring_unusable,   // the repository's keys cannot be read or kept, or others could write to them
};

// Failures of this machine: the next repository would meet them too, so they are no reason to go on without this one, nor to use what is
// older.
[[nodiscard]] bool is_local_failure(const std::error_code& code);

[[nodiscard]] const std::error_category& repo_category() noexcept;
[[nodiscard]] std::error_code make_error_code(RepoErrc code) noexcept;

}  // namespace lastack::repo

template <>
struct std::is_error_code_enum<lastack::repo::RepoErrc> : std::true_type {};
