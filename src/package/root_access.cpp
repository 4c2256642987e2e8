#include "package/root_access.hpp"

#include "base/file.hpp"
#include "base/rpmdb_path.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace lastack::package {

namespace fs = std::filesystem;

namespace {

// The first directory on the way up that is there.
fs::path nearest_existing(fs::path path) {
    std::error_code ignored;
    while (path.has_relative_path() && !fs::exists(path, ignored)) {
        path = path.parent_path();
    }
    return path;
}

}  // namespace

Result<void> check_root_access(const fs::path& installroot) {
    const auto database = installroot / rpmdb_path(installroot).substr(1);
    for (const fs::path& wanted : {installroot, database}) {
        const fs::path directory = nearest_existing(wanted);
        if (::faccessat(AT_FDCWD, directory.c_str(), W_OK | X_OK, AT_EACCESS) != 0) {
            auto error = system_error(
                errno, "packages cannot be installed to or removed from the root " + installroot.string() + ": " + directory.string());
            error.phase = Phase::none;
            if (error.code == Errc::not_permitted) {
                error.next_step = "run it as root, and with the root mounted for writing";
            }
            return std::unexpected(std::move(error));
        }
    }
    return {};
}

}  // namespace lastack::package
