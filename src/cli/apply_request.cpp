#include "cli/apply_request.hpp"

#include "base/text.hpp"
#include "cli/import_keys.hpp"
#include "cli/load_packages.hpp"
#include "cli/open_cache.hpp"
#include "cli/progress.hpp"
#include "cli/prompt.hpp"
#include "cli/resolution_text.hpp"
#include "cli/solve_watch.hpp"
#include "cli/transaction_progress.hpp"
#include "cli/transaction_table.hpp"
#include "cli/trim_cache.hpp"
#include "package/error.hpp"
#include "package/fetch.hpp"
#include "package/root_access.hpp"
#include "package/transaction.hpp"
#include "repo/repo_keyring.hpp"

#include <fmt/format.h>

#include <ctime>
#include <set>
#include <variant>

namespace lastack::cli {

namespace {

using package::Action;
using package::SignatureState;

class ApplyRequest {
public:
    ApplyRequest(Session& session, const package::Request& request) : session_{session}, request_{request} {}

    int run() {
        auto cache = open_cache(session_);
        if (!cache) {
            return session_.fail(cache.error());
        }
        const bool removes = request_.verb == package::Verb::remove;
        auto loaded = load_packages(session_, *cache, removes ? Metadata::not_needed : Metadata::needed);
        if (!loaded) {
            return session_.fail(loaded.error());
        }
        repos_ = std::move(loaded->repos);
        if (will_ask()) {
            session_.close_connections();  // nothing is fetched before the answer
        }
        if (const auto done = solve(loaded->sack)) {
            return *done;
        }
        auto plan = package::plan_fetch(solution_, repos_, session_.config().main.user_agent);
        if (!plan) {
            return session_.fail(plan.error());
        }
        plan_ = std::move(*plan);
        if (!session_.quiet() || will_ask() || config().assumeno) {  // with -q -y nobody reads it
            session_.print("\nDependencies Resolved\n\n" + transaction_table(solution_, style_of(stdout).window.columns));
        }
        if (const auto done = confirm()) {
            return *done;
        }
        if (!download_only_) {
            if (const auto writable = package::check_root_access(config().installroot); !writable) {
                session_.close_connections();
                return session_.fail(writable.error());
            }
        }
        const auto done = download();
        const int status = done ? *done : change_root();
        if (status == exit_status::done) {
            std::set<std::filesystem::path> needed;
            for (const DownloadRequest& request : plan_.requests) {
                if (download_only_) {
                    needed.insert(request.path);
                }
            }
            trim_cache(session_, *cache, needed);
        }
        return status;
    }

private:
    [[nodiscard]] const repo::MainConfig& config() const { return session_.config().main; }
    [[nodiscard]] bool will_ask() const { return !config().assumeyes && !config().assumeno && !session_.arguments().download_only; }

    // Each step returns an exit status when the story ends there.
    std::optional<int> solve(const package::Sack& sack) {
        session_.say("Resolving Dependencies\n");
        auto outcome = [&] {
            const SolveWatch watch{{.processor = config().solver_timeout.value_or(std::chrono::milliseconds{0})},
                                   session_.stop(),
                                   [this](SolveVerdict verdict) { return leave(verdict); }};
            return sack.solve(request_);
        }();
        if (!outcome) {
            return session_.fail(outcome.error());
        }
        if (const auto* unsolvable = std::get_if<package::Unsolvable>(&*outcome)) {
            std::string text = "the request cannot be satisfied:";
            for (const std::string& problem : unsolvable->problems) {
                text += "\n  - " + problem;
            }
            return session_.fail(text);
        }
        solution_ = std::move(std::get<package::Solution>(*outcome));
        for (const std::string& notice : solution_.notices) {
            session_.print(printable(notice) + "\n");
        }
        if (!solution_.empty()) {
            session_.say("--> Running transaction check\n" + resolution_text(solution_) + "--> Finished Dependency Resolution\n");
            return std::nullopt;
        }
        if (request_.specs.empty()) {
            session_.print("No packages marked for update\n");
            return exit_status::done;
        }
        if (solution_.unmatched > 0) {
            return session_.fail("Nothing to do");
        }
        session_.print("Nothing to do\n");
        return exit_status::done;
    }

    // On the watch's thread, while the solver goes on.
    int leave(SolveVerdict verdict) {
        if (verdict == SolveVerdict::stopped) {
            return session_.stopped();
        }
        const std::string limit =
            verdict == SolveVerdict::too_long
                ? fmt::format("{} s of processor time (solver_timeout)", std::chrono::duration<double>(*config().solver_timeout).count())
                : "1 GiB of memory";
        return session_.fail(Error{.code = package::PackageErrc::solver_failed,
                                   .cause = "the dependencies could not be solved within " + limit,
                                   .next_step = "a repository may hold a puzzle that nobody can solve: try with only some of them "
                                                "(--disablerepo=ID), or raise solver_timeout"});
    }

