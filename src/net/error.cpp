#include "net/error.hpp"

#include <string>

namespace lastack::net {

namespace {

class NetCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "lastack.net"; }
    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<NetErrc>(value)) {
            case NetErrc::name_not_found:
                return "host not found";
            case NetErrc::name_failed:
                return "the name could not be resolved";
            case NetErrc::connect_refused:
                return "connection refused";
            case NetErrc::unreachable:
                return "unreachable";
            case NetErrc::reset:
                return "connection reset";
            case NetErrc::closed:
                return "connection closed";
            case NetErrc::unsolicited:
                return "bytes that were not asked for";
            case NetErrc::no_descriptors:
                return "too many open files";
            case NetErrc::unsupported_scheme:
                return "scheme not supported";
            case NetErrc::interrupted:
                return "interrupted by this side";
            case NetErrc::cut_off:
                return "connection cut off";
            case NetErrc::tls_failed:
                return "TLS failed";
            case NetErrc::certificate_rejected:
                return "certificate not accepted";
            case NetErrc::proxy_unreachable:
                return "proxy unreachable";
            case NetErrc::proxy_failed:
                return "the proxy could not reach the host";
            case NetErrc::proxy_refused:
                return "refused by the proxy";
            case NetErrc::bad_tls_file:
                return "certificate file not usable";
        }
        return "unknown error";
    }
};

}  // namespace

const std::error_category& net_category() noexcept {
    static const NetCategory category;
    return category;
}

std::error_code make_error_code(NetErrc code) noexcept { return {static_cast<int>(code), net_category()}; }

}  // namespace lastack::net
