#include "package/error.hpp"

namespace lastack::package {
namespace {

class PackageCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "lastack.package"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<PackageErrc>(value)) {
            case PackageErrc::rpmdb_unreadable:
                return "the rpm database cannot be read";
            case PackageErrc::bad_metadata:
                return "the metadata cannot be used";
            case PackageErrc::solver_failed:
                return "the solver failed";
            case PackageErrc::bad_location:
                return "a package's location is not allowed";
            case PackageErrc::no_digest:
                return "the metadata has no usable digest for a package";
            case PackageErrc::not_a_package:
                return "the file is not an rpm package";
            case PackageErrc::not_what_was_announced:
                return "the package is not the one that the metadata announced";
            case PackageErrc::unsigned_package:
                return "the package is not signed";
            case PackageErrc::unknown_key:
                return "the package is signed with an unknown key";
            case PackageErrc::foreign_key:
                return "the package is signed with a key of another repository";
            case PackageErrc::bad_signature:
                return "a signature or digest of the package is wrong";
            case PackageErrc::key_refused:
                return "the key was not imported";
            case PackageErrc::bad_key:
                return "the file holds no usable key";
            case PackageErrc::transaction_check:
                return "the transaction cannot be run";
            case PackageErrc::transaction_failed:
                return "the transaction failed";
            case PackageErrc::transaction_process:
                return "the transaction's process failed";
        }
        return "unknown package error";
    }
};

}  // namespace

const std::error_category& package_category() noexcept {
    static const PackageCategory category;
    return category;
}

std::error_code make_error_code(PackageErrc code) noexcept { return {static_cast<int>(code), package_category()}; }

}  // namespace lastack::package
