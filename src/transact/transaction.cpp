#include "transact/transaction.hpp"

#include "transact/assemble.hpp"
#include "transact/progress.hpp"
#include "transact/root.hpp"
#include "transact/rpm_handles.hpp"
#include "transact/rpm_log.hpp"
#include "transact/scriptlet_output.hpp"

#include <rpm/rpmdb.h>
#include <rpm/rpmte.h>

#include <string>
#include <utility>

namespace lastack::transact {

namespace {

std::unexpected<Failed> failed(Failure failure, std::string cause) {
    return std::unexpected(Failed{.failure = failure, .cause = std::move(cause)});
}

std::unexpected<Failed> with_log(Failed failure, const RpmLog& log) {
    if (const auto words = log.errors(); !words.empty()) {
        failure.cause += (failure.cause.empty() ? "" : ": ") + words;
    }
    return std::unexpected(std::move(failure));
}

// The database of a running transaction is asked, not librpm's memory of what it meant to do.
bool as_planned(rpmts set, rpmte element) {
    const bool removed = rpmteType(element) == TR_REMOVED;
    const auto instance = removed ? static_cast<unsigned>(rpmteDBOffset(element)) : rpmteDBInstance(element);
    const MatchIterator found(instance == 0 ? nullptr : rpmtsInitIterator(set, RPMDBI_PACKAGES, &instance, sizeof(instance)));
    const bool present = found && rpmdbNextIterator(found.get()) != nullptr;
    return present != removed;
}

// Returns what did not happen, in words.
std::string verify_elements(rpmts set) {
    std::string missing;
    const int count = rpmtsNElements(set);
    for (int i = 0; i < count; ++i) {
        rpmte element = rpmtsElement(set, i);
        const auto name = nevra_of(element);
        send_event(ElementStarted{.element = Element::verifying,
                                  .nevra = name,
                                  .number = static_cast<std::uint32_t>(i) + 1,
                                  .total = static_cast<std::uint32_t>(count)});
        if (!as_planned(set, element)) {
            missing +=
                (missing.empty() ? "" : ", ") + name + (rpmteType(element) == TR_REMOVED ? " was not removed" : " was not installed");
        }
        send_event(ElementFinished{.nevra = name});
    }
    return missing;
}

// Warnings ("%post scriptlet failed, exit status 1") belong to what the user sees of the run.
void show_line(LogLevel level, const std::string& line) {
    if (level != LogLevel::notice) {
        send_event(ScriptletOutput{.text = line + "\n"});
    }
}

// What rpmtsRun's answer means. A positive one means that nothing was begun.
std::expected<void, Failed> outcome(rpmts set, int code) {
    if (code > 0) {
        auto problems = problem_lines(set);
        return failed(Failure::check, problems.empty() ? "librpm refused the transaction" : std::move(problems));
    }
    return {};
}

}  // namespace

std::expected<void, Failed> test_transaction(const Setup& setup) {
    const RpmLog log(LogLevel::warning);
    auto assembled = assemble(setup);
    if (!assembled) {
        return with_log(std::move(assembled.error()), log);
    }
    auto* set = assembled->set.get();
    Progress progress(setup, set);
    rpmtsSetNotifyStyle(set, 1);
    rpmtsSetNotifyCallback(set, Progress::on_event, &progress);
    if (auto checked = check_and_order(set); !checked) {
        return with_log(std::move(checked.error()), log);
    }
    rpmtsSetFlags(set, RPMTRANS_FLAG_TEST);
    // Verify has read every byte before and the run does so again: a third pass here would find nothing new.
    rpmtsSetVfyLevel(set, RPMSIG_NONE_TYPE);
    rpmtsSetVfyFlags(set, RPMVSF_MASK_NODIGESTS | RPMVSF_MASK_NOSIGNATURES);
    const int code = rpmtsRun(set, nullptr, assembled->filter);
    if (code < 0) {
        return with_log({.failure = Failure::check, .cause = "librpm cannot test the transaction"}, log);
    }
    return outcome(set, code);
}

std::expected<void, Failed> run_transaction(const Setup& setup) {
    RpmLog log(LogLevel::warning, show_line);
    auto assembled = assemble(setup);
    if (!assembled) {
        return with_log(std::move(assembled.error()), log);
    }
    auto* set = assembled->set.get();
    // Before the check, so that what was checked is what the transaction meets.
    const auto lock = lock_root(set);
    if (!lock) {
        return with_log(lock.error(), log);
    }
    if (auto checked = check_and_order(set); !checked) {
        return with_log(std::move(checked.error()), log);
    }
    auto output = ScriptletPipe::start();
    if (!output) {
        return failed(Failure::process, output.error().cause);
    }
    Progress progress(setup, set);
    rpmtsSetNotifyStyle(set, 1);
    rpmtsSetNotifyCallback(set, Progress::on_event, &progress);
    FileHandle script_file(fdDup(output->write_end()));
    rpmtsSetScriptFd(set, script_file.get());
    rpmtsSetFlags(set, RPMTRANS_FLAG_NONE);
    const int code = rpmtsRun(set, nullptr, assembled->filter);
    rpmtsSetScriptFd(set, nullptr);
    script_file.reset();
    output->finish();
    if (auto begun = outcome(set, code); !begun) {
        return begun;
    }
    const auto missing = verify_elements(set);
    if (code != 0 || !missing.empty()) {
        return with_log({.failure = Failure::transaction, .cause = missing}, log);
    }
    return {};
}

}  // namespace lastack::transact
