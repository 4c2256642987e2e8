#include "transact/verify.hpp"

#include "base/rpmdb_path.hpp"
#include "transact/hex.hpp"
#include "transact/root.hpp"
#include "transact/rpm_log.hpp"

#include <rpm/rpmcli.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmtd.h>

#include <array>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace lastack::transact {

namespace {

constexpr std::array<unsigned char, 4> lead_magic = {0xed, 0xab, 0xee, 0xdb};

bool starts_like_a_package(std::size_t index) {
    std::array<unsigned char, lead_magic.size()> begin{};
    const auto count = ::pread(first_package_fd + static_cast<int>(index), begin.data(), begin.size(), 0);
    return count == static_cast<ssize_t>(begin.size()) && begin == lead_magic;
}

// librpm says only by its log which check failed. Nothing is trusted because of these words: they choose between refusals.
struct Findings {
    std::string text;  // what did not pass
    bool only_keys_missing = true;
};

Findings findings(const RpmLog& log) {
    Findings found;
    for (const auto& line : log.lines()) {
        const std::string_view words = line.text;
        if (words.ends_with(": OK") || words.ends_with(": NOTFOUND") || words.ends_with(":")) {
            continue;
        }
        found.text += (found.text.empty() ? "" : "; ") + line.text;
        found.only_keys_missing = found.only_keys_missing && words.ends_with(": NOKEY");
    }
    return found;
}

// Every digest and signature over every byte, as asked for by flags and level; librpm's exit is 0 only when all that is there fits and
// all that the level demands is there.
bool passes(rpmts set, std::size_t index, int level, rpmVSFlags flags) {
    auto file = open_package(index);
    if (!file) {
        return false;
    }
    rpmtsSetVfyLevel(set, level);
    rpmtsSetVfyFlags(set, flags);
    rpmQVKArguments_s unused{};
    return rpmVerifySignatures(&unused, set, file.get(), "package") == 0;
}

HeaderHandle read_header(rpmts set, std::size_t index) {
    auto file = open_package(index);
    Header header = nullptr;
    if (!file) {
        return {};
    }
    const auto code = rpmReadPackageFile(set, file.get(), "package", &header);
    HeaderHandle handle(header);
    const bool readable = code == RPMRC_OK || code == RPMRC_NOKEY || code == RPMRC_NOTTRUSTED;
    return readable ? std::move(handle) : HeaderHandle();
}

// The key ids of the signatures the package carries; an id is empty when librpm cannot read its signature.
std::vector<std::string> signing_keys(Header header) {
    std::vector<std::string> found;
    for (const rpmTagVal tag : {RPMTAG_RSAHEADER, RPMTAG_DSAHEADER, RPMTAG_SIGPGP, RPMTAG_SIGGPG}) {
        rpmtd_s data{};
        if (headerGet(header, tag, &data, HEADERGET_MINMEM) == 0) {
            continue;
        }
        pgpDigParams raw = nullptr;
        found.emplace_back();
        if (pgpPrtParams(static_cast<const std::uint8_t*>(data.data), data.count, PGPTAG_SIGNATURE, &raw) == 0 && raw != nullptr) {
            const PgpParameters parameters(raw);
            found.back() = hex({pgpDigParamsSignID(raw), sizeof(pgpKeyID_t)});
        }
        rpmtdFreeData(&data);
    }
    return found;
}

std::string tag(Header header, rpmTagVal which) {
    const char* text = headerGetString(header, which);
    return text == nullptr ? std::string() : std::string(text);
}

std::string epoch_of(Header header) {
    const Allocated<char> text(headerGetAsString(header, RPMTAG_EPOCH));
    return text ? std::string(text.get()) : "0";
}

// What differs from the announcement; empty when nothing does.
std::string difference(Header header, const Incoming& announced) {
    const auto epoch = epoch_of(header);
    const auto is =
        nevra(tag(header, RPMTAG_NAME), epoch, tag(header, RPMTAG_VERSION), tag(header, RPMTAG_RELEASE), tag(header, RPMTAG_ARCH));
    const auto said = nevra(announced.name, announced.epoch, announced.version, announced.release, announced.arch);
    if (headerIsSource(header) != 0) {
        return "the file is the source package of " + is + ", announced was " + said;
    }
    const bool same = tag(header, RPMTAG_NAME) == announced.name && epoch == (announced.epoch.empty() ? "0" : announced.epoch) &&
                      tag(header, RPMTAG_VERSION) == announced.version && tag(header, RPMTAG_RELEASE) == announced.release &&
                      tag(header, RPMTAG_ARCH) == announced.arch;
    return same ? std::string() : "the file is " + is + ", announced was " + said;
}

PackageVerdict signature_verdict(rpmts set, std::size_t index, Header header, RpmLog& log) {
    PackageVerdict verdict{.index = static_cast<std::uint32_t>(index)};
    log.clear();
    if (passes(set, index, RPMSIG_VERIFIABLE_TYPE, 0)) {
        return verdict;
    }
    const auto with_signature = findings(log);
    log.clear();
    if (!passes(set, index, RPMSIG_DIGEST_TYPE, RPMVSF_MASK_NOSIGNATURES)) {
        verdict.signature = Signature::bad;
        verdict.detail = findings(log).text;
        return verdict;
    }
    const auto keys = signing_keys(header);
    if (keys.empty()) {
        verdict.signature = Signature::not_signed;
        return verdict;
    }
    verdict.signature = with_signature.only_keys_missing ? Signature::unknown_key : Signature::bad;
    verdict.key_id = keys.front();
    verdict.detail = with_signature.text;
    return verdict;
}

PackageVerdict verify_package(rpmts set, std::size_t index, const Incoming& announced, RpmLog& log) {
    PackageVerdict verdict{.index = static_cast<std::uint32_t>(index)};
    if (!starts_like_a_package(index)) {
        verdict.signature = Signature::not_a_package;
        verdict.detail = "the file does not begin like an rpm package";
        return verdict;
    }
    log.clear();
    const auto header = read_header(set, index);
    if (!header) {
        verdict.signature = Signature::bad;
        verdict.detail = findings(log).text;
        if (verdict.detail.empty()) {
            verdict.detail = "librpm cannot read its header";
        }
        return verdict;
    }
    verdict = signature_verdict(set, index, header.get(), log);
    const bool unsigned_is_fine = !announced.check_signature;
    if (unsigned_is_fine && (verdict.signature == Signature::not_signed || verdict.signature == Signature::unknown_key)) {
        verdict = {.index = verdict.index};
    }
    if (verdict.signature == Signature::good) {
        verdict.detail = difference(header.get(), announced);
        verdict.signature = verdict.detail.empty() ? Signature::good : Signature::not_as_announced;
    }
    return verdict;
}

}  // namespace

std::vector<PackageVerdict> verify_packages(const std::string& installroot, const std::vector<Incoming>& incoming) {
    RpmLog log(LogLevel::notice);
    std::vector<PackageVerdict> verdicts;
    const auto set = open_set(installroot);
    if (!set) {
        return verdicts;
    }
    if (!rpmdb_exists(installroot)) {
        // librpm would create a database only to find no key in it.
        const Keyring none(rpmKeyringNew());
        rpmtsSetKeyring(set.get(), none.get());
    }
    for (std::size_t i = 0; i < incoming.size(); ++i) {
        verdicts.push_back(verify_package(set.get(), i, incoming[i], log));
    }
    return verdicts;
}

}  // namespace lastack::transact
