#include "cli/error_name.hpp"

#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include "lastack/error.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

namespace lastack::cli {

namespace {

struct Name {
    int value;
    std::string_view name;
};

template <typename Code>
constexpr Name named(Code code, std::string_view name) {
    return {static_cast<int>(code), name};
}

constexpr std::array base_names{named(Errc::cancelled, "cancelled"),
                                named(Errc::timed_out, "timed_out"),
                                named(Errc::invalid_argument, "invalid_argument"),
                                named(Errc::no_space, "no_space"),
                                named(Errc::not_permitted, "not_permitted"),
                                named(Errc::not_found, "not_found"),
                                named(Errc::io_failed, "io_failed"),
                                named(Errc::locked, "locked")};

using net::NetErrc;
constexpr std::array net_names{named(NetErrc::name_not_found, "name_not_found"),
                               named(NetErrc::name_failed, "name_failed"),
                               named(NetErrc::connect_refused, "connect_refused"),
                               named(NetErrc::unreachable, "unreachable"),
                               named(NetErrc::reset, "reset"),
                               named(NetErrc::closed, "closed"),
                               named(NetErrc::unsolicited, "unsolicited"),
                               named(NetErrc::no_descriptors, "no_descriptors"),
                               named(NetErrc::unsupported_scheme, "unsupported_scheme"),
                               named(NetErrc::interrupted, "interrupted"),
                               named(NetErrc::cut_off, "cut_off"),
                               named(NetErrc::tls_failed, "tls_failed"),
                               named(NetErrc::certificate_rejected, "certificate_rejected"),
                               named(NetErrc::proxy_unreachable, "proxy_unreachable"),
                               named(NetErrc::proxy_failed, "proxy_failed"),
                               named(NetErrc::proxy_refused, "proxy_refused"),
                               named(NetErrc::bad_tls_file, "bad_tls_file")};

using http::HttpErrc;
constexpr std::array http_names{named(HttpErrc::bad_head, "bad_head"),
                                named(HttpErrc::head_too_large, "head_too_large"),
                                named(HttpErrc::bad_framing, "bad_framing"),
                                named(HttpErrc::bad_chunk, "bad_chunk"),
                                named(HttpErrc::truncated, "truncated"),
                                named(HttpErrc::bad_redirect, "bad_redirect"),
                                named(HttpErrc::too_many_redirects, "too_many_redirects"),
                                named(HttpErrc::not_found, "not_found"),
                                named(HttpErrc::forbidden, "forbidden"),
                                named(HttpErrc::client_error, "client_error"),
                                named(HttpErrc::server_error, "server_error"),
                                named(HttpErrc::unexpected_status, "unexpected_status"),
                                named(HttpErrc::bad_range, "bad_range"),
                                named(HttpErrc::too_slow, "too_slow"),
                                named(HttpErrc::unavailable, "unavailable")};

using download::DownloadErrc;
constexpr std::array download_names{named(DownloadErrc::size_mismatch, "size_mismatch"),
                                    named(DownloadErrc::digest_mismatch, "digest_mismatch"),
                                    named(DownloadErrc::too_large, "too_large"),
                                    named(DownloadErrc::check_failed, "check_failed"),
                                    named(DownloadErrc::source_not_found, "source_not_found"),
                                    named(DownloadErrc::source_unusable, "source_unusable"),
                                    named(DownloadErrc::bad_list, "bad_list")};

std::span<const Name> names_of(std::string_view category) {
    if (category == base_category().name()) {
        return base_names;
    }
    if (category == net::net_category().name()) {
        return net_names;
    }
    if (category == http::http_category().name()) {
        return http_names;
    }
    if (category == download::download_category().name()) {
        return download_names;
    }
    return {};
}

}  // namespace

std::string error_name(std::error_code code) {
    if (!code) {
        return "none";
    }
    const std::string_view category = code.category().name();
    constexpr std::string_view ours = "lastack.";
    const auto names = names_of(category);
    const auto found = std::ranges::find(names, code.value(), &Name::value);
    std::string text{category.starts_with(ours) ? category.substr(ours.size()) : category};
    return text + "." + (found == names.end() ? std::to_string(code.value()) : std::string{found->name});
}

}  // namespace lastack::cli
