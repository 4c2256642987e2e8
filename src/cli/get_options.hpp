// What `lastack get` may say: which files and how, and the way to the server, over [main] of the configuration.
#pragma once

#include "lastack/connection_options.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lastack::cli {

struct GetOptions {
    // Words as they were given; get_plan reads them.
    std::vector<std::string> lists;      // -i; "-": standard input, as in the next two
    std::vector<std::string> metalinks;  // paths or URLs
    std::vector<std::string> manifests;
    std::vector<std::string> mirrors;
    std::string sha256;
    std::string sha512;
    std::string size;
    std::string rate_limit;
    std::string range;
    std::vector<std::string> headers;
    std::optional<unsigned> jobs;
    bool resume = false;  // the default, said aloud
    bool no_resume = false;
    bool json = false;

    std::optional<std::string> proxy;  // --proxy; empty and "_none_": no proxy
    bool no_proxy = false;
    bool verify = false;     // --sslverify
    bool no_verify = false;  // --no-sslverify
    std::filesystem::path ca;
    std::filesystem::path certificate;
    std::filesystem::path key;
    bool v4 = false;
    bool v6 = false;
};

// `options` must outlive the parser.
void add_get_options(CLI::App& get, GetOptions& options);

// The connection of `main` with what was said instead. User name and password of `main` are for repositories, not for any server that is
// named: those of the URL are used. Errors: Errc::invalid_argument for a proxy that is none; it shows nothing of the proxy.
[[nodiscard]] Result<ConnectionOptions> connection_of(const GetOptions& options, ConnectionOptions main);

}  // namespace lastack::cli
