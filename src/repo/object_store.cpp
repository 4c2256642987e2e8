#include "repo/object_store.hpp"

#include "base/digest_stream.hpp"
#include "repo/generation.hpp"
#include "repo/own_directory.hpp"

#include <algorithm>
#include <system_error>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

// "ALGORITHM-HEX" of an object or of what is kept beside it ("ALGORITHM-HEX.part"); empty for any other name.
std::string_view object_name(std::string_view name) {
    const std::string_view stem = name.substr(0, name.find('.'));
    const auto dash = stem.find('-');
    if (dash == std::string_view::npos || !parse_digest(stem.substr(0, dash), stem.substr(dash + 1))) {
        return {};
    }
    return stem;
}

// What repomd.xml files of all repositories refer to, enabled or not.
std::set<std::string, std::less<>> referenced(const Cache& cache) {
    std::set<std::string, std::less<>> names;
    std::error_code failure;
    for (fs::directory_iterator it{cache.directory(), failure}, end; !failure && it != end; it.increment(failure)) {
        if (!fs::is_directory(it->symlink_status())) {
            continue;
        }
        if (const auto repomd = load_repomd(it->path())) {
            for (const RepomdFile& file : repomd->files) {
                for (const Digest& digest : file.digests) {
                    names.insert(cache.object(digest).filename().string());
                }
            }
        }
    }
    return names;
}

}  // namespace

Result<void> ObjectStore::open() const { return make_own_directory(cache_.directory() / Cache::objects_name); }

fs::path ObjectStore::path_of(const RepomdFile& file) const {
    return cache_.object(*std::ranges::max_element(file.digests, {}, &Digest::algorithm));
}

std::optional<fs::path> ObjectStore::shared_path_of(const RepomdFile& file) const { return shared_.object(path_of(file).filename()); }

Result<bool> ObjectStore::is_here(const fs::path& path, const RepomdFile& file, Look look) {
    auto same = file_matches(path, file.size, look == Look::whole ? file.digests : std::vector<Digest>{});
    std::error_code ignored;
    // A file that is not there does not match, nor does a link; any other failure is one.
    const bool odd = !same && (same.error().code == Errc::not_found || fs::is_symlink(fs::symlink_status(path, ignored)));
    return odd ? Result<bool>{false} : same;
}

ObjectStore::Claim ObjectStore::claim(const std::vector<RepomdFile>& files) {
    std::set<fs::path> paths;
    for (const RepomdFile& file : files) {
        paths.insert(path_of(file));
    }
    std::unique_lock lock{mutex_};
    // All or none: two that wait for each other cannot be.
    released_.wait(lock, [&] { return std::ranges::none_of(paths, [&](const fs::path& path) { return claimed_.contains(path); }); });
    for (const fs::path& path : paths) {
        claimed_.insert(path);
        used_.insert(path.filename().string());
    }
    return Claim{*this, std::move(paths)};
}

ObjectStore::Claim::~Claim() {
    if (store_ == nullptr) {
        return;
    }
    {
        const std::lock_guard lock{store_->mutex_};
        for (const fs::path& path : paths_) {
            store_->claimed_.erase(path);
        }
    }
    store_->released_.notify_all();
}

void ObjectStore::remove_unreferenced() const {
    const auto names = referenced(cache_);
    remove_files(cache_.directory() / Cache::objects_name, [&](std::string_view name) {
        const std::string_view object = object_name(name);
        return !object.empty() && !names.contains(object) && !used_.contains(std::string{object});
    });
}

}  // namespace lastack::repo
