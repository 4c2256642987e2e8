#include "package/sack.hpp"

#include "base/digest_stream.hpp"
#include "base/text.hpp"
#include "package/error.hpp"
#include "package/nevra_match.hpp"
#include "package/solv/index_file.hpp"
#include "package/solv/metadata.hpp"
#include "package/solv/package_pool.hpp"
#include "package/solv/rpmdb.hpp"
#include "package/solve.hpp"

#include <algorithm>
#include <map>
#include <sys/utsname.h>
#include <utility>

namespace lastack::package {
namespace {

std::string machine_arch() {
    utsname name{};
    return uname(&name) == 0 ? name.machine : "noarch";
}

}  // namespace

struct Sack::Impl {
    explicit Impl(const SackOptions& options) : pool{options.arch.empty() ? machine_arch() : options.arch}, exclude{options.exclude} {}

    solv::PackagePool pool;
    std::vector<std::string> exclude;
    std::vector<std::string> notices;

    Result<void> read_installed(const SackOptions& options) {
        if (options.installed_primary.empty()) {
            return solv::read_rpmdb(pool, options.installroot);
        }
        auto read = read_file(pool.installed(), options.installed_primary, "primary", solv::Reading::packages);
        if (read) {
            number_installed();
        }
        return read;
    }

    Result<void> read_file(::Repo* repo, const std::filesystem::path& path, const char* type, solv::Reading reading) {
        return solv::read_metadata(pool.get(), repo, {.file = {.type = type}, .path = path}, reading);
    }

    // A refresh that found an index did not read the file. Without the index it is taken for what it is, and fetched again.
    static Result<void> check_unread(const repo::MetadataFile& source) {
        const auto same = file_matches(source.path, source.file.size, source.file.digests);
        if (same && *same) {
            return {};
        }
        std::error_code ignored;
        std::filesystem::remove(solv::index_path(source), ignored);
        return std::unexpected{same ? Error{.code = PackageErrc::bad_metadata,
                                            .phase = Phase::verifying,
                                            .cause = source.path.string() + " was changed since it was downloaded, and so was its index",
                                            .next_step = "run 'lastack makecache', which fetches it again"}
                                    : same.error()};
    }

    // How many packages were left out.
    Result<unsigned> read_packages(::Repo* repo, const RepoMetadata& metadata) {
        if (metadata.indexed) {
            if (const auto left_out = solv::load_index(repo, *metadata.indexed)) {
                return *left_out;
            }
            if (auto same = check_unread(*metadata.indexed); !same) {
                return std::unexpected{std::move(same.error())};
            }
            // Where it cannot be kept (a cache that is not ours to write) the metadata is read as it is.
            if (const auto made = solv::make_index(*metadata.indexed, {}); made) {
                if (const auto left_out = solv::load_index(repo, *metadata.indexed)) {
                    return *left_out;
                }
            }
        }
        auto read = metadata.indexed ? solv::read_metadata(pool.get(), repo, *metadata.indexed, solv::Reading::packages)
                                     : read_file(repo, metadata.primary, "primary", solv::Reading::packages);
        if (read && !metadata.filelists.empty()) {
            read = read_file(repo, metadata.filelists, "filelists", solv::Reading::extension);
        }
        return read ? Result<unsigned>{solv::remove_unacceptable(pool.get(), repo)} : std::unexpected{std::move(read.error())};
    }

    // What stands in for header numbers when the installed packages come from a primary.xml: 1, 2, 3...
    void number_installed() {
        Id number = 0;
        for (const Id id : pool.installed_ids()) {
            solvable_set_num(pool.at(id), RPM_RPMDBID, static_cast<unsigned long long>(++number));
        }
    }

    void hide_excluded(const ::Repo* repo, const RepoMetadata& metadata) {
        if (exclude.empty() && metadata.exclude.empty() && metadata.include.empty()) {
            return;
        }
        for (Id id = repo->start; id < repo->end; ++id) {
            if (pool.at(id)->repo != repo) {
                continue;
            }
            const Nevra nevra = pool.nevra(id);
            const bool kept = metadata.include.empty() || matches_any(metadata.include, nevra);
            if (!kept || matches_any(exclude, nevra) || matches_any(metadata.exclude, nevra)) {
                pool.hide(id);
            }
        }
    }

