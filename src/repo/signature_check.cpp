#include "repo/signature_check.hpp"

#include "base/run_program.hpp"
#include "base/text.hpp"
#include "repo/error.hpp"
#include "repo/openpgp_armour.hpp"
#include "repo/signature_status.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::int64_t clock_tolerance = 3600;

std::unexpected<Error> refused(RepoErrc code, std::string cause, std::string next_step = {}) {
    return std::unexpected(Error{.code = code, .phase = Phase::verifying, .cause = std::move(cause), .next_step = std::move(next_step)});
}

std::string shown(const SignatureReport& report) {
    return "key " + (report.fingerprint.empty() ? (report.key_id.empty() ? "unknown" : report.key_id) : report.fingerprint);
}

// No home directory, no options file, no agent, no network: gpgv has none of them, and is told of no place where it could look.
Result<std::vector<SignatureReport>> ask_gpgv(const SignatureQuestion& question, std::string_view signature, const std::stop_token& stop) {
    std::string keyring;
    for (const Certificate& key : question.keys) {
        keyring += key.packets;
    }
    const auto end = run_program(
        {.program = question.program,
         .arguments = {"--homedir", "/nonexistent", "--status-fd", "1", "--keyring", input_path(0), "--", input_path(1), input_path(2)},
         .inputs = {keyring, signature, question.data}},
        stop);
    if (!end && end.error().code == Errc::cancelled) {
        return std::unexpected(end.error());
    }
    if (!end) {
        return refused(RepoErrc::no_verifier, "the signature cannot be checked: " + end.error().cause,
                       end.error().code == Errc::not_found ? "install gpgv" : "");
    }
    if (end->exit_status < 0) {
        return refused(RepoErrc::no_verifier,
                       "the signature cannot be checked: gpgv was ended by signal " + std::to_string(-end->exit_status));
    }
    auto reports = parse_signature_status(end->output);
    if (reports.empty()) {
        return refused(RepoErrc::malformed_signature, "gpgv finds no signature in it");
    }
    return reports;
}

std::unexpected<Error> not_for_signing(const SignatureReport& report) {
    return refused(RepoErrc::unusable_key, "it was made with " + shown(report) + ", which is not meant for signing files");
}

bool is_kept_from_signing(const SignatureQuestion& question, std::string_view key_id) {
    const auto kept = [key_id](const OpenPgpKey& key) { return !key.can_sign && key.key_id() == key_id; };
    return std::ranges::any_of(question.keys, [&](const Certificate& certificate) {
        return kept(certificate.primary) || std::ranges::any_of(certificate.subkeys, kept);
    });
}

// gpgv says what the signature is; the key must say that it was made for signing files.
Result<Signer> accept(const SignatureQuestion& question, const SignatureReport& report) {
    const auto certificate = std::ranges::find_if(question.keys, [&](const Certificate& each) {
        return each.primary.fingerprint == report.primary && each.find(report.fingerprint) != nullptr;
    });
    if (certificate == question.keys.end()) {
        return refused(RepoErrc::unknown_key, "it was made with " + shown(report) + ", which is not a key of the repository");
    }
    const OpenPgpKey& key = *certificate->find(report.fingerprint);
    if (!key.can_sign) {
        return not_for_signing(report);
    }
    if (key.revoked || certificate->primary.revoked) {
        return refused(RepoErrc::revoked_key, "it was made with " + shown(report) + ", which is revoked");
    }
    if (key.expired(question.now) || certificate->primary.expired(question.now)) {
        return refused(RepoErrc::expired_key, "it was made with " + shown(report) + ", which has expired");
    }
    if (report.created > question.now + clock_tolerance) {
        return refused(RepoErrc::bad_signature, "it claims to be made in the future", "check the clock of this machine");
    }
    return Signer{.fingerprint = report.primary,
                  .user_id = certificate->user_ids.empty() ? std::string() : certificate->user_ids.front(),
                  .signed_at = report.created};
}

Result<Signer> judge(const SignatureQuestion& question, const SignatureReport& report) {
    switch (report.state) {
        case SignatureState::good:
            return accept(question, report);
        case SignatureState::weak:
            if (question.weak_digests == WeakDigests::allowed && !report.fingerprint.empty()) {
                return accept(question, report);
            }
            return refused(RepoErrc::weak_signature, "it was made with MD5, SHA-1 or RIPEMD-160, which can be forged",
                           "ask whoever runs the repository for a signature with SHA-256; allow_weak_digests=1 accepts SHA-1");
        case SignatureState::expired:
            return refused(RepoErrc::expired_signature, "the signature of " + shown(report) + " has expired");
        case SignatureState::unknown_key:
            return refused(RepoErrc::unknown_key, "it was made with " + shown(report) + ", which is not a key of the repository");
        case SignatureState::expired_key:
            return refused(RepoErrc::expired_key, "it was made with " + shown(report) + ", which has expired");
        case SignatureState::revoked_key:
            return refused(RepoErrc::revoked_key, "it was made with " + shown(report) + ", which is revoked");
        case SignatureState::unusable:
            if (is_kept_from_signing(question, report.key_id)) {
                return not_for_signing(report);
            }
            return refused(RepoErrc::malformed_signature, "gpgv cannot use the signature of " + shown(report));
        case SignatureState::bad:
            break;
    }
    return refused(RepoErrc::bad_signature, "the signature of " + shown(report) + " is not over this file: one of the two was changed");
}

}  // namespace

Result<Signer> check_signature(const SignatureQuestion& question, std::stop_token stop) {
    const auto packets = dearmour_signature(question.armoured);
    if (!packets) {
        return refused(RepoErrc::malformed_signature, packets.error());
    }
    if (const auto well_formed = check_signature_packets(*packets); !well_formed) {
        return refused(RepoErrc::malformed_signature, well_formed.error());
    }
    const auto reports = ask_gpgv(question, *packets, stop);
    if (!reports) {
        return std::unexpected(reports.error());
    }
    return judge(question, deciding(*reports));
}

}  // namespace lastack::repo
