#include "transact/verify.hpp"

#include "transact/dependencies.hpp"
#include "transact/hex.hpp"
#include "transact/keys.hpp"
#include "transact/root.hpp"
#include "transact/rpm_log.hpp"

#include <rpm/rpmcli.h>
#include <rpm/rpmlib.h>
#include <rpm/rpmtd.h>

#include <algorithm>
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

struct Keyrings {
    rpmKeyring wanted = nullptr;  // the package must be signed by a key of this one
    const RootKeys& installed;
};

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

struct Signing {
    std::string key_id;      // empty when librpm cannot read the signature
    bool installed = false;  // the root has a key of that id
};

// Who made the signatures that the package carries.
std::vector<Signing> signing_keys(Header header, const RootKeys& installed) {
    std::vector<Signing> found;
    for (const rpmTagVal tag : {RPMTAG_RSAHEADER, RPMTAG_DSAHEADER, RPMTAG_SIGPGP, RPMTAG_SIGGPG}) {
        rpmtd_s data{};
        if (headerGet(header, tag, &data, HEADERGET_MINMEM) == 0) {
            continue;
        }
        pgpDigParams raw = nullptr;
        found.emplace_back();
        if (pgpPrtParams(static_cast<const std::uint8_t*>(data.data), data.count, PGPTAG_SIGNATURE, &raw) == 0 && raw != nullptr) {
            const PgpParameters parameters(raw);
            found.back().key_id = hex({pgpDigParamsSignID(raw), sizeof(pgpKeyID_t)});
            found.back().installed = installed.key_ids.contains(found.back().key_id);
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

// By a key of the package's keyring; that the root has the key too is seen by its id alone, as librpm verifies all of it again when it
// installs.
PackageVerdict signature_verdict(rpmts set, std::size_t index, Header header, const Keyrings& keyrings, RpmLog& log) {
    PackageVerdict verdict{.index = static_cast<std::uint32_t>(index)};
    log.clear();
    rpmtsSetKeyring(set, keyrings.wanted);
    const bool bound = keyrings.wanted != keyrings.installed.keyring.get();
    const bool good = passes(set, index, RPMSIG_VERIFIABLE_TYPE, 0);
    const auto keys = signing_keys(header, keyrings.installed);
    if (good) {
        const auto missing = std::ranges::find(keys, false, &Signing::installed);
        if (bound && missing != keys.end()) {
            verdict.signature = Signature::unknown_key;
            verdict.key_id = missing->key_id;
            verdict.detail = "the key is not in the root's keyring: NOKEY";
        }
        return verdict;
    }
    const auto with_signature = findings(log);
    log.clear();
    if (!passes(set, index, RPMSIG_DIGEST_TYPE, RPMVSF_MASK_NOSIGNATURES)) {
        verdict.signature = Signature::bad;
        verdict.detail = findings(log).text;
        return verdict;
    }
    if (keys.empty()) {
        verdict.signature = Signature::not_signed;
        return verdict;
    }
    verdict.signature = with_signature.only_keys_missing ? Signature::unknown_key : Signature::bad;
    if (bound && with_signature.only_keys_missing && std::ranges::any_of(keys, &Signing::installed)) {
        verdict.signature = Signature::foreign_key;
    }
    verdict.key_id = keys.front().key_id;
    verdict.detail = with_signature.text;
    return verdict;
}

PackageVerdict verify_package(rpmts set, std::size_t index, const Incoming& announced, const Announce* dependencies,
                              const Keyrings& keyrings, RpmLog& log) {
    PackageVerdict verdict{.index = static_cast<std::uint32_t>(index)};
    if (!starts_like_a_package(index)) {
        verdict.signature = Signature::not_a_package;
        verdict.detail = "the file does not begin like an rpm package";
        return verdict;
    }
    log.clear();
    rpmtsSetKeyring(set, keyrings.installed.keyring.get());
    const auto header = read_header(set, index);
    if (!header) {
        verdict.signature = Signature::bad;
        verdict.detail = findings(log).text;
        if (verdict.detail.empty()) {
            verdict.detail = "librpm cannot read its header";
        }
        return verdict;
    }
    verdict = signature_verdict(set, index, header.get(), keyrings, log);
    const bool unsigned_is_fine = !announced.check_signature;
    if (unsigned_is_fine && (verdict.signature == Signature::not_signed || verdict.signature == Signature::unknown_key ||
                             verdict.signature == Signature::foreign_key)) {
        verdict = {.index = verdict.index};
    }
    if (verdict.signature == Signature::good) {
        verdict.detail = difference(header.get(), announced);
        if (verdict.detail.empty() && dependencies != nullptr) {
            verdict.detail = dependency_difference(header.get(), *dependencies);
        }
        verdict.signature = verdict.detail.empty() ? Signature::good : Signature::not_as_announced;
    }
    return verdict;
}

}  // namespace

std::vector<PackageVerdict> verify_packages(const Setup& setup, const std::map<std::uint32_t, Announce>& announced,
                                            const std::vector<BoundKeys>& keyrings) {
    RpmLog log(LogLevel::notice);
    std::vector<PackageVerdict> verdicts;
    const auto set = open_set(setup.installroot);
    if (!set) {
        return verdicts;
    }
    const auto installed = root_keys(setup.installroot, set.get());
    const Keyring none(rpmKeyringNew());
    std::vector<Keyring> bound;
    for (const BoundKeys& keys : keyrings) {
        bound.push_back(keyring_of(keys.certificates));
    }
    for (std::size_t i = 0; i < setup.incoming.size(); ++i) {
        const Incoming& incoming = setup.incoming[i];
        rpmKeyring wanted = none.get();
        if (incoming.keyring == any_key) {
            wanted = installed.keyring.get();
        } else if (incoming.keyring < bound.size()) {
            wanted = bound[incoming.keyring].get();
        }
        const auto dependencies = announced.find(static_cast<std::uint32_t>(i));
        verdicts.push_back(verify_package(set.get(), i, incoming, dependencies == announced.end() ? nullptr : &dependencies->second,
                                          {.wanted = wanted, .installed = installed}, log));
    }
    return verdicts;
}

}  // namespace lastack::transact
