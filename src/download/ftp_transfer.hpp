// One file from an FTP server, through libcurl, in steps: each one runs for a moment on a worker and returns what came. Between steps
// nothing happens, so a slow receiver slows the server down. Not for the reactor.
#pragma once

#include "base/time.hpp"
#include "base/url.hpp"
#include "http/credentials.hpp"
#include "net/network.hpp"

#include "lastack/result.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lastack::download {

struct Libcurl;

struct FtpTarget {
    Url url;
    std::optional<http::Credentials> credentials;  // none: anonymous
    std::vector<net::Address> addresses;           // of the host, in the order to try
    std::chrono::milliseconds connect_limit{30'000};
    std::chrono::milliseconds response_limit{30'000};
};

// What the server tells of a file before it sends it; unset: it does not tell.
struct FtpFile {
    std::optional<std::uint64_t> size;
    std::optional<std::int64_t> modified;  // seconds since 1970
};

class FtpTransfer {
public:
    // A file of which more came than was taken is not read on.
    static constexpr std::size_t most_held = std::size_t{256} << 10;

    FtpTransfer(const Libcurl& libcurl, FtpTarget target);
    // Errors: Errc::invalid_argument for a path that names no file or cannot be sent.
    [[nodiscard]] Result<void> prepare();
    ~FtpTransfer();
    FtpTransfer(const FtpTransfer&) = delete;
    FtpTransfer& operator=(const FtpTransfer&) = delete;

    // Connects, logs in and asks for size and time.
    void ask_about();
    // Then sends the file from `first` to `last`, both included; on the connection at hand.
    void ask_for(std::uint64_t first, std::optional<std::uint64_t> last);

    struct Step {
        std::vector<std::byte> bytes;
        bool done = false;
    };
    // Goes on for at most `longest`, and no longer than until something came. Errors: those of net::NetErrc and http::HttpErrc that say the
    // same of an http server, Errc::timed_out.
    [[nodiscard]] Result<Step> step(std::size_t most, std::chrono::milliseconds longest);

    [[nodiscard]] FtpFile about() const;
    [[nodiscard]] std::string peer() const;  // "ip:port"; empty before there is a connection
    // It failed because the server cannot begin elsewhere than at the beginning.
    [[nodiscard]] bool refuses_ranges() const;

    // QUIT, and the end of the connection.
    void close();

private:
    struct Curl;
    std::unique_ptr<Curl> curl_;
};

}  // namespace lastack::download
