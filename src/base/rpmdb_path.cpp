#include "base/rpmdb_path.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace lastack {

namespace fs = std::filesystem;

namespace {

constexpr std::array<std::string_view, 3> candidates = {"/usr/lib/sysimage/rpm", "/var/lib/rpm", "/root/.rpmdb"};
constexpr std::array<std::string_view, 3> database_files = {"rpmdb.sqlite", "Packages.db", "Packages"};

// librpm joins root and path by text before it enters the root, so an absolute symbolic link would lead it to the host's own database.
bool stays_inside(const fs::path& root, const fs::path& directory) {
    std::error_code ignored;
    const auto real_root = fs::canonical(root, ignored);
    const auto real_directory = fs::canonical(directory, ignored);
    if (real_root.empty() || real_directory.empty()) {
        return false;
    }
    const auto end = std::mismatch(real_root.begin(), real_root.end(), real_directory.begin(), real_directory.end());
    return end.first == real_root.end();
}

bool holds_database(const fs::path& root, std::string_view candidate) {
    const auto directory = root / candidate.substr(1);
    std::error_code ignored;
    return std::ranges::any_of(database_files, [&](std::string_view name) { return fs::is_regular_file(directory / name, ignored); }) &&
           stays_inside(root, directory);
}

}  // namespace

std::string rpmdb_path(const fs::path& root) {
    const auto found = std::ranges::find_if(candidates, [&](std::string_view candidate) { return holds_database(root, candidate); });
    return std::string(found == candidates.end() ? candidates.front() : *found);
}

bool rpmdb_exists(const fs::path& root) {
    return std::ranges::any_of(candidates, [&](std::string_view candidate) { return holds_database(root, candidate); });
}

}  // namespace lastack
