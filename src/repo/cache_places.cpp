#include "repo/cache_places.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

// The directory itself, or the one in which it would have to be made.
bool can_be_written(const fs::path& directory) {
    for (fs::path path = directory; !path.empty(); path = path.parent_path()) {
        std::error_code ignored;
        if (fs::exists(fs::symlink_status(path, ignored)) || path == path.parent_path()) {
            return ::faccessat(AT_FDCWD, path.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
        }
    }
    return false;
}

// An absolute path, or none.
fs::path from_environment(const char* variable) {
    const char* const value = std::getenv(variable);
    const fs::path path = value != nullptr ? value : "";
    return path.is_absolute() ? path : fs::path{};
}

}  // namespace

CachePlaces cache_places(const fs::path& configured, const fs::path& cache_home) {
    if (cache_home.empty() || can_be_written(configured)) {
        return {.own = configured, .shared = {}};
    }
    return {.own = cache_home / "lastack", .shared = configured};
}

fs::path cache_home_of_user() {
    if (fs::path given = from_environment("XDG_CACHE_HOME"); !given.empty()) {
        return given;
    }
    const fs::path home = from_environment("HOME");
    return home.empty() ? home : home / ".cache";
}

}  // namespace lastack::repo
