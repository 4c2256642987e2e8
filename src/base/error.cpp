#include "lastack/error.hpp"

#include "base/text.hpp"

namespace lastack {

namespace {

class BaseCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "lastack"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<Errc>(value)) {
            case Errc::cancelled:
                return "cancelled";
            case Errc::timed_out:
                return "timed out";
            case Errc::invalid_argument:
                return "invalid argument";
            case Errc::no_space:
                return "no space left";
            case Errc::not_permitted:
                return "not permitted";
            case Errc::not_found:
                return "not found";
            case Errc::io_failed:
                return "input/output failed";
            case Errc::locked:
                return "locked by another process";
        }
        return "unknown error";
    }
};

}  // namespace

const std::error_category& base_category() noexcept {
    static const BaseCategory category;
    return category;
}

std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), base_category()}; }

const char* to_string(Phase phase) noexcept {
    switch (phase) {
        case Phase::none:
            return "";
        case Phase::resolving:
            return "resolving the name";
        case Phase::connecting:
            return "connecting";
        case Phase::tunnelling:
            return "asking the proxy for a way";
        case Phase::securing:
            return "securing the connection";
        case Phase::sending:
            return "sending the request";
        case Phase::waiting:
            return "waiting for an answer";
        case Phase::receiving:
            return "receiving";
        case Phase::verifying:
            return "verifying";
        case Phase::writing:
            return "writing";
        case Phase::parsing:
            return "parsing";
        case Phase::solving:
            return "solving";
        case Phase::transaction:
            return "running the transaction";
    }
    return "";
}

std::string describe(const Error& error) {
    std::string text = error.cause.empty() ? error.code.message() : error.cause;
    std::string details;
    const auto add = [&details](std::string_view word, std::string_view value) {
        if (!details.empty()) {
            details += ", ";
        }
        details += word;
        details += value;
    };
    if (error.phase != Phase::none) {
        add("while ", to_string(error.phase));
    }
    if (!error.mirror.empty() && error.mirror != error.url) {
        add("from ", error.mirror);
    }
    if (!error.address.empty()) {
        add("at ", error.address);
    }
    if (error.retry_after) {
        add("retry after ", std::to_string(error.retry_after->count()) + " s");
    }
    if (!error.url.empty()) {
        text = error.url + ": " + text;
    }
    if (!details.empty()) {
        text += " (" + details + ")";
    }
    text = printable(text, KeepLines::yes);
    if (!error.next_step.empty()) {
        text += "\n  " + printable(error.next_step, KeepLines::yes);
    }
    return text;
}

}  // namespace lastack
