// The URL of a proxy (first line) and no_proxy (the rest): a proxy that is accepted can be asked, and no error shows what may be a
// password.
#include "http/proxy_url.hpp"

#include "http/proxy_choice.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void require(bool held) {
    if (!held) {
        std::abort();
    }
}

bool is_clean(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7F; });
}

void check(const lastack::net::ProxyTarget& proxy) {
    require(!proxy.host.empty() && proxy.port != 0);
    require(is_clean(proxy.host) && is_clean(proxy.username) && is_clean(proxy.password));
    require(proxy.host.find_first_of("@/[]") == std::string::npos);
}

// With a password put before the host, or among what is wrong with it.
void check_secrecy(std::string_view text) {
    constexpr std::string_view secret = "kuhvogelzimmer";
    const auto scheme = text.find("://");
    const auto begin = scheme == std::string_view::npos ? 0 : scheme + 3;
    for (const char* form : {"u:kuhvogelzimmer@", "u:kuhvogelzimmer", "u:kuhvogelzimmer#@", ":kuhvogelzimmer"}) {
        std::string with_secret{text};
        with_secret.insert(begin, form);
        const auto proxy = lastack::http::parse_proxy_url(with_secret);
        require(proxy || text.find(secret) != std::string_view::npos || lastack::describe(proxy.error()).find(secret) == std::string::npos);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace http = lastack::http;
    const std::string_view input(reinterpret_cast<const char*>(data), size);
    const std::string_view text = input.substr(0, input.find('\n'));
    const std::string_view list = text.size() == input.size() ? std::string_view{} : input.substr(text.size() + 1);

    const auto proxy = http::parse_proxy_url(text);
    if (proxy) {
        check(*proxy);
    } else {
        require(is_clean(proxy.error().cause));
    }
    check_secrecy(text);
    for (const char* host : {"http://name.example.com/", "https://10.1.2.3:8443/", "http://[fd00::12]/"}) {
        static const lastack::ProxyOptions none;
        const auto url = lastack::parse_url(host).value();
        const auto chosen =
            http::choose_proxy(url, none, {.https_proxy = {}, .all_proxy = std::string{text}, .no_proxy = std::string{list}});
        if (chosen && *chosen) {
            require(proxy && **chosen == *proxy && !http::is_exempt(url.origin, list));
        } else {
            require(!proxy || text.empty() || http::is_exempt(url.origin, list));
        }
    }
    return 0;
}
