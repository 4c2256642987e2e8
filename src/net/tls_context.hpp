// What all TLS connections of the same settings share: trust store, client certificate, sessions to resume. The files behind it are read
// on a worker; sessions are kept per server and way, so that none is ever offered to another host or under other settings.
#pragma once

#include "net/network.hpp"
#include "net/task.hpp"
#include "net/workers.hpp"

#include "lastack/connection_options.hpp"
#include "lastack/result.hpp"

#include <list>
#include <map>
#include <memory>
#include <string>

using SSL_CTX = struct ssl_ctx_st;
using SSL_SESSION = struct ssl_session_st;

namespace lastack::net {

class TlsContext {
public:
    // Reads files: not for the reactor. Errors: NetErrc::bad_tls_file with the file's name.
    [[nodiscard]] static Result<std::shared_ptr<TlsContext>> load(const TlsOptions& options);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    [[nodiscard]] SSL_CTX* native() const noexcept { return context_; }
    [[nodiscard]] bool verifies() const noexcept { return verifies_; }

    // A ticket of TLS 1.3 is used once (RFC 8446 appendix C.4), a session of 1.2 again and again. Ownership goes to the caller; null: none.
    [[nodiscard]] SSL_SESSION* take_session(const std::string& server);
    void keep_session(const std::string& server, SSL_SESSION* session);  // takes ownership

private:
    TlsContext() = default;

    SSL_CTX* context_ = nullptr;
    bool verifies_ = true;
    std::map<std::string, std::list<SSL_SESSION*>> sessions_;  // reactor thread only
};

// Contexts by their settings, each loaded once. Reactor thread only.
class TlsContexts {
public:
    explicit TlsContexts(Workers& workers) : workers_{workers} {}

    // Errors as TlsContext::load, and Errc::cancelled. A failure is not remembered: the file may be there next time.
    [[nodiscard]] Task<Result<std::shared_ptr<TlsContext>>> get(TlsOptions options);

private:
    Workers& workers_;
    std::map<TlsOptions, std::shared_ptr<TlsContext>> loaded_;
};

}  // namespace lastack::net
