// The one owner of libsolv's pool: repositories go in, what is hidden is marked, and only a prepared pool is asked for providers.
#pragma once

#include "package/solution.hpp"
#include "package/solv/libsolv.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lastack::package::solv {

// Whose packages the solver may use. A removal must not bring a package in to keep a dependent alive, so it only sees the installed ones.
enum class Scope : unsigned char { everything, installed_only };

// Of a package in any pool.
[[nodiscard]] Nevra nevra_of(::Pool* pool, Id id);

class PackagePool {
public:
    explicit PackagePool(const std::string& arch);
    ~PackagePool();
    PackagePool(const PackagePool&) = delete;
    PackagePool& operator=(const PackagePool&) = delete;

    [[nodiscard]] ::Pool* get() const noexcept { return pool_; }
    [[nodiscard]] ::Repo* installed() const noexcept { return installed_; }
    [[nodiscard]] Solvable* at(Id id) const noexcept { return pool_->solvables + id; }
    [[nodiscard]] bool is_installed(Id id) const noexcept { return at(id)->repo == installed_; }

    // Lower wins, as in .repo files.
    [[nodiscard]] ::Repo* add_repository(const std::string& id, int priority, int cost);
    // Frees what add_repository() gave, with all that was read into it.
    void drop_repository(::Repo* repo);

    void hide(Id id);
    void prepare(Scope scope);

    // Visible packages: those installed, or those of all other repositories.
    [[nodiscard]] std::vector<Id> installed_ids() const;
    [[nodiscard]] std::vector<Id> available_ids() const;

    [[nodiscard]] Nevra nevra(Id id) const { return nevra_of(pool_, id); }
    [[nodiscard]] Package package(Id id) const;

    // yum's installonlypkgs, which they provide: several versions stand side by side, a newer one takes the place of none. The kernel that
    // runs is one of them.
    [[nodiscard]] const std::vector<Id>& install_only() const noexcept { return install_only_; }

    // < 0, 0, > 0 as rpm compares versions.
    [[nodiscard]] int compare_versions(Id a, Id b) const;
    // An update may take the place of a package of its own architecture, and of or with noarch.
    [[nodiscard]] bool arch_fits(Id a, Id b) const;
    // The one the solver takes: highest priority, newest, cheapest, first. 0 for no candidates.
    [[nodiscard]] Id best(const std::vector<Id>& candidates) const;

private:
    [[nodiscard]] bool visible(Id id) const;

    ::Pool* pool_;
    ::Repo* installed_;
    Id noarch_;
    std::vector<Id> install_only_;
    std::vector<bool> hidden_;
    ::Map considered_{};
    bool prepared_ = false;
    Scope scope_ = Scope::everything;
};

}  // namespace lastack::package::solv
