#include "http/authentication.hpp"

#include <limits>
#include <utility>

namespace lastack::http {

namespace {

constexpr std::size_t cnonce_bytes = 16;

int strength(HashAlgorithm algorithm) {
    switch (algorithm) {
        case HashAlgorithm::sha512_256:
            return 3;
        case HashAlgorithm::sha256:
            return 2;
        case HashAlgorithm::md5:
            return 1;
    }
    return 0;
}

struct Offer {
    std::optional<DigestChallenge> digest;  // the strongest; the first of equals
    bool basic = false;
};

Offer best_offer(std::span<const Challenge> challenges) {
    Offer offer;
    for (const Challenge& challenge : challenges) {
        offer.basic = offer.basic || challenge.scheme == "basic";
        auto digest = usable_digest(challenge);
        if (digest && (!offer.digest || strength(digest->algorithm) > strength(offer.digest->algorithm))) {
            offer.digest = std::move(digest);
        }
    }
    return offer;
}

bool same_nonce(const DigestChallenge& a, const DigestChallenge& b) {
    return a.nonce == b.nonce && a.realm == b.realm && a.algorithm == b.algorithm && a.session == b.session;
}

}  // namespace

const char* to_string(Verdict verdict) noexcept {
    switch (verdict) {
        case Verdict::try_again:
            return "credentials are asked for";
        case Verdict::rejected:
            return "the user name or the password is not accepted";
        case Verdict::unsupported:
            return "none of the ways to authenticate that are offered can be used";
        case Verdict::unusable_credentials:
            return "the user name or the password holds a character that cannot be sent";
    }
    return "unknown verdict";
}

Authenticator::Authenticator(Credentials credentials, BasicUnasked basic_unasked)
    : Authenticator(std::move(credentials), basic_unasked, [] { return random_hex(cnonce_bytes); }) {}

Authenticator::Authenticator(Credentials credentials, BasicUnasked basic_unasked, MakeCnonce make_cnonce)
    : credentials_{std::move(credentials)}, make_cnonce_{std::move(make_cnonce)}, basic_unasked_{basic_unasked == BasicUnasked::yes} {}

std::optional<std::string> Authenticator::value_for(AuthenticationAttempts& attempts, std::string_view method, std::string_view target) {
    attempts.sent_.reset();
    std::optional<std::string> value;
    std::optional<DigestChallenge> used;
    if (session_ && std::holds_alternative<DigestSession>(*session_)) {
        auto& session = std::get<DigestSession>(*session_);
        value = digest_value_for(session, method, target);
        used = session.challenge;
    } else if ((session_ || basic_unasked_) && !digest_offered_) {
        value = basic_value(credentials_);
    }
    if (value) {
        attempts.sent_ = {.digest = std::move(used), .unasked = attempts.challenges_ == 0};
    }
    return value;
}

std::optional<std::string> Authenticator::digest_value_for(DigestSession& session, std::string_view method, std::string_view target) {
    if (session.count == std::numeric_limits<std::uint32_t>::max()) {
        return std::nullopt;  // no number is left for this nonce; the server will hand out another one
    }
    std::optional<std::string> cnonce;
    if (session.cnonce.empty()) {
        cnonce = make_cnonce_();
    } else {
        cnonce = session.cnonce;
    }
    if (!cnonce) {
        return std::nullopt;
    }
    if (session.challenge.session) {
        session.cnonce = *cnonce;
    }
    ++session.count;
    return digest_value(session.challenge, credentials_, {.method = method, .target = target, .cnonce = *cnonce, .count = session.count});
}

Verdict Authenticator::challenged(AuthenticationAttempts& attempts, std::span<const Challenge> challenges) {
    if (has_control_character(credentials_)) {
        return Verdict::unusable_credentials;
    }
    Offer offer = best_offer(challenges);
    const Verdict verdict = offer.digest                      ? answer_digest(attempts, std::move(*offer.digest))
                            : offer.basic && !digest_offered_ ? answer_basic(attempts)
                                                              : Verdict::unsupported;
    ++attempts.challenges_;
    attempts.sent_.reset();
    return verdict;
}

Verdict Authenticator::answer_basic(AuthenticationAttempts& attempts) {
    if (!basic_value(credentials_)) {
        return Verdict::unusable_credentials;
    }
    if (attempts.sent_ || attempts.challenges_ >= max_challenges_per_request) {
        session_.reset();
        return Verdict::rejected;
    }
    session_ = BasicSession{};
    return Verdict::try_again;
}

Verdict Authenticator::answer_digest(AuthenticationAttempts& attempts, DigestChallenge challenge) {
    digest_offered_ = true;
    if (attempts.challenges_ >= max_challenges_per_request || !is_worth_another(attempts, challenge)) {
        forget_sent(attempts);
        return Verdict::rejected;
    }
    auto* current = session_ ? std::get_if<DigestSession>(&*session_) : nullptr;
    if (current != nullptr && same_nonce(current->challenge, challenge)) {
        current->challenge = std::move(challenge);  // its count goes on: the server may have handed this nonce to several requests
    } else {
        session_ = DigestSession{.challenge = std::move(challenge), .count = 0, .cnonce = {}};
    }
    return Verdict::try_again;
}

// A first challenge is; after an answer only one for a nonce that is no longer valid, or of another protection space.
bool Authenticator::is_worth_another(AuthenticationAttempts& attempts, const DigestChallenge& challenge) {
    if (!attempts.sent_ || !attempts.sent_->digest) {
        return true;
    }
    const DigestChallenge& sent = *attempts.sent_->digest;
    attempts.stale_in_row_ = challenge.stale ? attempts.stale_in_row_ + 1 : 0;
    if (attempts.stale_in_row_ > max_stale_in_row) {
        return false;
    }
    // Not every server says "stale" when it has forgotten a nonce, so one that an earlier request brought may be refused without it.
    const bool old_nonce = challenge.nonce != sent.nonce && (challenge.stale || attempts.sent_->unasked);
    return old_nonce || challenge.realm != sent.realm;
}

// What was refused is not sent unasked again; what another request has brought meanwhile stays.
void Authenticator::forget_sent(const AuthenticationAttempts& attempts) {
    const auto* current = session_ ? std::get_if<DigestSession>(&*session_) : nullptr;
    if (current != nullptr && attempts.sent_ && attempts.sent_->digest && same_nonce(current->challenge, *attempts.sent_->digest)) {
        session_.reset();
    }
}

void Authenticator::answered(const AuthenticationAttempts& attempts, const Parameters& authentication_info) {
    auto* current = session_ ? std::get_if<DigestSession>(&*session_) : nullptr;
    const auto next = find_parameter(authentication_info, "nextnonce");
    if (current == nullptr || !next || next->empty() || !attempts.sent_ || !attempts.sent_->digest ||
        !same_nonce(current->challenge, *attempts.sent_->digest)) {
        return;
    }
    // The key of a "-sess" variant belongs to its first nonce, and servers disagree on what becomes of it; such a server says "stale".
    if (current->challenge.session || *next == current->challenge.nonce) {
        return;
    }
    current->challenge.nonce = *next;
    current->count = 0;
}

}  // namespace lastack::http
