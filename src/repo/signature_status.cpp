#include "repo/signature_status.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace lastack::repo {

namespace {

constexpr std::string_view prefix = "[GNUPG:] ";
constexpr std::string_view binary_document = "00";  // the only signatures that are over each byte as it stands
constexpr std::size_t long_key_id = 16;

bool is_weak(std::string_view hash_algorithm) {
    constexpr std::array<std::string_view, 3> weak{"1", "2", "3"};  // MD5, SHA-1, RIPEMD-160
    return std::ranges::find(weak, hash_algorithm) != std::ranges::end(weak);
}

std::string hex_word(std::string_view word) {
    const bool is_hex = std::ranges::all_of(word, [](char c) { return std::string_view("0123456789abcdefABCDEF").contains(c); });
    return is_hex ? to_lower(word) : std::string();
}

class StatusReader {
public:
    std::vector<SignatureReport> read(std::string_view output) {
        for (const std::string& line : split(output, "\n")) {
            if (line.starts_with(prefix)) {
                take(split(std::string_view(line).substr(prefix.size()), " "));
            }
        }
        end_signature();
        return std::move(reports_);
    }

private:
    void take(const std::vector<std::string>& words) {
        const std::string_view keyword = words.empty() ? std::string_view() : std::string_view(words[0]);
        if (keyword == "NEWSIG") {
            end_signature();
            open_ = true;
            current_ = {};
            fits_ = false;
        } else if (!open_ || words.size() < 2) {
            return;
        } else if (keyword == "GOODSIG") {
            judge(SignatureState::good, words);
        } else if (keyword == "EXPSIG") {
            judge(SignatureState::expired, words);
        } else if (keyword == "EXPKEYSIG") {
            judge(SignatureState::expired_key, words);
        } else if (keyword == "REVKEYSIG") {
            judge(SignatureState::revoked_key, words);
        } else if (keyword == "BADSIG") {
            judge(SignatureState::bad, words);
        } else if (keyword == "ERRSIG") {
            take_error(words);
        } else if (keyword == "VALIDSIG") {
            take_details(words);
        }
    }

    void judge(SignatureState state, const std::vector<std::string>& words) {
        if (judged_) {
            contradicted_ = true;
        }
        judged_ = true;
        current_.state = state;
        current_.key_id = hex_word(words[1]);
    }

    // ERRSIG <key id> <key algorithm> <hash algorithm> <class> <time> <code>
    void take_error(const std::vector<std::string>& words) {
        constexpr std::string_view no_key = "9";
        judge(SignatureState::unusable, words);
        if (words.size() > 6 && words[6] == no_key) {
            current_.state = SignatureState::unknown_key;
        } else if (words.size() > 3 && is_weak(words[3])) {
            current_.state = SignatureState::weak;
        }
    }

    // VALIDSIG <fingerprint> <date> <created> <expires> <version> <reserved> <key algorithm> <hash algorithm> <class> <primary fingerprint>
    void take_details(const std::vector<std::string>& words) {
        constexpr std::size_t count = 11;
        const auto created = words.size() < count ? std::nullopt : parse_decimal(words[3]);
        if (!created) {
            return;
        }
        current_.fingerprint = hex_word(words[1]);
        current_.primary = hex_word(words[10]);
        current_.created = static_cast<std::int64_t>(*created);
        fits_ = current_.fingerprint.size() > long_key_id && current_.primary.size() > long_key_id;
        if (words[9] != binary_document) {
            current_.state = SignatureState::unusable;
            contradicted_ = true;
        } else if (is_weak(words[8]) && current_.state == SignatureState::good) {
            current_.state = SignatureState::weak;
        }
    }

    void end_signature() {
        if (!open_) {
            return;
        }
        const bool needs_details = current_.state != SignatureState::bad && current_.state != SignatureState::unknown_key &&
                                   current_.state != SignatureState::unusable && current_.state != SignatureState::weak;
        if (!judged_ || contradicted_ || (needs_details && !fits_)) {
            current_.state = SignatureState::unusable;
        }
        reports_.push_back(std::move(current_));
        open_ = judged_ = contradicted_ = false;
    }

    std::vector<SignatureReport> reports_;
    SignatureReport current_;
    bool open_ = false;
    bool judged_ = false;
    bool contradicted_ = false;
    bool fits_ = false;
};

// The more telling, the higher.
int rank(SignatureState state) {
    switch (state) {
        case SignatureState::bad:
            return 7;
        case SignatureState::good:
            return 6;
        case SignatureState::revoked_key:
            return 5;
        case SignatureState::expired_key:
            return 4;
        case SignatureState::expired:
            return 3;
        case SignatureState::weak:
            return 2;
        case SignatureState::unknown_key:
            return 1;
        case SignatureState::unusable:
            return 0;
    }
    return 0;
}

}  // namespace

std::vector<SignatureReport> parse_signature_status(std::string_view output) { return StatusReader{}.read(output); }

const SignatureReport& deciding(const std::vector<SignatureReport>& reports) {
    return *std::ranges::max_element(reports, {}, [](const SignatureReport& report) { return rank(report.state); });
}

}  // namespace lastack::repo
