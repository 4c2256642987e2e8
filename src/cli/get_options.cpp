#include "cli/get_options.hpp"

#include "base/text.hpp"
#include "http/proxy_choice.hpp"
#include "http/proxy_url.hpp"

#include <CLI/CLI.hpp>

namespace lastack::cli {

namespace {

constexpr unsigned most_jobs = 4096;

void add_file_options(CLI::App& get, GetOptions& options) {
    get.add_option("-i,--input", options.lists, "List of files; - is standard input (repeatable)")
        ->type_name("LIST")
        ->allow_extra_args(false);
    get.add_option("--metalink", options.metalinks, "Files of a metalink, from a file, standard input (-) or a URL (repeatable)")
        ->type_name("FILE|URL")
        ->allow_extra_args(false);
    get.add_option("--manifest", options.manifests, "Files of a JSON manifest; - is standard input (repeatable)")
        ->type_name("FILE")
        ->allow_extra_args(false);
    get.add_option("--mirror", options.mirrors, "Another URL of the same file (repeatable)")->type_name("URL")->allow_extra_args(false);
    get.add_option("--sha256", options.sha256, "Digest that the file must have")->type_name("HEX");
    get.add_option("--sha512", options.sha512, "Digest that the file must have")->type_name("HEX");
    get.add_option("--size", options.size, "Bytes that the file must have")->type_name("BYTES");
    get.add_option("-j,--jobs", options.jobs, "Files, and connections, at a time")
        ->type_name("N")
        ->check(CLI::Range(1U, most_jobs).description(""));
    get.add_option("--limit-rate", options.rate_limit, "Bytes per second of the whole run: 500k, 2M")->type_name("RATE");
    get.add_option("--range", options.range, "Only these bytes: FIRST-LAST or FIRST-")->type_name("RANGE");
    get.add_option("--header", options.headers, "Field of every request, 'Name: value' (repeatable)")
        ->type_name("FIELD")
        ->allow_extra_args(false);
    CLI::Option* resume = get.add_flag("-C,--continue", options.resume, "Go on with partial files (the default)");
    get.add_flag("--no-continue", options.no_resume, "Begin every file anew")->excludes(resume);
    get.add_flag("--json", options.json, "One JSON object per file on standard output");
}

}  // namespace

void add_get_options(CLI::App& get, GetOptions& options) {
    add_file_options(get, options);
    CLI::Option* proxy = get.add_option("--proxy", options.proxy, "Proxy: [http|https|socks5|socks5h://][USER:PASSWORD@]HOST[:PORT]");
    proxy->type_name("URL")->allow_extra_args(false);
    get.add_flag("--no-proxy", options.no_proxy, "Ask the server itself, whatever configuration and environment say")->excludes(proxy);
    CLI::Option* verify = get.add_flag("--sslverify", options.verify, "The server's certificate must be valid");
    get.add_flag("--no-sslverify", options.no_verify, "Any certificate will do: whoever is on the way can read and change all")
        ->excludes(verify);
    get.add_option("--cacert", options.ca, "Trusted issuers, instead of the system's (PEM file or directory)")->type_name("PATH");
    get.add_option("--cert", options.certificate, "Client certificate (PEM)")->type_name("FILE");
    get.add_option("--key", options.key, "Key of the client certificate (PEM)")->type_name("FILE");
    CLI::Option* v4 = get.add_flag("-4,--ipv4", options.v4, "Only IPv4 addresses");
    get.add_flag("-6,--ipv6", options.v6, "Only IPv6 addresses")->excludes(v4);
}

Result<ConnectionOptions> connection_of(const GetOptions& options, ConnectionOptions main) {
    main.username.clear();
    main.password.clear();
    if (options.no_proxy) {
        main.proxy.url.emplace();
    } else if (options.proxy) {
        const bool none = options.proxy->empty() || iequals(*options.proxy, http::no_proxy_word);
        if (const auto parsed = none ? Result<net::ProxyTarget>{} : http::parse_proxy_url(*options.proxy); !parsed) {
            Error error = parsed.error();
            error.cause = "--proxy: " + error.cause;
            return std::unexpected(std::move(error));
        }
        // The credentials of [main] are for the proxy of [main].
        main.proxy.username.clear();
        main.proxy.password.clear();
        main.proxy.url = *options.proxy;
    }
    main.tls.verify = options.verify || (main.tls.verify && !options.no_verify);
    if (!options.ca.empty()) {
        main.tls.ca = options.ca;
    }
    if (!options.certificate.empty()) {
        main.tls.client_certificate = options.certificate;
        main.tls.client_key.clear();
    }
    if (!options.key.empty()) {
        main.tls.client_key = options.key;
    }
    if (options.v4 || options.v6) {
        main.ip_family = options.v4 ? IpFamily::v4 : IpFamily::v6;
    }
    return main;
}

}  // namespace lastack::cli
