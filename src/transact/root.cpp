#include "transact/root.hpp"

#include "base/rpmdb_path.hpp"

#include <rpm/rpmlib.h>
#include <rpm/rpmmacro.h>

#include <unistd.h>

namespace lastack::transact {

bool configure_rpm(const std::string& installroot) {
    if (rpmReadConfigFiles(nullptr, nullptr) != 0) {
        return false;
    }
    // Debian's value starts a shell and lands in root's home directory.
    const auto path = rpmdb_path(installroot);
    rpmPushMacro(nullptr, "_dbpath", nullptr, path.c_str(), RMIL_CMDLINE);
    return true;
}

TransactionSet open_set(const std::string& installroot) {
    TransactionSet set(rpmtsCreate());
    if (set && rpmtsSetRootDir(set.get(), installroot.c_str()) != 0) {
        set.reset();
    }
    return set;
}

std::expected<RootLock, Failed> lock_root(rpmts set) {
    RootLock lock(rpmtxnBegin(set, RPMTXN_WRITE));
    if (!lock) {
        return std::unexpected(Failed{.failure = Failure::locked, .cause = "librpm cannot lock the rpm database"});
    }
    return lock;
}

FileHandle open_package(std::size_t index) {
    const int fd = first_package_fd + static_cast<int>(index);
    if (::lseek(fd, 0, SEEK_SET) != 0) {
        return {};
    }
    return FileHandle(fdDup(fd));
}

std::string nevra(const std::string& name, const std::string& epoch, const std::string& version, const std::string& release,
                  const std::string& arch) {
    const bool shown = !epoch.empty() && epoch != "0";
    return name + "-" + (shown ? epoch + ":" : std::string()) + version + "-" + release + "." + arch;
}

}  // namespace lastack::transact
