// A client in one network namespace and its origins in another. The test's own thread is in the client's.
#pragma once

#include "integration/download/client_fixture.hpp"
#include "support/network_namespace.hpp"
#include "support/polling.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <optional>
#include <string>

namespace lastack::test {

// Made before the origin, whose socket and thread are to be in the server's namespace.
struct Networks {
    Networks();
    ~Networks();
    Networks(const Networks&) = delete;
    Networks& operator=(const Networks&) = delete;
    [[nodiscard]] ScriptedOrigin::Options origin_options() const;

    std::string why_not;  // empty: there are networks
    std::optional<NamespacePair> pair;
    std::optional<NetworkNamespace::Stay> stay;
};

// A download on a thread of its own, so that a test can act in its middle.
class RunningDownload : private ProgressObserver {
public:
    RunningDownload(Client& client, DownloadRequest request);
    [[nodiscard]] bool wait_for_bytes(std::uint64_t count) const;
    [[nodiscard]] bool runs_on_for(std::chrono::milliseconds time) const { return result_.wait_for(time) == std::future_status::timeout; }
    Result<DownloadResult> result() { return result_.get(); }

private:
    void started(std::size_t, std::string_view, std::optional<std::uint64_t>) override {}
    void advanced(std::size_t, std::uint64_t received, std::optional<std::uint64_t>) override { received_ = received; }
    void finished(std::size_t, const Result<DownloadResult>&) override {}
    void tick() override {}

    std::atomic<std::uint64_t> received_ = 0;
    std::future<Result<DownloadResult>> result_;
};

class NamespaceTest : private Networks, public ClientTest {
protected:
    NamespaceTest();
    void SetUp() override;

    [[nodiscard]] NamespacePair& network() { return *pair; }
    [[nodiscard]] std::unique_ptr<ScriptedOrigin> make_origin();  // one more, in the server's namespace

    // What a middlebox does with packets to and from a server's port: "drop", "tcp flags & fin == fin drop", ... The words come behind a
    // match of the port. A later call replaces an earlier one.
    void filter(const ScriptedOrigin& server, const std::string& to_server, const std::string& to_client);

    void keep_one_idle(const std::string& path = "/f", const std::string& body = "body");
    [[nodiscard]] std::vector<TcpSocket> our_sockets() const { return own_sockets_to(origin.port()); }
    // Within `patience` no socket leads to the origin; and the pool agrees.
    void expect_all_gone_within(Duration patience);
};

}  // namespace lastack::test
