#include "http/digest_access.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <initializer_list>

namespace lastack::http {

namespace {

struct AlgorithmName {
    std::string_view name;
    HashAlgorithm algorithm;
    bool session;
};

constexpr std::array<AlgorithmName, 6> algorithm_names{{
    {"MD5", HashAlgorithm::md5, false},
    {"MD5-sess", HashAlgorithm::md5, true},
    {"SHA-256", HashAlgorithm::sha256, false},
    {"SHA-256-sess", HashAlgorithm::sha256, true},
    {"SHA-512-256", HashAlgorithm::sha512_256, false},
    {"SHA-512-256-sess", HashAlgorithm::sha512_256, true},
}};

std::string_view name_of(const DigestChallenge& challenge) {
    const auto row = std::ranges::find_if(algorithm_names, [&](const AlgorithmName& candidate) {
        return candidate.algorithm == challenge.algorithm && candidate.session == challenge.session;
    });
    return row == algorithm_names.end() ? std::string_view{} : row->name;
}

bool is_true(std::optional<std::string_view> value) { return value && iequals(*value, "true"); }

bool offers_auth(std::string_view qop) {
    const auto offers = split(qop, ", \t");
    return std::ranges::any_of(offers, [](const std::string& offer) { return iequals(offer, "auth"); });
}

std::string quoted_string(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            out += '\\';
        }
        out += c;
    }
    return out + '"';
}

std::string with_colons(std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const std::string_view part : parts) {
        out += part;
        out += ':';
    }
    out.pop_back();
    return out;
}

std::string eight_digits(std::uint32_t count) {
    std::array<char, 9> buffer{};
    std::snprintf(buffer.data(), buffer.size(), "%08x", static_cast<unsigned>(count));
    return buffer.data();
}

std::optional<std::string> response_of(const DigestChallenge& challenge, const Credentials& credentials, const DigestRequest& request,
                                       std::string_view count) {
    const auto hash = [&](std::initializer_list<std::string_view> parts) { return hash_hex(challenge.algorithm, with_colons(parts)); };
    auto key = hash({credentials.username, challenge.realm, credentials.password});
    if (key && challenge.session) {
        key = hash({*key, challenge.nonce, request.cnonce});
    }
    const auto what = hash({request.method, request.target});
    if (!key || !what) {
        return std::nullopt;
    }
    return challenge.qop_auth ? hash({*key, challenge.nonce, count, request.cnonce, "auth", *what}) : hash({*key, challenge.nonce, *what});
}

}  // namespace

std::optional<DigestChallenge> usable_digest(const Challenge& challenge) {
    const auto parameter = [&](std::string_view name) { return find_parameter(challenge.parameters, name); };
    const auto realm = parameter("realm");
    const auto nonce = parameter("nonce");
    if (challenge.scheme != "digest" || !realm || !nonce) {
        return std::nullopt;
    }
    const auto algorithm = parameter("algorithm");
    const auto row = std::ranges::find_if(
        algorithm_names, [&](const AlgorithmName& candidate) { return iequals(candidate.name, algorithm.value_or("MD5")); });
    if (row == algorithm_names.end() || !hash_hex(row->algorithm, "")) {
        return std::nullopt;
    }
    const auto qop = parameter("qop");
    if (qop ? !offers_auth(*qop) : row->session) {
        return std::nullopt;
    }
    const auto opaque = parameter("opaque");
    return DigestChallenge{.algorithm = row->algorithm,
                           .session = row->session,
                           .algorithm_named = algorithm.has_value(),
                           .qop_auth = qop.has_value(),
                           .user_hash = is_true(parameter("userhash")),
                           .stale = is_true(parameter("stale")),
                           .realm = std::string{*realm},
                           .nonce = std::string{*nonce},
                           .opaque = opaque ? std::optional<std::string>{*opaque} : std::nullopt};
}

std::optional<std::string> digest_value(const DigestChallenge& challenge, const Credentials& credentials, const DigestRequest& request) {
    const std::string count = eight_digits(request.count);
    const auto response = response_of(challenge, credentials, request, count);
    const auto username = challenge.user_hash ? hash_hex(challenge.algorithm, with_colons({credentials.username, challenge.realm}))
                                              : std::optional{credentials.username};
    if (!response || !username || has_control_character(credentials)) {
        return std::nullopt;
    }
    std::string out = "Digest username=" + quoted_string(*username) + ", realm=" + quoted_string(challenge.realm) +
                      ", nonce=" + quoted_string(challenge.nonce) + ", uri=" + quoted_string(request.target);
    if (challenge.qop_auth) {
        out += ", cnonce=" + quoted_string(request.cnonce) + ", nc=" + count + ", qop=auth";
    }
    out += ", response=" + quoted_string(*response);
    if (challenge.algorithm_named) {
        out += ", algorithm=";
        out += name_of(challenge);
    }
    if (challenge.opaque) {
        out += ", opaque=" + quoted_string(*challenge.opaque);
    }
    if (challenge.user_hash) {
        out += ", userhash=true";
    }
    return out;
}

}  // namespace lastack::http
