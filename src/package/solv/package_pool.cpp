#include "package/solv/package_pool.hpp"

#include <algorithm>
#include <string_view>
#include <tuple>

namespace lastack::package::solv {
namespace {

constexpr const char* install_only_capabilities[]{
    "kernel", "kernel-devel", "kernel-source", "installonlypkg(kernel)", "installonlypkg(kernel-module)", "installonlypkg(vm)"};

std::string text_of(const char* text) { return text != nullptr ? std::string{text} : std::string{}; }

// libsolv keeps "[epoch:]version[-release]" in one string.
void split_evr(std::string_view evr, Nevra& out) {
    const auto digits = std::min(evr.find_first_not_of("0123456789"), evr.size());
    if (digits > 0 && digits < evr.size() && evr[digits] == ':') {
        out.epoch = evr.substr(0, digits);
        evr.remove_prefix(digits + 1);
    } else {
        out.epoch = "0";
    }
    const auto dash = evr.rfind('-');
    out.version = evr.substr(0, dash);
    out.release = dash == std::string_view::npos ? std::string_view{} : evr.substr(dash + 1);
}

std::optional<Digest> digest_of(Solvable* solvable) {
    Id type = 0;
    const char* hex = solvable_lookup_checksum(solvable, SOLVABLE_CHECKSUM, &type);
    const char* name = hex != nullptr ? solv_chksum_type2str(type) : nullptr;
    if (name == nullptr) {
        return std::nullopt;
    }
    auto digest = parse_digest(name, hex);
    return digest ? std::optional{*std::move(digest)} : std::nullopt;
}

}  // namespace

Nevra nevra_of(::Pool* pool, Id id) {
    const Solvable* solvable = pool->solvables + id;
    Nevra nevra;
    nevra.name = text_of(pool_id2str(pool, solvable->name));
    nevra.arch = text_of(pool_id2str(pool, solvable->arch));
    split_evr(text_of(pool_id2str(pool, solvable->evr)), nevra);
    return nevra;
}

PackagePool::PackagePool(const std::string& arch) : pool_{pool_create()} {
    pool_setdisttype(pool_, DISTTYPE_RPM);  // Debian's libsolv begins as DEB; it must be told before any version is compared
    pool_setarch(pool_, arch.c_str());
    pool_set_flag(pool_, POOL_FLAG_NOWHATPROVIDESAUX, 1);  // a second table of all providers: it takes longer to make than it ever saves
    noarch_ = pool_str2id(pool_, "noarch", 1);
    // Now: preparing the pool drops the hash of all its strings, and a question afterwards would build it again for that alone.
    for (const char* capability : install_only_capabilities) {
        install_only_.push_back(pool_str2id(pool_, capability, 1));
    }
    installed_ = repo_create(pool_, "installed");
    pool_set_installed(pool_, installed_);
}

PackagePool::~PackagePool() {
    pool_->considered = nullptr;
    map_free(&considered_);
    pool_free(pool_);
}

::Repo* PackagePool::add_repository(const std::string& id, int priority, int cost) {
    ::Repo* repo = repo_create(pool_, id.c_str());
    repo->priority = -priority;
    repo->subpriority = -cost;
    prepared_ = false;
    return repo;
}

void PackagePool::drop_repository(::Repo* repo) {
    repo_free(repo, 1);
    prepared_ = false;
}

void PackagePool::hide(Id id) {
    if (hidden_.size() <= static_cast<std::size_t>(id)) {
        hidden_.resize(static_cast<std::size_t>(id) + 1);
    }
    hidden_[static_cast<std::size_t>(id)] = true;
    prepared_ = false;
}

bool PackagePool::visible(Id id) const {
    return at(id)->repo != nullptr && (static_cast<std::size_t>(id) >= hidden_.size() || !hidden_[static_cast<std::size_t>(id)]);
}

void PackagePool::prepare(Scope scope) {
    if (prepared_ && scope_ == scope) {
        return;
    }
    pool_->considered = nullptr;
    map_free(&considered_);
    map_init(&considered_, pool_->nsolvables);
    MAPSET(&considered_, SYSTEMSOLVABLE);
    for (Id id = 2; id < pool_->nsolvables; ++id) {
        if (visible(id) && (scope == Scope::everything || is_installed(id))) {
            MAPSET(&considered_, id);
        }
    }
    pool_->considered = &considered_;
    pool_addfileprovides(pool_);
    pool_createwhatprovides(pool_);
    prepared_ = true;
    scope_ = scope;
}

std::vector<Id> PackagePool::installed_ids() const {
    std::vector<Id> ids;
    for (Id id = installed_->start; id < installed_->end; ++id) {
        if (is_installed(id)) {
            ids.push_back(id);
        }
    }
    return ids;
}

std::vector<Id> PackagePool::available_ids() const {
    std::vector<Id> ids;
    for (Id id = 2; id < pool_->nsolvables; ++id) {
        const Id arch = at(id)->arch;
        const bool fits = pool_->id2arch == nullptr || (arch <= pool_->lastarch && pool_->id2arch[arch] != 0);
        if (visible(id) && !is_installed(id) && fits) {
            ids.push_back(id);
        }
    }
    return ids;
}

Package PackagePool::package(Id id) const {
    Solvable* solvable = at(id);
    Package package;
    package.nevra = nevra(id);
    package.repo_id = text_of(solvable->repo->name);
    package.summary = text_of(solvable_lookup_str(solvable, SOLVABLE_SUMMARY));
    package.installed_size = solvable_lookup_num(solvable, SOLVABLE_INSTALLSIZE, 0);
    if (is_installed(id)) {
        package.rpmdb_id = static_cast<std::int64_t>(solvable_lookup_num(solvable, RPM_RPMDBID, 0));
        return package;
    }
    package.download_size = solvable_lookup_num(solvable, SOLVABLE_DOWNLOADSIZE, 0);
    package.location = text_of(solvable_lookup_location(solvable, nullptr));
    package.base = text_of(solvable_lookup_str(solvable, SOLVABLE_MEDIABASE));
    package.digest = digest_of(solvable);
    return package;
}

int PackagePool::compare_versions(Id a, Id b) const { return pool_evrcmp(pool_, at(a)->evr, at(b)->evr, EVRCMP_COMPARE); }

bool PackagePool::arch_fits(Id a, Id b) const {
    const Id first = at(a)->arch;
    const Id second = at(b)->arch;
    return first == second || first == noarch_ || second == noarch_;
}

Id PackagePool::best(const std::vector<Id>& candidates) const {
    Id chosen = 0;
    for (const Id id : candidates) {
        if (chosen == 0) {
            chosen = id;
            continue;
        }
        const ::Repo* mine = at(id)->repo;
        const ::Repo* other = at(chosen)->repo;
        const int newer = compare_versions(id, chosen);
        if (std::tuple{mine->priority, newer, mine->subpriority} > std::tuple{other->priority, 0, other->subpriority}) {
            chosen = id;
        }
    }
    return chosen;
}

}  // namespace lastack::package::solv
