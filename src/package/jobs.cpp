#include "package/jobs.hpp"

#include "base/text.hpp"
#include "package/nevra_match.hpp"
#include "package/select.hpp"

#include <algorithm>
#include <map>

namespace lastack::package {
namespace {

struct Named {
    std::vector<Id> installed;
    std::vector<Id> available;
};

using ByName = std::map<std::string, Named>;

class JobMaker {
public:
    JobMaker(const solv::PackagePool& pool, Jobs& jobs) : pool_{pool}, jobs_{jobs}, installed_{pool.installed_ids()} {}

    void install(const std::string& spec);
    void update(const std::string& spec);
    void remove(const std::string& spec);
    void update_all();

private:
    [[nodiscard]] ByName by_name(const Selection& selection) const;
    [[nodiscard]] std::vector<Id> installed_named(Id name) const;
    [[nodiscard]] std::vector<Id> newer_than(Id installed, const std::vector<Id>& candidates) const;
    [[nodiscard]] bool replaces_installed(Id available) const;

    void install_one_of(const std::vector<Id>& candidates);
    void install_capability(const Selection& selection);
    void install_name(const Named& named);
    void update_to(const std::vector<Id>& candidates, const std::vector<Id>& installed);
    void update_installed(Id installed);
    void notice(std::string text);
    void already_latest(Id installed);
    void unmatched(const std::string& spec, const char* before, const char* after);

    const solv::PackagePool& pool_;
    Jobs& jobs_;
    std::vector<Id> installed_;
};

ByName JobMaker::by_name(const Selection& selection) const {
    ByName groups;
    for (const Id id : selection.installed) {
        groups[pool_.nevra(id).name].installed.push_back(id);
    }
    for (const Id id : selection.available) {
        groups[pool_.nevra(id).name].available.push_back(id);
    }
    return groups;
}

std::vector<Id> JobMaker::installed_named(Id name) const {
    std::vector<Id> ids;
    std::ranges::copy_if(installed_, std::back_inserter(ids), [&](Id id) { return pool_.at(id)->name == name; });
    return ids;
}

std::vector<Id> JobMaker::newer_than(Id installed, const std::vector<Id>& candidates) const {
    std::vector<Id> newer;
    std::ranges::copy_if(candidates, std::back_inserter(newer), [&](Id id) {
        return pool_.at(id)->name == pool_.at(installed)->name && pool_.arch_fits(id, installed) &&
               pool_.compare_versions(id, installed) > 0;
    });
    return newer;
}

bool JobMaker::replaces_installed(Id available) const {
    solv::IdQueue obsoletes;
    solvable_lookup_deparray(pool_.at(available), SOLVABLE_OBSOLETES, obsoletes.get(), 0);
    return std::ranges::any_of(obsoletes.ids(), [&](Id dependency) {
        return std::ranges::any_of(installed_, [&](Id id) { return pool_match_nevr(pool_.get(), pool_.at(id), dependency) != 0; });
    });
}

void JobMaker::notice(std::string text) {
    if (std::ranges::find(jobs_.notices, text) == jobs_.notices.end()) {
        jobs_.notices.push_back(std::move(text));
    }
}

void JobMaker::already_latest(Id installed) { notice("Package " + pool_.nevra(installed).str() + " already installed and latest version"); }

void JobMaker::unmatched(const std::string& spec, const char* before, const char* after) {
    notice(before + printable(spec) + after);
    ++jobs_.unmatched;
}

void JobMaker::install_one_of(const std::vector<Id>& candidates) {
    solv::IdQueue ids;
    for (const Id id : candidates) {
        ids.push(id);
        jobs_.named.insert(id);
    }
    jobs_.queue.push2(SOLVER_INSTALL | SOLVER_SOLVABLE_ONE_OF | SOLVER_FORCEBEST, pool_queuetowhatprovides(pool_.get(), ids.get()));
}

void JobMaker::update_installed(Id installed) {
    jobs_.queue.push2(SOLVER_UPDATE | SOLVER_SOLVABLE | SOLVER_FORCEBEST, installed);
    jobs_.named.insert(installed);
}

void JobMaker::install_capability(const Selection& selection) {
    if (selection.installed.empty()) {
        install_one_of(selection.available);
        return;
    }
    std::ranges::for_each(selection.installed, [this](Id id) { already_latest(id); });
}

void JobMaker::install_name(const Named& named) {
    const Id any = named.available.empty() ? named.installed.front() : named.available.front();
    auto installed = installed_named(pool_.at(any)->name);
    if (!named.available.empty()) {
        std::erase_if(installed,
                      [&](Id id) { return std::ranges::none_of(named.available, [&](Id other) { return pool_.arch_fits(id, other); }); });
    }
    if (installed.empty()) {
        install_one_of(named.available);
        return;
    }
    update_to(named.available, installed);
    for (const Id id : installed) {
        if (newer_than(id, named.available).empty()) {
            already_latest(id);
        }
    }
}

void JobMaker::update_to(const std::vector<Id>& candidates, const std::vector<Id>& installed) {
    for (const Id id : installed) {
        if (const auto newer = newer_than(id, candidates); !newer.empty()) {
            install_one_of(newer);
            jobs_.named.insert(id);
        }
    }
}

void JobMaker::install(const std::string& spec) {
    const Selection selection = select(pool_, spec);
    switch (selection.by) {
        case MatchedBy::nothing:
            unmatched(spec, "No package ", " available.");
            break;
        case MatchedBy::capability:
            install_capability(selection);
            break;
        case MatchedBy::name:
            for (const auto& [name, named] : by_name(selection)) {
                install_name(named);
            }
            break;
    }
}

void JobMaker::update(const std::string& spec) {
    const Selection selection = select(pool_, spec);
    if (selection.by == MatchedBy::nothing) {
        unmatched(spec, "No package ", " available.");
        return;
    }
    bool any_installed = false;
    for (const auto& [name, named] : by_name(selection)) {
        if (!named.installed.empty()) {
            std::ranges::for_each(named.installed, [this](Id id) { update_installed(id); });
            any_installed = true;
        } else if (const auto installed = installed_named(pool_.at(named.available.front())->name); !installed.empty()) {
            update_to(named.available, installed);  // the spec names a version
            any_installed = true;
        } else if (const Id best = pool_.best(named.available); replaces_installed(best)) {
            install_one_of(named.available);
            any_installed = true;
        }
    }
    if (!any_installed) {
        unmatched(spec, "Package(s) ", " available, but not installed.");
    }
}

void JobMaker::remove(const std::string& spec) {
    const Selection selection = select(pool_, spec);
    if (selection.installed.empty()) {
        unmatched(spec, "No Match for argument: ", "");
        return;
    }
    for (const Id id : selection.installed) {
        jobs_.queue.push2(SOLVER_ERASE | SOLVER_SOLVABLE, id);
        jobs_.named.insert(id);
    }
}

void JobMaker::update_all() {
    jobs_.everything = true;
    jobs_.queue.push2(SOLVER_UPDATE | SOLVER_SOLVABLE_ALL | SOLVER_FORCEBEST, 0);
}

}  // namespace

void make_jobs(const solv::PackagePool& pool, const Request& request, Jobs& jobs) {
    JobMaker maker{pool, jobs};
    if (request.verb == Verb::update && request.specs.empty()) {
        maker.update_all();
    }
    for (const std::string& spec : request.specs) {
        switch (request.verb) {
            case Verb::install:
                maker.install(spec);
                break;
            case Verb::update:
                maker.update(spec);
                break;
            case Verb::remove:
                maker.remove(spec);
                break;
        }
    }
}

}  // namespace lastack::package