    // The packages in the order of the contract: by name, then arch, newest first.
    [[nodiscard]] std::vector<Package> listed(const std::vector<Id>& ids, const std::vector<std::string>& patterns) const {
        std::vector<std::pair<Nevra, Id>> chosen;
        for (const Id id : ids) {
            if (auto nevra = pool.nevra(id); patterns.empty() || matches_any(patterns, nevra)) {
                chosen.emplace_back(std::move(nevra), id);
            }
        }
        std::ranges::sort(chosen, [this](const auto& a, const auto& b) {
            const auto names = std::tie(a.first.name, a.first.arch) <=> std::tie(b.first.name, b.first.arch);
            const int versions = names != 0 ? 0 : pool.compare_versions(a.second, b.second);
            return names != 0 ? names < 0 : (versions != 0 ? versions > 0 : a.second < b.second);
        });
        std::vector<Package> packages;
        packages.reserve(chosen.size());
        for (const auto& [nevra, id] : chosen) {
            packages.push_back(pool.package(id));
        }
        return packages;
    }

    using NameArch = std::pair<Id, Id>;

    [[nodiscard]] std::map<NameArch, std::vector<Id>> grouped(const std::vector<Id>& ids) const {
        std::map<NameArch, std::vector<Id>> groups;
        for (const Id id : ids) {
            groups[{pool.at(id)->name, pool.at(id)->arch}].push_back(id);
        }
        return groups;
    }

    [[nodiscard]] std::vector<Id> newest_available() const {
        std::vector<Id> ids;
        for (const auto& [name, candidates] : grouped(pool.available_ids())) {
            ids.push_back(pool.best(candidates));
        }
        return ids;
    }

    [[nodiscard]] std::vector<Id> updates() const {
        std::map<Id, std::vector<Id>> offered;
        for (const Id id : pool.available_ids()) {
            offered[pool.at(id)->name].push_back(id);
        }
        std::vector<Id> ids;
        for (const auto& [name, versions] : grouped(pool.installed_ids())) {
            const Id installed = pool.best(versions);
            std::vector<Id> candidates = offered[name.first];
            std::erase_if(candidates, [&](Id id) { return !pool.arch_fits(id, installed) || pool.compare_versions(id, installed) <= 0; });
            if (const Id best = pool.best(candidates); best != 0) {
                ids.push_back(best);
            }
        }
        return ids;
    }
};

Sack::Sack(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Sack::~Sack() = default;
Sack::Sack(Sack&&) noexcept = default;
Sack& Sack::operator=(Sack&&) noexcept = default;

Result<Sack> Sack::open(const SackOptions& options) {
    auto impl = std::make_unique<Impl>(options);
    if (auto read = impl->read_installed(options); !read) {
        return std::unexpected{std::move(read.error())};
    }
    return Sack{std::move(impl)};
}

Result<void> Sack::add_repository(const RepoMetadata& metadata) {
    auto& pool = impl_->pool;
    ::Repo* repo = pool.add_repository(metadata.id, metadata.priority, metadata.cost);
    const auto left_out = impl_->read_packages(repo, metadata);
    if (!left_out) {
        pool.drop_repository(repo);
        return std::unexpected{left_out.error()};
    }
    if (const unsigned count = *left_out; count > 0) {
        impl_->notices.push_back("Repository " + printable(metadata.id) + ": " + std::to_string(count) +
                                 (count == 1 ? " package" : " packages") + " with an unacceptable name left out.");
    }
    impl_->hide_excluded(repo, metadata);
    return {};
}

const std::vector<std::string>& Sack::notices() const noexcept { return impl_->notices; }

std::vector<Package> Sack::installed(const std::vector<std::string>& patterns) const {
    return impl_->listed(impl_->pool.installed_ids(), patterns);
}

std::vector<Package> Sack::available(const std::vector<std::string>& patterns) const {
    return impl_->listed(impl_->newest_available(), patterns);
}

std::vector<Package> Sack::updates(const std::vector<std::string>& patterns) const { return impl_->listed(impl_->updates(), patterns); }

Result<Outcome> Sack::solve(const Request& request) const { return package::solve(impl_->pool, request); }

}  // namespace lastack::package
