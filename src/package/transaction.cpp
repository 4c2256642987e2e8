#include "package/transaction.hpp"

#include "package/error.hpp"
#include "package/spawn.hpp"
#include "transact/channel/pipe.hpp"

#include <csignal>
#include <functional>
#include <utility>
#include <variant>

namespace lastack::package {

namespace fs = std::filesystem;

namespace {

template <typename... F>
struct Overloaded : F... {
    using F::operator()...;
};

Error error_of(transact::Failed failed) {
    Error error{.phase = Phase::transaction, .cause = std::move(failed.cause)};
    switch (failed.failure) {
        case transact::Failure::process:
            error.code = PackageErrc::transaction_process;
            break;
        case transact::Failure::rpmdb:
            error.code = PackageErrc::rpmdb_unreadable;
            break;
        case transact::Failure::locked:
            error.code = Errc::locked;
            error.next_step = "wait until the other program that uses the rpm database has ended, then run the command again";
            break;
        case transact::Failure::bad_key:
            error.code = PackageErrc::bad_key;
            break;
        case transact::Failure::check:
            error.code = PackageErrc::transaction_check;
            break;
        case transact::Failure::transaction:
            error.code = PackageErrc::transaction_failed;
            break;
    }
    return error;
}

Verdict verdict_of(transact::PackageVerdict verdict) {
    static_assert(static_cast<int>(SignatureState::foreign_key) == static_cast<int>(transact::Signature::foreign_key));
    return {.index = verdict.index,
            .state = static_cast<SignatureState>(verdict.signature),
            .key_id = std::move(verdict.key_id),
            .detail = std::move(verdict.detail)};
}

transact::Setup setup_of(const TransactionSpec& spec, const fs::path& installroot) {
    transact::Setup setup{.installroot = installroot.string(), .remove = spec.remove, .downgrade_allowed = spec.downgrade_allowed};
    for (const auto& package : spec.incoming) {
        const auto& name = package.announced;
        setup.incoming.push_back({.name = name.name,
                                  .epoch = name.epoch,
                                  .version = name.version,
                                  .release = name.release,
                                  .arch = name.arch,
                                  .update = package.update,
                                  .check_signature = package.check_signature,
                                  .keyring = package.keyring ? static_cast<std::uint32_t>(*package.keyring) : transact::any_key});
    }
    return setup;
}

transact::Announce announce(std::size_t index, const Dependencies& told) {
    return {.index = static_cast<std::uint32_t>(index),
            .requires_ = told.requires_,
            .provides = told.provides,
            .conflicts = told.conflicts,
            .obsoletes = told.obsoletes};
}

}  // namespace

struct Transaction::Impl {
    TransactProcess process;
    std::size_t package_count = 0;
    bool running = false;  // Run was sent and not answered: the process must not be killed
    std::string end;       // how the process ended, once it did

    ~Impl() { (void)finish(); }

    // Closing the channel ends the process unless it is in a transaction, which it then completes.
    const std::string& finish() {
        process.requests = FileDescriptor();
        process.answers = FileDescriptor();
        if (process.pid > 0) {
            end = wait_in_words(std::exchange(process.pid, -1));
        }
        return end;
    }

    std::unexpected<Error> died(const std::string& why = {}) {
        Error error{.code = PackageErrc::transaction_process, .phase = Phase::transaction};
        if (!why.empty() && !running && process.pid > 0) {
            ::kill(process.pid, SIGKILL);  // it does not speak our language, so it will not notice the end either
        }
        error.cause = "lastack-transact " + finish() + (running ? " in the middle of the transaction" : " without an answer");
        error.cause += why.empty() ? "" : " (" + why + ")";
        error.next_step = running ? "the root may be half changed: check the packages of this transaction with rpm -V" : "";
        return std::unexpected(std::move(error));
    }

    // Sends the request; gives every message before the last one to `on_event`. Returns Done or Keys.
    Result<transact::Message> ask(const transact::Message& request, const std::function<void(transact::Message&)>& on_event = {}) {
        if (process.pid <= 0) {
            return died();
        }
        if (auto sent = transact::send(process.requests.get(), request); !sent) {
            return died();
        }
        for (;;) {
            auto message = transact::receive(process.answers.get());
            if (!message) {
                return died(message.error().cause);
            }
            if (!*message) {
                return died();
            }
            if (auto* failed = std::get_if<transact::Failed>(&**message)) {
                return std::unexpected(error_of(std::move(*failed)));
            }
            if (std::holds_alternative<transact::Done>(**message) || std::holds_alternative<transact::Keys>(**message)) {
                return std::move(**message);
            }
            if (on_event) {
                on_event(**message);
            }
        }
    }

