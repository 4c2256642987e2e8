// Codes of the package layer.
#pragma once

#include <system_error>

namespace lastack::package {

enum class PackageErrc {
    rpmdb_unreadable = 1,    // the root's rpm database exists but cannot be read
    bad_metadata,            // libsolv refused verified metadata
    solver_failed,           // libsolv failed in a way that is not "unsatisfiable"
    bad_location,            // a package's href leaves its repository or has a scheme that is not allowed
    no_digest,               // metadata names no usable digest for a package: nothing would be verified
    not_a_package,           // a downloaded file is not an rpm
    not_what_was_announced,  // the rpm's name, version or architecture differ from the metadata
    unsigned_package,        // gpgcheck=1 and the package has no signature
    unknown_key,             // signed with a key the root does not hold
    foreign_key,             // signed with a key of the root that is not one of the package's repository
    bad_signature,           // signature or digest inside the rpm does not match
    key_refused,             // the user (or an unattended run) declined to import a key
    bad_key,                 // a key file that holds no usable OpenPGP key
    transaction_check,       // the test run found conflicts, missing dependencies or too little disk
    transaction_failed,      // librpm failed in the middle; the root may be half changed, `cause` says what was done
    transaction_process,     // lastack-transact could not be started or ended without an answer
};

[[nodiscard]] const std::error_category& package_category() noexcept;
[[nodiscard]] std::error_code make_error_code(PackageErrc code) noexcept;

}  // namespace lastack::package

template <>
struct std::is_error_code_enum<lastack::package::PackageErrc> : std::true_type {};