    std::optional<int> confirm() {
        Answer answer = Answer::yes;
        if (config().assumeno) {
            answer = Answer::no;
        } else if (will_ask()) {
            session_.close_connections();
            const bool fetches = !plan_.requests.empty();
            answer = ask(fetches ? "Is this ok [y/d/N]: " : "Is this ok [y/N]: ", fetches ? Offer::yes_download_no : Offer::yes_no,
                         session_.signals().descriptor());
        }
        switch (answer) {
            case Answer::yes:
                download_only_ = session_.arguments().download_only;
                return std::nullopt;
            case Answer::download:
                download_only_ = true;
                return std::nullopt;
            case Answer::stopped:
                return session_.stopped();
            case Answer::no:
                break;
        }
        session_.close_connections();
        session_.print("Exiting on user command\n");
        return exit_status::failed;
    }

    std::optional<int> download() {
        if (!plan_.requests.empty()) {
            session_.say(download_only_ ? "Downloading packages, then exiting:\n" : "Downloading packages:\n");
            const auto progress = session_.quiet() ? nullptr : make_progress(stdout, plan_.requests.size(), plan_.bytes);
            const auto results = session_.client().download(plan_.requests, progress.get(), session_.stop(), LastBatch::yes);
            session_.close_connections();
            if (session_.stop().stop_requested()) {
                return session_.stopped();
            }
            if (const auto failed = report_failures(results)) {
                return failed;
            }
        }
        if (download_only_) {
            session_.say("exiting because \"Download Only\" specified\n");
            return exit_status::done;
        }
        return std::nullopt;
    }

    std::optional<int> report_failures(const std::vector<Result<DownloadResult>>& results) {
        std::string text;
        for (std::size_t i = 0; i < results.size(); ++i) {
            if (!results[i]) {
                text +=
                    fmt::format("\n  {}: {}", solution_.steps[plan_.step_of_request[i]].package.nevra.str(), describe(results[i].error()));
            }
        }
        if (text.empty()) {
            return std::nullopt;
        }
        return session_.fail_as("Error downloading packages:" + text +
                                "\n  nothing was changed; what was downloaded is kept for the next run");
    }

    // From here on no socket is open.
    int change_root() {
        auto transaction = package::Transaction::open(transaction_spec());
        if (!transaction) {
            return session_.fail(transaction.error());
        }
        if (const auto done = check_packages(*transaction)) {
            return *done;
        }
        session_.close_connections();
        session_.say("Running transaction check\nRunning transaction test\n");
        if (auto tested = transaction->test(); !tested) {
            return session_.fail(tested.error());
        }
        session_.say("Transaction test succeeded\n");
        if (session_.stop().stop_requested()) {
            return session_.stopped();
        }
        session_.say("Running transaction\n");
        TransactionProgress progress{stdout, session_.quiet()};
        auto outcome = transaction->run(progress);
        if (!outcome) {
            return session_.fail(outcome.error());
        }
        session_.say("\n" + transaction_result(solution_, style_of(stdout).window.columns) + "\nComplete!\n");
        drop_packages();
        return outcome->failed_scriptlets > 0 ? exit_status::failed : exit_status::done;
    }

    package::TransactionSpec transaction_spec() {
        package::TransactionSpec spec{.installroot = config().installroot};
        for (std::size_t i = 0; i < plan_.requests.size(); ++i) {
            const package::Step& step = solution_.steps[plan_.step_of_request[i]];
            spec.incoming.push_back({.file = plan_.requests[i].path,
                                     .announced = step.package.nevra,
                                     .dependencies = step.dependencies,
                                     .update = step.action != Action::install || !step.replaces.empty(),
                                     .check_signature = repo_of(step).config.gpgcheck,
                                     .keyring = keyring_of(repo_of(step))});
            spec.downgrade_allowed = spec.downgrade_allowed || step.action == Action::downgrade;
        }
        for (const package::Step& step : solution_.steps) {
            if (step.action == Action::remove) {
                spec.remove.push_back(step.package.rpmdb_id);
            } else if (step.action == Action::reinstall) {
                for (const package::Package& old : step.replaces) {
                    spec.remove.push_back(old.rpmdb_id);
                }
            }
        }
        return spec;
    }

    // Packages of a repository that names its keys must be signed with one of these.
    [[nodiscard]] std::optional<std::size_t> keyring_of(const repo::ReadyRepo& repo) const {
        return repo.config.gpgcheck && !repo.config.gpgkey.empty() ? std::optional{static_cast<std::size_t>(&repo - repos_.data())}
                                                                   : std::nullopt;
    }

