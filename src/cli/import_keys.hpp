// Brings the keys that gpgkey= names into the repository's keyring, and for packages into the root's, after asking. Sockets are closed
// before each question. A key that was accepted for the repository once is not asked for again.
#pragma once

#include "cli/session.hpp"
#include "package/transaction.hpp"
#include "repo/config.hpp"

#include "lastack/result.hpp"

namespace lastack::cli {

// For signed metadata (repo_gpgcheck=1). Each `gpgkey` is fetched (http, https, file), shown, asked for, kept. Errors:
// PackageErrc::key_refused when the user declines or nobody is there to be asked; RepoErrc::bad_key when a file holds no key that could be
// used (expired, revoked); RepoErrc::keyring_unusable; the fetch's error.
[[nodiscard]] Result<void> import_repository_keys(Session& session, const repo::RepoConfig& repo);

// For signed packages (gpgcheck=1): librpm gets them too. A key that lies on this machine and that the root holds already becomes one of
// the repository's unasked: whoever runs the machine has said yes to both. Errors: the same, and those of Transaction::import_keys.
[[nodiscard]] Result<void> import_package_keys(Session& session, package::Transaction& transaction, const repo::RepoConfig& repo);

}  // namespace lastack::cli