    Result<void> order(const transact::Message& request) {
        auto answer = ask(request);
        if (!answer) {
            return std::unexpected(std::move(answer.error()));
        }
        return {};
    }
};

Transaction::Transaction(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Transaction::~Transaction() = default;
Transaction::Transaction(Transaction&&) noexcept = default;
Transaction& Transaction::operator=(Transaction&&) noexcept = default;

Result<Transaction> Transaction::open(const TransactionSpec& spec) {
    std::error_code code;
    const auto installroot = fs::absolute(spec.installroot, code).lexically_normal();
    if (code) {
        return std::unexpected(system_error(code.value(), "cannot use " + spec.installroot.string() + " as root"));
    }
    std::vector<fs::path> files;
    for (const auto& package : spec.incoming) {
        files.push_back(package.file);
    }
    auto program = find_transact_program(spec.program);
    if (!program) {
        return std::unexpected(std::move(program.error()));
    }
    auto packages = open_packages(files);
    if (!packages) {
        return std::unexpected(std::move(packages.error()));
    }
    auto process = spawn_transact(*program, *packages);
    if (!process) {
        return std::unexpected(std::move(process.error()));
    }
    auto impl = std::make_unique<Impl>();
    impl->process = std::move(*process);
    impl->package_count = spec.incoming.size();
    if (auto ready = impl->order(setup_of(spec, installroot)); !ready) {
        return std::unexpected(std::move(ready.error()));
    }
    for (std::size_t i = 0; i < spec.incoming.size(); ++i) {
        if (const auto& told = spec.incoming[i].dependencies) {
            auto heard = impl->order(announce(i, *told));
            if (!heard) {
                return std::unexpected(std::move(heard.error()));
            }
        }
    }
    return Transaction(std::move(impl));
}

Result<std::vector<Verdict>> Transaction::verify(const std::vector<BoundKeys>& keyrings) {
    std::vector<Verdict> verdicts;
    transact::Verify request;
    for (const BoundKeys& keys : keyrings) {
        request.keyrings.push_back({.certificates = keys});
    }
    auto done = impl_->ask(request, [&verdicts](transact::Message& event) {
        if (auto* verdict = std::get_if<transact::PackageVerdict>(&event)) {
            verdicts.push_back(verdict_of(std::move(*verdict)));
        }
    });
    if (!done) {
        return std::unexpected(std::move(done.error()));
    }
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        if (verdicts[i].index != i) {
            return impl_->died("verdicts out of order");
        }
    }
    if (verdicts.size() != impl_->package_count) {
        return impl_->died("a package without a verdict");
    }
    return verdicts;
}

Result<std::vector<KeyInfo>> Transaction::inspect_keys(std::string_view armoured) {
    auto answer = impl_->ask(transact::InspectKeys{.armoured = std::string(armoured)});
    if (!answer) {
        return std::unexpected(std::move(answer.error()));
    }
    auto* keys = std::get_if<transact::Keys>(&*answer);
    if (keys == nullptr) {
        return impl_->died("no keys in the answer");
    }
    std::vector<KeyInfo> infos;
    for (auto& key : keys->keys) {
        infos.push_back({.key_id = std::move(key.key_id),
                         .user_id = std::move(key.user_id),
                         .fingerprint = std::move(key.fingerprint),
                         .installed = key.installed});
    }
    return infos;
}

Result<void> Transaction::import_keys(std::string_view armoured) {
    return impl_->order(transact::ImportKeys{.armoured = std::string(armoured)});
}

Result<void> Transaction::test() { return impl_->order(transact::Test{}); }

Result<TransactionOutcome> Transaction::run(TransactionObserver& observer) {
    TransactionOutcome outcome;
    const Overloaded handler{[&](const transact::ElementStarted& event) {
                                 static_assert(static_cast<int>(ElementPhase::verifying) == static_cast<int>(transact::Element::verifying));
                                 observer.element_started(static_cast<ElementPhase>(event.element), event.nevra, event.number, event.total);
                             },
                             [&](const transact::ElementProgress& event) { observer.element_progress(event.amount, event.total); },
                             [&](const transact::ElementFinished& event) { observer.element_finished(event.nevra); },
                             [&](const transact::ScriptletOutput& event) { observer.scriptlet_output(event.text); },
                             [&](const transact::ScriptletFailed& event) {
                                 outcome.failed_scriptlets += event.fatal ? 0 : 1;
                                 observer.scriptlet_failed(event.nevra, event.scriptlet, event.fatal);
                             },
                             [](const auto& /*not an event of a run*/) {}};
    impl_->running = true;
    auto done = impl_->ask(transact::Run{}, [&handler](transact::Message& event) { std::visit(handler, event); });
    impl_->running = false;
    if (!done) {
        if (done.error().code == PackageErrc::transaction_failed) {
            done.error().next_step = "the root may be half changed: check the packages of this transaction with rpm -V";
        }
        return std::unexpected(std::move(done.error()));
    }
    return outcome;
}

}  // namespace lastack::package
