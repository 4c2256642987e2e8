#include "repo/cache_report.hpp"

#include "base/file.hpp"
#include "repo/generation.hpp"
#include "repo/options.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <system_error>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t max_state_size = std::uint64_t{64} << 10;

void add(CacheReport::Amount& amount, std::uint64_t bytes) {
    ++amount.files;
    amount.bytes += bytes;
}

struct Found {
    std::string name;  // of a regular file, relative to where the search began
    std::uint64_t bytes = 0;
};

// Regular files below a directory; links are not followed. What vanishes meanwhile is not there.
Result<std::vector<Found>> files_below(const fs::path& directory) {
    std::vector<Found> found;
    std::error_code failure;
    fs::recursive_directory_iterator it{directory, failure};
    if (failure && failure != std::errc::no_such_file_or_directory) {
        return std::unexpected(system_error(failure.value(), "cannot read " + directory.string()));
    }
    for (const fs::recursive_directory_iterator end; !failure && it != end; it.increment(failure)) {
        std::error_code gone;
        if (fs::is_regular_file(it->symlink_status(gone)) && !gone) {
            const auto bytes = it->file_size(gone);
            if (!gone) {
                found.push_back({.name = it->path().lexically_relative(directory).string(), .bytes = bytes});
            }
        }
    }
    return found;
}

bool is_real_directory(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(fs::symlink_status(path, ignored));
}

class Reporter {
public:
    explicit Reporter(const Cache& cache) : cache_{cache} {}

    Result<CacheReport> run() {
        auto all = files_below(cache_.directory());
        if (!all) {
            return std::unexpected(std::move(all.error()));
        }
        for (const Found& file : *all) {
            add(report_.total, file.bytes);
            const auto slash = file.name.find('/');
            if (slash == std::string::npos) {
                continue;
            }
            const std::string_view place = std::string_view{file.name}.substr(0, slash);
            const std::string_view rest = std::string_view{file.name}.substr(slash + 1);
            if (place == Cache::objects_name) {
                objects_.emplace(rest, file.bytes);
            } else if (is_repo_id(place)) {
                CacheReport::Repository& repository = repositories_[std::string{place}];
                add(rest.starts_with("packages/") ? repository.packages : repository.metadata, file.bytes);
            }
        }
        for (auto& [id, repository] : repositories_) {
            repository.id = id;
            look_at(repository);
            report_.repositories.push_back(repository);
        }
        look_at_objects();
        return std::move(report_);
    }

private:
    void look_at(CacheReport::Repository& repository) {
        const fs::path directory = cache_.repo_directory(repository.id);
        const auto repomd = is_real_directory(directory) ? load_repomd(directory) : std::nullopt;
        if (!repomd) {
            return;
        }
        repository.revision = repomd->revision;
        if (const auto text = read_file(directory / "refresh.state", max_state_size)) {
            if (const auto state = parse_refresh_state(*text)) {
                repository.checked_at = state->checked_at;
            }
        }
        std::vector<std::string> names;
        for (const RepomdFile& file : repomd->files) {
            for (const Digest& digest : file.digests) {
                names.push_back(cache_.object(digest).filename().string());
            }
        }
        std::ranges::sort(names);
        names.erase(std::ranges::unique(names).begin(), names.end());
        for (const std::string& name : names) {
            ++users_[name];
            if (const auto object = objects_.find(name); object != objects_.end()) {
                add(repository.metadata, object->second);
            }
        }
    }

    void look_at_objects() {
        for (const auto& [name, bytes] : objects_) {
            const auto dot = name.find('.');
            const auto users = users_.find(name.substr(0, dot));
            const std::string_view extension = dot == std::string::npos ? std::string_view{} : std::string_view{name}.substr(dot);
            const bool unfinished = extension.starts_with(".part") || extension.starts_with(".tail");
            if (unfinished) {
                add(report_.unfinished, bytes);
            } else {
                add(extension.empty() ? report_.objects : report_.indexes, bytes);
            }
            if (users == users_.end() && !unfinished) {
                add(report_.unreferenced, bytes);
            } else if (extension.empty() && users->second > 1) {
                add(report_.shared, bytes);
            }
        }
    }

    const Cache& cache_;
    CacheReport report_;
    std::map<std::string, CacheReport::Repository> repositories_;
    std::map<std::string, std::uint64_t> objects_;
    std::map<std::string, unsigned> users_;  // of an object
};

}  // namespace

Result<CacheReport> report_cache(const Cache& cache) { return Reporter{cache}.run(); }

}  // namespace lastack::repo
