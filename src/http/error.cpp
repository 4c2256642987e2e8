#include "http/error.hpp"

#include <string>

namespace lastack::http {

namespace {

class HttpCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "lastack.http"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<HttpErrc>(value)) {
            case HttpErrc::bad_head:
                return "not a valid HTTP answer";
            case HttpErrc::head_too_large:
                return "the answer's head is too large";
            case HttpErrc::bad_framing:
                return "contradictory length of the body";
            case HttpErrc::bad_chunk:
                return "broken chunked encoding";
            case HttpErrc::truncated:
                return "the body was cut short";
            case HttpErrc::bad_redirect:
                return "unusable redirect";
            case HttpErrc::too_many_redirects:
                return "too many redirects";
            case HttpErrc::not_found:
                return "not found on the server";
            case HttpErrc::forbidden:
                return "refused by the server";
            case HttpErrc::client_error:
                return "request refused";
            case HttpErrc::server_error:
                return "server error";
            case HttpErrc::unexpected_status:
                return "unexpected answer";
            case HttpErrc::bad_range:
                return "wrong range";
            case HttpErrc::too_slow:
                return "too slow";
            case HttpErrc::unavailable:
                return "the server is not available for now";
        }
        return "unknown error";
    }
};

}  // namespace

const std::error_category& http_category() noexcept {
    static const HttpCategory category;
    return category;
}

std::error_code make_error_code(HttpErrc code) noexcept { return {static_cast<int>(code), http_category()}; }

}  // namespace lastack::http
