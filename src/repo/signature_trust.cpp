#include "repo/signature_trust.hpp"

#include "http/error.hpp"
#include "repo/error.hpp"
#include "repo/repo_keyring.hpp"
#include "repo/signature_check.hpp"

#include <ctime>
#include <utility>

namespace lastack::repo {

namespace {

std::int64_t wall_clock() { return std::time(nullptr); }

std::string date(std::int64_t time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm parts{};
    char text[16];
    return gmtime_r(&seconds, &parts) != nullptr && std::strftime(text, sizeof text, "%F", &parts) > 0 ? text : "an unknown date";
}

bool is_absent(const Error& error) {
    return error.code == http::HttpErrc::not_found || error.code == Errc::not_found || error.http_status == 404 || error.http_status == 410;
}

Error unsigned_metadata(Error error, const RepoKeyring& keyring) {
    error.code = RepoErrc::unsigned_metadata;
    error.phase = Phase::verifying;
    error.cause = "repo_gpgcheck=1 demands a signature, and there is none";
    if (const auto last = keyring.last_verified()) {
        error.cause += "; it was signed with key " + last->fingerprint + " when it was last seen, on " + date(last->time);
    }
    error.next_step = "tell whoever runs the repository; set repo_gpgcheck=0 only if it was never signed and you trust the way to it";
    return error;
}

}  // namespace

std::set<std::string> SignatureTrust::take_key_wanted() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(key_wanted_, {});
}

Result<TrustState> SignatureTrust::check(const RepoConfig& repo, std::string_view repomd, const FetchSignature& fetch,
                                         std::stop_token stop) {
    if (!repo.repo_gpgcheck) {
        return TrustState{};
    }
    const RepoKeyring keyring(persistdir_, repo);
    const auto keys = keyring.load();
    if (!keys) {
        return std::unexpected(keys.error());
    }
    auto signature = fetch();
    if (!signature) {
        return std::unexpected(is_absent(signature.error()) ? unsigned_metadata(std::move(signature.error()), keyring)
                                                            : std::move(signature.error()));
    }
    const auto now = wall_clock();
    auto signer = check_signature({.data = repomd,
                                   .armoured = *signature,
                                   .keys = *keys,
                                   .weak_digests = repo.allow_weak_digests ? WeakDigests::allowed : WeakDigests::refused,
                                   .now = now},
                                  std::move(stop));
    if (!signer) {
        if (signer.error().code == RepoErrc::unknown_key || signer.error().code == RepoErrc::expired_key) {
            const std::scoped_lock lock(mutex_);
            key_wanted_.insert(repo.id);
        }
        signer.error().cause = signer.error().code == Errc::cancelled ? signer.error().cause : "repomd.xml.asc: " + signer.error().cause;
        return std::unexpected(std::move(signer.error()));
    }
    // A user who may not write there still gets verified metadata; only the later message knows less.
    (void)keyring.remember_verified({.fingerprint = signer->fingerprint, .time = now});
    return TrustState{.fingerprint = std::move(signer->fingerprint), .signature = std::move(*signature), .signed_at = signer->signed_at};
}

}  // namespace lastack::repo
