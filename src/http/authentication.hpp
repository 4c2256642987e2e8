// Proving who we are to one origin or one proxy: which challenge is answered, with what, and when to stop. Pure but for random bytes.
//
// Strongest first: Digest SHA-512-256, Digest SHA-256, Digest MD5, Basic. Once a Digest was offered, Basic is not answered any more:
// whoever sits in between could ask for it to read the password.
#pragma once

#include "http/challenge.hpp"
#include "http/credentials.hpp"
#include "http/digest_access.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace lastack::http {

// What a 401 or 407 means for the request that got it.
enum class Verdict : std::uint8_t {
    try_again,             // send the request again, with a value asked for anew
    rejected,              // user name or password is wrong, or not enough for this request
    unsupported,           // no challenge that we can answer, or only Basic where there was Digest
    unusable_credentials,  // a ':' in the user name where Basic is asked for, or a control character anywhere
};

// For Error::cause: one sentence part, without anything of the credentials or the challenge in it.
[[nodiscard]] const char* to_string(Verdict verdict) noexcept;

// What one request sent to one Authenticator's place so far. A new one for each request (each hop of a redirect is one); kept until its
// final answer came. Requests under way at the same time have one each, so that none is judged by what another one sent.
class AuthenticationAttempts {
private:
    friend class Authenticator;
    struct Sent {
        std::optional<DigestChallenge> digest;  // nothing: Basic
        bool unasked = false;                   // before this request itself was challenged
    };
    std::optional<Sent> sent_;  // the last value
    unsigned challenges_ = 0;
    unsigned stale_in_row_ = 0;
};

// One thread at a time; any number of requests under way.
class Authenticator {
public:
    enum class BasicUnasked : bool { no, yes };  // yes: Basic goes out before any challenge came (and until a Digest is offered)
    using MakeCnonce = std::function<std::optional<std::string>()>;

    static constexpr unsigned max_stale_in_row = 3;
    static constexpr unsigned max_challenges_per_request = 4;  // the first and those for a stale nonce

    explicit Authenticator(Credentials credentials, BasicUnasked basic_unasked = BasicUnasked::no);
    Authenticator(Credentials credentials, BasicUnasked basic_unasked, MakeCnonce make_cnonce);  // for tests

    // The value of Authorization (Proxy-Authorization) for the next sending of a request; ask once per sending, each use of a nonce counts.
    // Nothing: send it without. Nothing right after `try_again` is possible only when the random generator fails; then give up.
    // `target` is what stands on the request line (see DigestRequest).
    [[nodiscard]] std::optional<std::string> value_for(AuthenticationAttempts& attempts, std::string_view method, std::string_view target);

    // After a 401 (407): what its challenges mean for that request. `try_again` comes at most max_challenges_per_request times.
    [[nodiscard]] Verdict challenged(AuthenticationAttempts& attempts, std::span<const Challenge> challenges);

    // After any other answer: takes nextnonce from parse_authentication_info() for the requests to come.
    void answered(const AuthenticationAttempts& attempts, const Parameters& authentication_info);

private:
    struct DigestSession {
        DigestChallenge challenge;
        std::uint32_t count = 0;  // requests sent with this nonce
        std::string cnonce;       // of "-sess" only: fixed by the first request
    };
    struct BasicSession {};
    using Session = std::variant<BasicSession, DigestSession>;

    [[nodiscard]] std::optional<std::string> digest_value_for(DigestSession& session, std::string_view method, std::string_view target);
    [[nodiscard]] Verdict answer_digest(AuthenticationAttempts& attempts, DigestChallenge challenge);
    [[nodiscard]] Verdict answer_basic(AuthenticationAttempts& attempts);
    [[nodiscard]] static bool is_worth_another(AuthenticationAttempts& attempts, const DigestChallenge& challenge);
    void forget_sent(const AuthenticationAttempts& attempts);

    Credentials credentials_;
    MakeCnonce make_cnonce_;
    bool basic_unasked_;
    bool digest_offered_ = false;
    std::optional<Session> session_;  // how requests are sent unasked
};

}  // namespace lastack::http
