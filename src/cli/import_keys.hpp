// Brings the keys of a repository into the root's keyring, after asking. Sockets are closed before each question.
#pragma once

#include "cli/session.hpp"
#include "package/transaction.hpp"
#include "repo/config.hpp"

#include "lastack/result.hpp"

namespace lastack::cli {

// Each `gpgkey` of the repository: fetched (http, https, file), shown, asked for, imported. Errors: PackageErrc::key_refused when the user
// declines or nobody is there to be asked; PackageErrc::bad_key; the fetch's error.
[[nodiscard]] Result<void> import_keys(Session& session, package::Transaction& transaction, const repo::RepoConfig& repo);

}  // namespace lastack::cli
