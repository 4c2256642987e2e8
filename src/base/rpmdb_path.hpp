// Where a root keeps its rpm database. One answer for the solver's reading side and for the transaction's process: were they to differ,
// one would install what the other never sees.
#pragma once

#include <filesystem>
#include <string>

namespace lastack {

// The value for rpm's macro %_dbpath, as seen inside `root`: the first of "/usr/lib/sysimage/rpm", "/var/lib/rpm" and "/root/.rpmdb"
// (Debian's default) that holds a database, or the first one when none does. A directory that a symbolic link moves out of `root` does
// not count. Looks at the file system, changes nothing.
[[nodiscard]] std::string rpmdb_path(const std::filesystem::path& root);

// True when the directory `rpmdb_path` names holds a database: false for a root nothing was ever installed in.
[[nodiscard]] bool rpmdb_exists(const std::filesystem::path& root);

}  // namespace lastack
