#include "package/solve.hpp"

#include "package/error.hpp"
#include "package/explain.hpp"
#include "package/jobs.hpp"
#include "package/solv/dependencies.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <tuple>

namespace lastack::package {
namespace {

struct SolverFree {
    void operator()(::Solver* solver) const noexcept { solver_free(solver); }
};
struct TransactionFree {
    void operator()(::Transaction* transaction) const noexcept { transaction_free(transaction); }
};
using SolverHandle = std::unique_ptr<::Solver, SolverFree>;
using TransactionHandle = std::unique_ptr<::Transaction, TransactionFree>;

constexpr int step_mode = SOLVER_TRANSACTION_SHOW_ACTIVE | SOLVER_TRANSACTION_SHOW_ALL | SOLVER_TRANSACTION_SHOW_OBSOLETES |
                          SOLVER_TRANSACTION_CHANGE_IS_REINSTALL;

SolverHandle make_solver(const solv::PackagePool& pool, Verb verb) {
    SolverHandle solver{solver_create(pool.get())};
    solver_set_flag(solver.get(), SOLVER_FLAG_ALLOW_VENDORCHANGE, 1);  // yum knows no vendors
    solver_set_flag(solver.get(), SOLVER_FLAG_BEST_OBEY_POLICY, 1);    // the best is looked for among packages of the same architecture
    solver_set_flag(solver.get(), SOLVER_FLAG_NO_INFARCHCHECK, 1);     // foo.i686 may stand beside foo.x86_64
    solver_set_flag(solver.get(), SOLVER_FLAG_YUM_OBSOLETES, 1);       // a package split over several is followed by all of them
    solver_set_flag(solver.get(), SOLVER_FLAG_IGNORE_RECOMMENDED, 1);  // yum has no weak dependencies
    solver_set_flag(solver.get(), SOLVER_FLAG_ALLOW_UNINSTALL, verb == Verb::remove ? 1 : 0);
    return solver;
}

std::optional<Action> action_of(Id type) {
    switch (type) {
        case SOLVER_TRANSACTION_INSTALL:
        case SOLVER_TRANSACTION_MULTIINSTALL:
        case SOLVER_TRANSACTION_OBSOLETES:
            return Action::install;
        case SOLVER_TRANSACTION_UPGRADE:
            return Action::update;
        case SOLVER_TRANSACTION_DOWNGRADE:
            return Action::downgrade;
        case SOLVER_TRANSACTION_REINSTALL:
        case SOLVER_TRANSACTION_CHANGE:
        case SOLVER_TRANSACTION_MULTIREINSTALL:
            return Action::reinstall;
        case SOLVER_TRANSACTION_ERASE:
            return Action::remove;
        default:
            return std::nullopt;  // what another step replaces
    }
}

class StepMaker {
public:
    StepMaker(const solv::PackagePool& pool, const Jobs& jobs, ::Transaction* transaction)
        : pool_{pool}, jobs_{jobs}, transaction_{transaction} {}

    [[nodiscard]] std::vector<Step> steps() const {
        std::vector<Step> steps;
        for (int i = 0; i < transaction_->steps.count; ++i) {
            const Id id = transaction_->steps.elements[i];
            if (const auto action = action_of(transaction_type(transaction_, id, step_mode)); action) {
                steps.push_back(step(*action, id));
            }
        }
        const auto key = [](const Step& step) {
            const Nevra& nevra = step.package.nevra;
            return std::tie(step.action, step.dependency, nevra.name, nevra.arch, nevra, step.package.rpmdb_id);
        };
        std::ranges::sort(steps, [&](const Step& a, const Step& b) { return key(a) < key(b); });
        return steps;
    }

private:
    [[nodiscard]] Step step(Action action, Id id) const {
        Step step{.action = action, .package = pool_.package(id)};
        std::vector<Id> replaced;
        if (action != Action::remove) {
            replaced = replaced_by(id);
            step.dependencies = solv::dependencies_of(pool_.get(), pool_.at(id));
        }
        for (const Id other : replaced) {
            step.replaces.push_back(pool_.package(other));
        }
        step.dependency = !is_wanted(id, replaced);
        return step;
    }

    [[nodiscard]] std::vector<Id> replaced_by(Id id) const {
        solv::IdQueue queue;
        transaction_all_obs_pkgs(transaction_, id, queue.get());
        std::vector<Id> ids{queue.ids().begin(), queue.ids().end()};
        std::ranges::sort(ids, {}, [this](Id other) { return pool_.nevra(other); });
        return ids;
    }

    // Named by the user: itself, or through what it takes the place of or stands beside; an update of everything names whatever is
    // installed.
    [[nodiscard]] bool is_wanted(Id id, const std::vector<Id>& replaced) const {
        const std::vector<Id> older = replaced.empty() ? beside(id) : replaced;
        if (jobs_.everything && !older.empty()) {
            return true;
        }
        return jobs_.named.contains(id) || std::ranges::any_of(older, [this](Id other) { return jobs_.named.contains(other); });
    }

    // The installed versions of an install-only package, which a newer one does not replace.
    [[nodiscard]] std::vector<Id> beside(Id id) const {
        const ::Pool* pool = pool_.get();
        const Solvable* coming = pool_id2solvable(pool, id);
        std::vector<Id> ids;
        Id other = 0;
        const Solvable* solvable = nullptr;
        FOR_REPO_SOLVABLES(pool->installed, other, solvable) {
            if (other != id && solvable->name == coming->name && solvable->arch == coming->arch) {
                ids.push_back(other);
            }
        }
        return ids;
    }

    const solv::PackagePool& pool_;
    const Jobs& jobs_;
    ::Transaction* transaction_;
};

}  // namespace

Result<Outcome> solve(solv::PackagePool& pool, const Request& request) {
    pool.prepare(request.verb == Verb::remove ? solv::Scope::installed_only : solv::Scope::everything);
    Jobs jobs;
    make_jobs(pool, request, jobs);
    Solution solution{.notices = jobs.notices, .unmatched = jobs.unmatched};
    if (jobs.queue.ids().empty()) {
        return Outcome{std::move(solution)};
    }
    if (request.verb != Verb::remove) {
        for (const Id capability : pool.install_only()) {
            jobs.queue.push2(SOLVER_MULTIVERSION | SOLVER_SOLVABLE_PROVIDES, capability);
        }
    }
    const SolverHandle solver = make_solver(pool, request.verb);
    if (solver_solve(solver.get(), jobs.queue.get()) != 0) {
        auto problems = explain(solver.get());
        if (problems.empty()) {
            return std::unexpected{
                Error{.code = PackageErrc::solver_failed, .phase = Phase::solving, .cause = "libsolv gave up without a reason"}};
        }
        return Outcome{Unsolvable{std::move(problems)}};
    }
    const TransactionHandle transaction{solver_create_transaction(solver.get())};
    solution.steps = StepMaker{pool, jobs, transaction.get()}.steps();
    return Outcome{std::move(solution)};
}

}  // namespace lastack::package
