#include "repo/set_connection_option.hpp"

#include "base/text.hpp"
#include "http/proxy_choice.hpp"
#include "http/proxy_url.hpp"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

namespace lastack::repo {

namespace {

using Outcome = Parsed<void>;

Outcome set_verify(TlsOptions& tls, std::string_view value) {
    const auto verify = parse_boolean(value);
    if (!verify) {
        return std::unexpected(verify.error());
    }
    tls.verify = *verify;
    return {};
}

// Relative to the directory that the program happens to be started in, trust would be anybody's who may write there.
Outcome set_path(std::filesystem::path& field, std::string_view value) {
    if (!value.empty() && !value.starts_with('/')) {
        return std::unexpected("'" + printable(value) + "' is not an absolute path");
    }
    if (value.contains('\n')) {
        return std::unexpected(std::string{"one path is expected, not several lines"});
    }
    field = value;
    return {};
}

bool has_control_character(std::string_view value) {
    return std::ranges::any_of(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

Outcome set_password(std::string& field, std::string_view value) {
    if (has_control_character(value)) {
        return std::unexpected(std::string{"the value holds a line end or another control character"});
    }
    field = value;
    return {};
}

Outcome set_username(std::string& field, std::string_view value) {
    if (value.contains(':')) {
        return std::unexpected(std::string{"the value holds a ':', which HTTP does not allow in a user name"});
    }
    return set_password(field, value);
}

Outcome set_proxy(ProxyOptions& proxy, std::string_view value) {
    if (value.empty() || iequals(value, http::no_proxy_word)) {
        proxy.url.emplace();
        return {};
    }
    if (iequals(value, "libproxy")) {
        return std::unexpected(std::string{"libproxy is not supported, write http://HOST:PORT"});
    }
    // What a variable stands for is not known yet; such a proxy is checked when it is used.
    if (!value.contains('$')) {
        if (const auto parsed = http::parse_proxy_url(value); !parsed) {
            return std::unexpected(parsed.error().cause);
        }
    }
    proxy.url = value;
    return {};
}

Outcome set_ip_family(Setting<IpFamily>& family, std::string_view value) {
    if (value == "4" || iequals(value, "ipv4")) {
        family = IpFamily::v4;
    } else if (value == "6" || iequals(value, "ipv6")) {
        family = IpFamily::v6;
    } else if (value.empty() || iequals(value, "whatever")) {
        family = IpFamily::any;
    } else {
        return std::unexpected("'" + printable(value) + "' is not an address family (4, ipv4, 6, ipv6, whatever)");
    }
    return {};
}

struct ConnectionOption {
    std::string_view name;
    Outcome (*set)(ConnectionOptions&, std::string_view);
};

using Options = ConnectionOptions;
using Value = std::string_view;

constexpr ConnectionOption connection_options[] = {
    {"sslverify", [](Options& o, Value v) { return set_verify(o.tls, v); }},
    {"sslcacert", [](Options& o, Value v) { return set_path(o.tls.ca, v); }},
    {"sslclientcert", [](Options& o, Value v) { return set_path(o.tls.client_certificate, v); }},
    {"sslclientkey", [](Options& o, Value v) { return set_path(o.tls.client_key, v); }},
    {"proxy", [](Options& o, Value v) { return set_proxy(o.proxy, v); }},
    {"proxy_username", [](Options& o, Value v) { return set_username(o.proxy.username, v); }},
    {"proxy_password", [](Options& o, Value v) { return set_password(o.proxy.password, v); }},
    {"proxy_sslverify", [](Options& o, Value v) { return set_verify(o.proxy.tls, v); }},
    {"proxy_sslcacert", [](Options& o, Value v) { return set_path(o.proxy.tls.ca, v); }},
    {"proxy_sslclientcert", [](Options& o, Value v) { return set_path(o.proxy.tls.client_certificate, v); }},
    {"proxy_sslclientkey", [](Options& o, Value v) { return set_path(o.proxy.tls.client_key, v); }},
    {"username", [](Options& o, Value v) { return set_username(o.username, v); }},
    {"password", [](Options& o, Value v) { return set_password(o.password, v); }},
    {"ip_resolve", [](Options& o, Value v) { return set_ip_family(o.ip_family, v); }},
};

}  // namespace

std::optional<Outcome> set_connection_option(ConnectionOptions& options, std::string_view key, std::string_view value) {
    while (value.starts_with('\n')) {
        value.remove_prefix(1);  // it was written below its key
    }
    const auto found = std::ranges::find(connection_options, key, &ConnectionOption::name);
    return found == std::end(connection_options) ? std::nullopt : std::optional{found->set(options, value)};
}

bool is_connection_option(std::string_view key) {
    return std::ranges::find(connection_options, key, &ConnectionOption::name) != std::end(connection_options);
}

bool expand_connection(ConnectionOptions& options, const Variables& variables) {
    bool wants_releasever = false;
    const auto expanded = [&](const std::string& text) {
        Expanded result = expand(text, variables);
        wants_releasever = wants_releasever || result.wants_releasever;
        return std::move(result.text);
    };
    for (TlsOptions* tls : {&options.tls, &options.proxy.tls}) {
        for (std::filesystem::path* path : {&tls->ca, &tls->client_certificate, &tls->client_key}) {
            *path = expanded(path->string());
        }
    }
    for (std::string* text : {&options.proxy.username, &options.proxy.password, &options.username, &options.password}) {
        *text = expanded(*text);
    }
    if (options.proxy.url) {
        *options.proxy.url = expanded(*options.proxy.url);
    }
    return wants_releasever;
}

bool is_secret_option(std::string_view key) {
    constexpr std::string_view secret[] = {"username", "password",   "proxy_username", "proxy_password", "proxy",
                                           "baseurl",  "mirrorlist", "metalink",       "gpgkey",         "gpgcakey"};
    return std::ranges::find(secret, key) != std::end(secret);
}

}  // namespace lastack::repo
