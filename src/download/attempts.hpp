// Mirror after mirror, attempt after attempt, until one brings the whole or the plan says to give up: the loop that files and documents
// share.
#pragma once

#include "base/url.hpp"
#include "http/client.hpp"
#include "net/network.hpp"
#include "net/task_group.hpp"

#include "lastack/client.hpp"
#include "lastack/result.hpp"

#include <optional>
#include <string>
#include <vector>

namespace lastack::download {

struct Mirrors;
class FtpClient;

// What the reactor's side of a client consists of; owned by the Engine.
struct Transport {
    net::Network& network;
    net::Pool& pool;
    http::Client& http;
    FtpClient& ftp;
    http::PaceGate& pace;
    net::TaskGroup& tasks;  // for what runs beside a job
    Mirrors& mirrors;
};

[[nodiscard]] const char* default_user_agent() noexcept;  // "lastack/VERSION"

// One attempt of something that is downloaded.
class Attempt {
public:
    virtual ~Attempt() = default;
    // Asks this mirror once. `request` has URL, options and limits filled in.
    [[nodiscard]] virtual net::Task<Result<void>> ask(http::Request request) = 0;
    // Takes it from a file: URL.
    [[nodiscard]] virtual net::Task<Result<void>> ask_file(std::string url) = 0;
    // Bytes that are kept by now; tells progress from standstill.
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
    // Bytes that came by now, those not kept yet included.
    [[nodiscard]] virtual std::uint64_t received() const { return bytes(); }
    [[nodiscard]] virtual std::optional<std::uint64_t> total() const { return std::nullopt; }
    // Whether another mirror may bring the rest of what one began, and a wrong file would be noticed.
    [[nodiscard]] virtual bool movable() const { return false; }
};

// Runs attempts over the mirrors. The error of the last one, with what the other mirrors said in its cause.
[[nodiscard]] net::Task<Result<void>> run_attempts(Transport transport, std::vector<std::string> urls, RequestOptions options,
                                                   Attempt& attempt);

// For the error of a request with a body: nobody knows whether the server obeyed, so our own interruption is no reason for another try.
void forbid_repeating(Error& error);

// A request with a body goes to one URL, once.
void post_once(std::vector<std::string>& urls, RequestOptions& options);

// By http or ftp, as the URL says.
[[nodiscard]] net::Task<Result<http::Response>> send(Transport transport, http::Request request, http::BodySink& sink);

// Errors: Errc::invalid_argument for an empty list; URLs that do not parse fail as a mirror when their turn comes.
[[nodiscard]] http::Request make_request(Url url, const RequestOptions& options);

}  // namespace lastack::download
