#include "tls_fixture.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>

namespace lastack::test {

namespace {

constexpr auto kPatience = 10s;

}  // namespace

EnvironmentVariable::EnvironmentVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    ::setenv(name_.c_str(), value.c_str(), 1);
}
EnvironmentVariable::~EnvironmentVariable() { ::unsetenv(name_.c_str()); }

TlsTest::TlsTest() {
    options.idle_limit = 60s;
    options.on_connection_event = [events = events_](const ConnectionEvent& event) {
        const std::scoped_lock lock(events->mutex);
        events->all.push_back(event);
        events->changed.notify_all();
    };
    tls().ca = ca.certificate();
}

NginxOptions TlsTest::nginx_options(const std::string& protocols) {
    const auto identity = ca.server();
    return {.tls = NginxTls{.certificate = identity.certificate, .key = identity.key, .client_ca = {}, .protocols = protocols}};
}

void TlsTest::expect_body(const std::string& url, std::string_view body) {
    const auto result = fetch(document(url));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, body);
}

Error TlsTest::failure_of(const std::string& url) {
    const auto result = fetch(document(url));
    EXPECT_FALSE(result.has_value());
    return result ? Error{} : result.error();
}

std::vector<ConnectionEvent> TlsTest::events() const {
    const std::scoped_lock lock(events_->mutex);
    return events_->all;
}

int TlsTest::count_of(ConnectionEventKind kind) const {
    const std::scoped_lock lock(events_->mutex);
    return static_cast<int>(std::ranges::count(events_->all, kind, &ConnectionEvent::kind));
}

bool TlsTest::wait_for_events(ConnectionEventKind kind, int count) const {
    std::unique_lock lock(events_->mutex);
    return events_->changed.wait_for(lock, kPatience,
                                     [&] { return std::ranges::count(events_->all, kind, &ConnectionEvent::kind) >= count; });
}

ConnectionEvent TlsTest::last(ConnectionEventKind kind) const {
    ConnectionEvent found;
    for (const auto& event : events()) {
        found = event.kind == kind ? event : found;
    }
    return found;
}

std::string version_name(const ::testing::TestParamInfo<TlsVersion>& info) {
    return info.param == TlsVersion::tls1_2 ? "tls_1_2" : "tls_1_3";
}

std::string answer(std::string_view body, std::string_view fields) {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

bool wait_until_taken(std::uint16_t port) {
    const auto until = Clock::now() + kPatience;
    while (Clock::now() < until) {
        const auto sockets = own_sockets_to(port);
        if (std::ranges::all_of(sockets, [](const TcpSocket& socket) { return socket.unread == 0; })) {
            return true;
        }
    }
    return false;
}

std::chrono::nanoseconds longest_close_wait(std::uint16_t port, const std::function<bool()>& predicate) {
    std::map<std::uint64_t, TimePoint> since;
    std::chrono::nanoseconds longest{0};
    const auto until = Clock::now() + kPatience;
    while (!predicate() && Clock::now() < until) {
        const auto sockets = own_sockets_to(port);
        const auto now = Clock::now();
        std::map<std::uint64_t, TimePoint> still;
        for (const auto& socket : sockets) {
            if (socket.state == TcpState::close_wait) {
                const auto began = since.contains(socket.inode) ? since[socket.inode] : now;
                still[socket.inode] = began;
                longest = std::max<std::chrono::nanoseconds>(longest, now - began);
            }
        }
        since = std::move(still);
    }
    return longest;
}

}  // namespace lastack::test