    // One for each of repos_.
    [[nodiscard]] Result<std::vector<package::BoundKeys>> keyrings() const {
        std::vector<package::BoundKeys> all;
        for (const repo::ReadyRepo& repo : repos_) {
            auto& keys = all.emplace_back();
            if (!keyring_of(repo)) {
                continue;
            }
            const auto accepted = repo::RepoKeyring(repo::persist_directory(config()), repo.config).load();
            if (!accepted) {
                return std::unexpected(accepted.error());
            }
            for (const repo::Certificate& key : *accepted) {
                if (repo::refusal_of(key, std::time(nullptr)).empty()) {
                    keys.push_back(key.packets);
                }
            }
        }
        return all;
    }

    [[nodiscard]] const repo::ReadyRepo& repo_of(const package::Step& step) const {
        for (const repo::ReadyRepo& repo : repos_) {
            if (repo.config.id == step.package.repo_id) {
                return repo;
            }
        }
        return repos_.front();  // plan_fetch has refused steps of unknown repositories
    }

    // Every package is what was announced and signed by a key of the root; missing keys are imported, once per repository, after asking.
    std::optional<int> check_packages(package::Transaction& transaction) {
        std::set<std::string> asked;
        while (true) {
            const auto bound = keyrings();
            if (!bound) {
                return session_.fail(bound.error());
            }
            auto verdicts = transaction.verify(*bound);
            if (!verdicts) {
                return session_.fail(verdicts.error());
            }
            const repo::ReadyRepo* missing_key = nullptr;
            for (const package::Verdict& verdict : *verdicts) {
                const package::Step& step = solution_.steps[plan_.step_of_request[verdict.index]];
                const bool other_key = verdict.state == SignatureState::unknown_key || verdict.state == SignatureState::foreign_key;
                if (other_key && !asked.contains(step.package.repo_id)) {
                    missing_key = &repo_of(step);
                } else if (verdict.state != SignatureState::good) {
                    return refuse(verdict, step, plan_.requests[verdict.index].path);
                }
            }
            if (missing_key == nullptr) {
                return std::nullopt;
            }
            asked.insert(missing_key->config.id);
            if (auto imported = import_package_keys(session_, transaction, missing_key->config); !imported) {
                return session_.fail(imported.error());
            }
        }
    }

    int refuse(const package::Verdict& verdict, const package::Step& step, const std::filesystem::path& file) {
        Error error{.code = package::PackageErrc::bad_signature, .phase = Phase::verifying};
        const std::string nevra = step.package.nevra.str();
        switch (verdict.state) {
            case SignatureState::not_signed:
                error.code = package::PackageErrc::unsigned_package;
                error.cause = fmt::format("Package {} is not signed", file.filename().string());
                error.next_step =
                    fmt::format("gpgcheck=1 demands signed packages; set gpgcheck=0 for repository '{}' only if you trust it otherwise",
                                step.package.repo_id);
                break;
            case SignatureState::unknown_key:
                error.code = package::PackageErrc::unknown_key;
                error.cause = fmt::format("Public key for {} is not installed (key {}). Import of key(s) didn't help, wrong key(s)?",
                                          file.filename().string(), verdict.key_id);
                break;
            case SignatureState::foreign_key:
                error.code = package::PackageErrc::foreign_key;
                error.cause = fmt::format("{} is signed with key {}, which this system knows, but which is not a key of repository '{}'",
                                          file.filename().string(), verdict.key_id, step.package.repo_id);
                error.next_step =
                    fmt::format("nothing was changed; if repository '{}' has a new key, name it in gpgkey=", step.package.repo_id);
                break;
            case SignatureState::not_a_package:
                error.code = package::PackageErrc::not_a_package;
                error.cause = fmt::format("{} is not an rpm package: {}", file.filename().string(), verdict.detail);
                break;
            case SignatureState::not_as_announced:
                error.code = package::PackageErrc::not_what_was_announced;
                error.cause = fmt::format("{} is not what repository '{}' announced as {}: {}", file.filename().string(),
                                          step.package.repo_id, nevra, verdict.detail);
                break;
            case SignatureState::bad:
            case SignatureState::good:
                error.cause = fmt::format("{} is damaged or badly signed: {}", file.filename().string(), verdict.detail);
                break;
        }
        if (error.next_step.empty()) {
            error.next_step = "nothing was changed; tell whoever runs the repository";
        }
        return session_.fail(error);
    }

    // Those of repositories with keepcache=0.
    void drop_packages() {
        for (std::size_t i = 0; i < plan_.requests.size(); ++i) {
            if (!repo_of(solution_.steps[plan_.step_of_request[i]]).config.keepcache) {
                std::error_code ignored;
                std::filesystem::remove(plan_.requests[i].path, ignored);
            }
        }
    }

    Session& session_;
    const package::Request& request_;
    std::vector<repo::ReadyRepo> repos_;
    package::Solution solution_;
    package::FetchPlan plan_;
    bool download_only_ = false;
};

}  // namespace

int apply_request(Session& session, const package::Request& request) { return ApplyRequest{session, request}.run(); }

}  // namespace lastack::cli
