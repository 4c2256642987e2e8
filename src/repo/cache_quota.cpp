#include "repo/cache_quota.hpp"

#include "repo/cache_directory.hpp"
#include "repo/cache_report.hpp"
#include "repo/options.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <map>
#include <string_view>
#include <sys/stat.h>
#include <tuple>
#include <unistd.h>

namespace lastack::repo {

namespace {

constexpr std::string_view packages_name = "packages";

// Of "NAME.part", "NAME.part.journal", "NAME.tail"...: NAME, as long as NAME itself is unfinished. Empty: it is none of these.
std::string_view unfinished(std::string_view name) {
    const auto at = std::min(name.find(".part"), name.find(".tail"));
    return at == std::string_view::npos ? std::string_view{} : name.substr(0, at);
}

class Finder {
public:
    Finder(const Cache& cache, const std::set<std::filesystem::path>& needed) : cache_{cache}, needed_{needed} {}

    Result<std::vector<Removable>> run(int top) {
        const auto names = names_in(top);
        if (!names) {
            return std::unexpected(names.error());
        }
        for (const std::string& name : *names) {
            const bool objects = name == Cache::objects_name;
            if (!objects && !is_repo_id(name)) {
                continue;
            }
            const auto directory = open_directory_at(top, name);
            if (!directory) {
                return std::unexpected(directory.error());
            }
            if (!directory->valid()) {
                continue;
            }
            auto done = objects ? look(directory->get(), name, Kind::objects) : look_at_packages(directory->get(), name);
            if (!done) {
                return std::unexpected(std::move(done.error()));
            }
        }
        return std::move(found_);
    }

private:
    enum class Kind : unsigned char { objects, packages };

    Result<void> look_at_packages(int repository, const std::string& id) {
        const auto packages = open_directory_at(repository, std::string{packages_name});
        if (!packages) {
            return std::unexpected(packages.error());
        }
        return packages->valid() ? look(packages->get(), id + "/" + std::string{packages_name}, Kind::packages) : Result<void>{};
    }

    Result<void> look(int directory, const std::string& place, Kind kind) {
        const auto names = names_in(directory);
        if (!names) {
            return std::unexpected(names.error());
        }
        std::map<std::string, Removable, std::less<>> here;  // by what they are to become
        for (const std::string& name : *names) {
            struct stat info{};
            if (::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(info.st_mode)) {
                continue;
            }
            const std::string_view whole = unfinished(name);
            const bool stays = whole.empty() ? kind == Kind::objects || needed_.contains(cache_.directory() / place / name)
                                             : needed_.contains(cache_.directory() / place / whole);
            if (stays) {
                continue;
            }
            Removable& one = here[whole.empty() ? name : std::string{whole}];
            one.directory = place;
            one.names.push_back(name);
            one.bytes += static_cast<std::uint64_t>(info.st_size);
            // Not the time of the last change, which can be the server's.
            one.came_at = std::max(one.came_at, std::int64_t{info.st_ctim.tv_sec} * 1'000'000'000 + info.st_ctim.tv_nsec);
        }
        for (auto& [name, one] : here) {
            found_.push_back(std::move(one));
        }
        return {};
    }

    const Cache& cache_;
    const std::set<std::filesystem::path>& needed_;
    std::vector<Removable> found_;
};

// The directories are opened again: a name in between may have become a link.
Result<void> remove(int top, const Removable& one, QuotaOutcome& outcome) {
    auto directory = open_directory_at(top, one.directory.substr(0, one.directory.find('/')));
    if (directory && directory->valid() && one.directory.contains('/')) {
        directory = open_directory_at(directory->get(), std::string{packages_name});
    }
    if (!directory) {
        return std::unexpected(directory.error());
    }
    for (const std::string& name : one.names) {
        if (directory->valid() && ::unlinkat(directory->get(), name.c_str(), 0) == 0) {
            ++outcome.removed;
        } else if (errno != ENOENT) {
            return std::unexpected(cannot_clean(errno, name + " cannot be removed"));
        }
    }
    outcome.bytes += one.bytes;
    return {};
}

}  // namespace

std::size_t beyond_quota(std::vector<Removable>& removable, std::uint64_t total, std::uint64_t quota) {
    std::ranges::sort(removable, {}, [](const Removable& one) { return std::tie(one.came_at, one.directory, one.names); });
    std::size_t count = 0;
    while (total > quota && count < removable.size()) {
        total -= std::min(total, removable[count++].bytes);
    }
    return count;
}

Result<QuotaOutcome> keep_quota(const Cache& cache, std::uint64_t quota, const std::set<std::filesystem::path>& needed) {
    const auto report = report_cache(cache);
    if (!report) {
        return std::unexpected(report.error());
    }
    QuotaOutcome outcome{.left = report->total.bytes};
    if (outcome.left <= quota) {
        return outcome;
    }
    const auto top = open_file(cache.directory(), O_RDONLY | O_DIRECTORY);
    if (!top) {
        return std::unexpected(top.error());
    }
    auto removable = Finder{cache, needed}.run(top->get());
    if (!removable) {
        return std::unexpected(std::move(removable.error()));
    }
    const std::size_t count = beyond_quota(*removable, outcome.left, quota);
    for (const Removable& one : std::span{*removable}.first(count)) {
        if (auto done = remove(top->get(), one, outcome); !done) {
            return std::unexpected(std::move(done.error()));
        }
    }
    outcome.left -= std::min(outcome.left, outcome.bytes);
    return outcome;
}

}  // namespace lastack::repo
