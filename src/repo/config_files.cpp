#include "repo/config_files.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <string_view>
#include <system_error>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

bool directory_exists(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

std::vector<fs::path> files_in(const fs::path& directory, std::string_view extension) {
    std::vector<fs::path> files;
    std::error_code failure;
    for (fs::directory_iterator it{directory, failure}, end; !failure && it != end; it.increment(failure)) {
        if (it->path().extension() == extension) {
            files.push_back(it->path());
        }
    }
    return files;
}

}  // namespace

fs::path below_root(const fs::path& root, const fs::path& path) {
    const fs::path normal_root = root.lexically_normal();
    const fs::path normal = path.lexically_normal();
    if (normal_root == "/" || normal_root.empty()) {
        return normal;
    }
    const fs::path bare_root = normal_root.has_filename() ? normal_root : normal_root.parent_path();
    if (std::ranges::mismatch(bare_root, normal).in1 == bare_root.end()) {
        return normal;
    }
    return bare_root / normal.relative_path();
}

fs::path find_main_config(const fs::path& root) {
    for (const char* name : {"etc/lastack/lastack.conf", "etc/yum.conf", "etc/yum/yum.conf", "etc/dnf/dnf.conf"}) {
        std::error_code failure;
        const fs::path path = root / name;
        // A file that is there and cannot be looked at must not be passed over: reading it will say why.
        if (fs::exists(path, failure) || (failure && failure != std::errc::no_such_file_or_directory)) {
            return path;
        }
    }
    return {};
}

std::vector<fs::path> default_repo_directories(const fs::path& root, const std::vector<fs::path>& defaults) {
    std::vector<fs::path> found;
    for (const fs::path& directory : defaults) {
        if (const fs::path inside = below_root(root, directory); directory_exists(inside)) {
            found.push_back(inside);
        }
    }
    if (found.empty()) {
        std::ranges::copy_if(defaults, std::back_inserter(found), directory_exists);
    }
    return found;
}

std::vector<fs::path> given_repo_directories(const fs::path& root, const std::vector<fs::path>& given) {
    std::vector<fs::path> found;
    for (const fs::path& directory : given) {
        if (directory_exists(directory)) {
            found.push_back(directory);
        } else if (const fs::path inside = below_root(root, directory); directory_exists(inside)) {
            found.push_back(inside);
        }
    }
    return found;
}

std::vector<fs::path> list_repo_files(const std::vector<fs::path>& directories) {
    std::vector<fs::path> files;
    std::set<fs::path> seen;
    for (const fs::path& directory : directories) {
        std::error_code failure;
        if (!seen.insert(fs::canonical(directory, failure)).second) {
            continue;
        }
        std::vector<fs::path> here = files_in(directory, ".repo");
        std::ranges::sort(here);
        files.insert(files.end(), here.begin(), here.end());
    }
    return files;
}

std::vector<fs::path> list_drop_ins(const std::vector<fs::path>& directories) {
    std::map<fs::path, fs::path> by_name;
    for (const fs::path& directory : directories) {
        for (const fs::path& file : files_in(directory, ".conf")) {
            by_name.emplace(file.filename(), file);
        }
    }
    std::vector<fs::path> files;
    std::ranges::copy(by_name | std::views::values, std::back_inserter(files));
    return files;
}

}  // namespace lastack::repo
