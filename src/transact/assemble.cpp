#include "transact/assemble.hpp"

#include "transact/root.hpp"
#include "transact/rpm_log.hpp"

#include <rpm/rpmlib.h>
#include <rpm/rpmprob.h>
#include <rpm/rpmtag.h>

#include <algorithm>
#include <set>
#include <utility>

namespace lastack::transact {

namespace {

constexpr std::size_t max_problem_text = 256u << 10;

std::unexpected<Failed> failed(Failure failure, std::string cause) {
    return std::unexpected(Failed{.failure = failure, .cause = std::move(cause)});
}

std::string announced_name(const Incoming& package) {
    return nevra(package.name, package.epoch, package.version, package.release, package.arch);
}

// As librpm writes it, so that it can be compared with a database entry's.
std::string nevra_of(Header header) {
    const Allocated<char> text(headerGetAsString(header, RPMTAG_NEVRA));
    return text ? std::string(text.get()) : std::string();
}

std::expected<HeaderHandle, Failed> header_of(rpmts set, const Setup& setup, std::size_t index) {
    auto file = open_package(index);
    Header raw = nullptr;
    const auto code = file ? rpmReadPackageFile(set, file.get(), "package", &raw) : RPMRC_FAIL;
    HeaderHandle header(raw);
    if ((code != RPMRC_OK && code != RPMRC_NOKEY && code != RPMRC_NOTTRUSTED) || !header) {
        return failed(Failure::check, "cannot read the package " + announced_name(setup.incoming[index]));
    }
    return header;
}

using RemovedHeaders = std::vector<std::pair<unsigned, HeaderHandle>>;

std::expected<RemovedHeaders, Failed> headers_to_remove(rpmts set, const Setup& setup) {
    RemovedHeaders headers;
    for (const auto number : setup.remove) {
        const auto instance = static_cast<unsigned>(number);
        if (number <= 0 || std::int64_t{instance} != number) {
            return failed(Failure::check, "no package has the number " + std::to_string(number) + " in the rpm database");
        }
        const MatchIterator found(rpmtsInitIterator(set, RPMDBI_PACKAGES, &instance, sizeof(instance)));
        Header header = rpmdbNextIterator(found.get());
        if (header == nullptr) {
            return failed(Failure::check, "a package to remove (number " + std::to_string(number) +
                                              ") is no longer in the rpm database: it changed since the transaction was planned");
        }
        headers.emplace_back(instance, HeaderHandle(headerLink(header)));
    }
    return headers;
}

std::expected<void, Failed> add_incoming(rpmts set, const Setup& setup, const std::set<std::string>& removed, bool& reinstalls) {
    for (std::size_t i = 0; i < setup.incoming.size(); ++i) {
        const auto& package = setup.incoming[i];
        const auto header = header_of(set, setup, i);
        if (!header) {
            return std::unexpected(header.error());
        }
        const bool again = removed.contains(nevra_of(header->get()));
        reinstalls = reinstalls || again;
        const int code = again ? rpmtsAddReinstallElement(set, header->get(), &package)
                               : rpmtsAddInstallElement(set, header->get(), &package, package.update ? 1 : 0, nullptr);
        if (code != 0) {
            return failed(Failure::check, "librpm does not take the package " + announced_name(package));
        }
    }
    return {};
}

}  // namespace

std::size_t index_of(const Setup& setup, const void* key) {
    return static_cast<std::size_t>(static_cast<const Incoming*>(key) - setup.incoming.data());
}

std::expected<Assembled, Failed> assemble(const Setup& setup) {
    Assembled assembled{.set = open_set(setup.installroot)};
    auto* set = assembled.set.get();
    if (set == nullptr) {
        return failed(Failure::transaction, "librpm cannot open the root " + setup.installroot);
    }
    const bool all_signed = std::ranges::all_of(setup.incoming, &Incoming::check_signature);
    rpmtsSetVfyLevel(set, all_signed ? RPMSIG_VERIFIABLE_TYPE : RPMSIG_DIGEST_TYPE);
    const auto to_remove = headers_to_remove(set, setup);
    if (!to_remove) {
        return std::unexpected(to_remove.error());
    }
    std::set<std::string> removed;
    for (const auto& [instance, header] : *to_remove) {
        removed.insert(nevra_of(header.get()));
    }
    bool reinstalls = false;
    if (auto added = add_incoming(set, setup, removed, reinstalls); !added) {
        return std::unexpected(std::move(added.error()));
    }
    // After the installs: what an update already removes is not added twice and counts as its cleanup.
    for (const auto& [instance, header] : *to_remove) {
        rpmtsAddEraseElement(set, header.get(), static_cast<int>(instance));
    }
    assembled.filter = (setup.downgrade_allowed ? RPMPROB_FILTER_OLDPACKAGE : 0) | (reinstalls ? RPMPROB_FILTER_REPLACEPKG : 0);
    return assembled;
}

std::string problem_lines(rpmts set) {
    std::string lines;
    const Problems problems(rpmtsProblems(set));
    const ProblemIterator iterator(rpmpsInitIterator(problems.get()));
    while (rpmProblem problem = rpmpsiNext(iterator.get())) {
        const Allocated<char> text(rpmProblemString(problem));
        if (text && lines.size() < max_problem_text) {
            lines += (lines.empty() ? "" : "\n") + std::string(text.get());
        }
    }
    return lines;
}

std::expected<void, Failed> check_and_order(rpmts set) {
    const int code = rpmtsCheck(set);
    if (auto problems = problem_lines(set); !problems.empty()) {
        return failed(Failure::check, std::move(problems));
    }
    if (code != 0) {
        return failed(Failure::rpmdb, "librpm cannot check dependencies");
    }
    rpmtsCleanProblems(set);
    if (rpmtsOrder(set) != 0) {
        return failed(Failure::check, "librpm cannot order the packages");
    }
    return {};
}

}  // namespace lastack::transact
