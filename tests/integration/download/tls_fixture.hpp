// A client that trusts a CA of the test's own, and what a test wants to know of its connections.
#pragma once

#include "client_fixture.hpp"
#include "net/error.hpp"
#include "support/nginx_server.hpp"
#include "support/test_ca.hpp"
#include "support/tls_peer.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

// A variable of the environment for the time of a scope.
class EnvironmentVariable {
public:
    EnvironmentVariable(std::string name, const std::string& value);
    ~EnvironmentVariable();
    EnvironmentVariable(const EnvironmentVariable&) = delete;
    EnvironmentVariable& operator=(const EnvironmentVariable&) = delete;

private:
    std::string name_;
};

class TlsTest : public ClientTest {
protected:
    TlsTest();

    [[nodiscard]] TlsPeerOptions peer_options(TlsVersion version = TlsVersion::any) {
        return {.identity = ca.server(), .min = version, .max = version, .alpn = {}, .client_ca = {}};
    }
    [[nodiscard]] NginxOptions nginx_options(const std::string& protocols = "TLSv1.2 TLSv1.3");
    [[nodiscard]] TlsOptions& tls() { return request_options.connection.tls; }

    // Fetches it, and says which connection of the peer carried it.
    void expect_body(const std::string& url, std::string_view body);
    // The error of the only attempt that a request may take.
    [[nodiscard]] Error failure_of(const std::string& url);

    [[nodiscard]] std::vector<ConnectionEvent> events() const;
    [[nodiscard]] int count_of(ConnectionEventKind kind) const;
    [[nodiscard]] bool wait_for_events(ConnectionEventKind kind, int count = 1) const;
    [[nodiscard]] ConnectionEvent last(ConnectionEventKind kind) const;

    TestCa ca;

private:
    struct Events {
        std::mutex mutex;
        std::condition_variable changed;
        std::vector<ConnectionEvent> all;
    };
    std::shared_ptr<Events> events_ = std::make_shared<Events>();  // the client, which outlives this, reports to it
};

// Both versions that are spoken.
class TlsVersions : public TlsTest, public ::testing::WithParamInterface<TlsVersion> {
protected:
    [[nodiscard]] TlsPeerOptions versioned() { return peer_options(GetParam()); }
    [[nodiscard]] std::string protocols() const { return GetParam() == TlsVersion::tls1_2 ? "TLSv1.2" : "TLSv1.3"; }
};

[[nodiscard]] std::string version_name(const ::testing::TestParamInfo<TlsVersion>& info);

[[nodiscard]] std::string answer(std::string_view body, std::string_view fields = "");

// Answers every request with the document "body", until it is told otherwise.
class DocumentPeer : public TlsPeer {
public:
    explicit DocumentPeer(const TlsPeerOptions& options, const std::string& address = "127.0.0.1") : TlsPeer(options, address) {
        on_accept(0, {tls::Handshake{}, tls::Answer{.bytes = answer("body"), .requests = 0}});
    }
};

// The kernel holds no byte for any of our sockets to that port: the client has taken what was sent.
[[nodiscard]] bool wait_until_taken(std::uint16_t port);
// Watches our sockets to that port until `predicate` holds; the longest time that one was seen in CLOSE_WAIT.
[[nodiscard]] std::chrono::nanoseconds longest_close_wait(std::uint16_t port, const std::function<bool()>& predicate);

}  // namespace lastack::test
