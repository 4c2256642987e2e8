#include "http/connector.hpp"

#include "http/connection.hpp"
#include "http/error.hpp"
#include "http/tunnel.hpp"
#include "net/dial.hpp"
#include "net/dial_plan.hpp"
#include "net/error.hpp"
#include "net/socks5.hpp"
#include "net/tls_stream.hpp"

#include <optional>
#include <utility>

namespace lastack::http {

namespace {

using net::NetErrc;
using net::ProxyTarget;

constexpr std::size_t most_socks_hosts = 4;  // both families are among them; each costs a connection to the proxy

std::string authority_of(const Origin& origin) {
    const bool v6 = origin.host.find(':') != std::string::npos;
    return (v6 ? "[" + origin.host + "]" : origin.host) + ":" + std::to_string(origin.port);
}

Error of_proxy(const ProxyTarget& proxy, NetErrc code, Error error) {
    // Cancelled stays cancelled, and a full descriptor table is ours to mend.
    if (error.code == Errc::cancelled || error.code == NetErrc::no_descriptors || error.code == NetErrc::interrupted) {
        return error;
    }
    error.code = code;
    error.cause = "proxy " + to_string(proxy) + ": " + error.cause;
    if (error.next_step.empty() || code == NetErrc::proxy_unreachable) {
        error.next_step = "check the proxy's settings (proxy=, http_proxy, https_proxy)";
    }
    return error;
}

// A proxy that answers CONNECT with anything but a 2xx.
Error refusal(const ProxyTarget& proxy, const ResponseHead& head, const std::string& authority) {
    Error error{.code = NetErrc::proxy_failed, .phase = Phase::tunnelling, .http_status = head.status};
    error.cause = "it answered " + std::to_string(head.status) + (head.reason.empty() ? "" : " " + head.reason) +
                  " to the wish for a way to " + authority;
    if (head.status == 407) {
        error.next_step = "check proxy_username and proxy_password";
        return of_proxy(proxy, NetErrc::proxy_refused, std::move(error));
    }
    if (head.status == 403 || head.status == 401 || head.status == 405) {
        error.next_step = "the proxy does not allow this host or port: ask whoever runs it";
        return of_proxy(proxy, NetErrc::proxy_refused, std::move(error));
    }
    error.next_step = "the proxy is there, the host behind it is not reached: try later or use another mirror";
    return of_proxy(proxy, NetErrc::proxy_failed, std::move(error));
}

}  // namespace

net::Task<Result<std::unique_ptr<net::Connection>>> Connector::connect(net::PoolKey key, TimePoint deadline, net::DialObserver& observer) {
    const bool secured = key.origin.scheme == "https";
    if (!secured && key.origin.scheme != "http") {
        co_return std::unexpected(Error{.code = NetErrc::unsupported_scheme,
                                        .phase = Phase::connecting,
                                        .cause = "lastack speaks http and https, not " + key.origin.scheme,
                                        .next_step = "use an http:// or https:// URL"});
    }
    auto stream = co_await reach(key, deadline, observer);
    if (stream && secured) {
        const std::string way = key.way->proxy ? to_string(*key.way->proxy) : "";
        stream = co_await secure(std::move(*stream), key.way->tls, key.origin, way, deadline);
        if (!stream && !way.empty() && stream.error().code != Errc::cancelled) {
            stream.error().cause += " (through proxy " + way + ")";  // which may have broken off what it promised
        }
    }
    if (!stream) {
        co_return std::unexpected(std::move(stream.error()));
    }
    co_return std::make_unique<Connection>(std::move(*stream), secured ? Connection::Secure::yes : Connection::Secure::no);
}

net::Task<Connector::StreamResult> Connector::reach(const net::PoolKey& key, TimePoint deadline, net::DialObserver& observer) {
    if (key.way->proxy) {
        co_return co_await reach_through(key, *key.way->proxy, deadline, observer);
    }
    auto stream = co_await net::dial(network_, key.origin.host, key.origin.port, key.way->family, deadline);
    if (stream) {
        observer.connected((*stream)->peer());
    }
    co_return stream;
}

net::Task<Connector::StreamResult> Connector::reach_through(const net::PoolKey& key, const ProxyTarget& proxy, TimePoint deadline,
                                                            net::DialObserver& observer) {
    if (proxy.scheme == ProxyTarget::Scheme::socks5 || proxy.scheme == ProxyTarget::Scheme::socks5h) {
        co_return co_await reach_through_socks(key, proxy, deadline, observer);
    }
    const std::string authority = authority_of(key.origin);
    Authenticator* authenticator = proxy.username.empty() ? nullptr : &authenticators_.of(proxy);
    AuthenticationAttempts attempts;
    while (true) {
        auto stream = co_await reach_proxy(key, proxy, deadline, observer);
        if (!stream) {
            co_return std::unexpected(of_proxy(proxy, NetErrc::proxy_unreachable, std::move(stream.error())));
        }
        auto head = co_await ask_for_tunnel(
            **stream,
            {.authority = authority,
             .user_agent = user_agent_,
             .authorization = authenticator ? authenticator->value_for(attempts, "CONNECT", authority).value_or("") : ""},
            deadline);
        if (!head) {
            head.error().address = (*stream)->peer();
            co_return std::unexpected(of_proxy(proxy, NetErrc::proxy_unreachable, std::move(head.error())));
        }
        if (head->status >= 200 && head->status < 300) {
            co_return std::move(*stream);
        }
        // The answer's body is not worth reading: with credentials it is asked on a connection of its own.
        if (head->status == 407 && authenticator != nullptr &&
            authenticator->challenged(attempts, parse_challenges(head->fields, "Proxy-Authenticate")) == Verdict::try_again) {
            continue;
        }
        Error error = refusal(proxy, *head, authority);
        error.address = (*stream)->peer();
        co_return std::unexpected(std::move(error));
    }
}

net::Task<Connector::StreamResult> Connector::reach_proxy(const net::PoolKey& key, const ProxyTarget& proxy, TimePoint deadline,
                                                          net::DialObserver& observer) {
    auto stream = co_await net::dial(network_, proxy.host, proxy.port, key.way->family, deadline);
    if (!stream) {
        co_return stream;
    }
    observer.connected((*stream)->peer());
    if (proxy.scheme == ProxyTarget::Scheme::https) {
        const Origin peer{.scheme = "https", .host = proxy.host, .port = proxy.port};
        co_return co_await secure(std::move(*stream), proxy.tls, peer, "", deadline);
    }
    co_return stream;
}

// What the proxy is asked to lead to, in this order: the name, or its addresses when names are resolved here.
net::Task<Result<std::vector<std::string>>> Connector::socks_hosts(const net::PoolKey& key, const ProxyTarget& proxy, TimePoint deadline) {
    if (proxy.scheme == ProxyTarget::Scheme::socks5h) {
        co_return std::vector{key.origin.host};
    }
    const auto addresses = co_await network_.resolve(key.origin.host, key.origin.port, deadline);
    if (!addresses) {
        co_return std::unexpected(addresses.error());
    }
    std::vector<std::string> hosts;
    for (const net::Address& address : net::dial_order(*addresses, key.way->family)) {
        if (hosts.size() < most_socks_hosts) {
            hosts.push_back(address.ip);
        }
    }
    if (hosts.empty()) {
        co_return std::unexpected(net::no_address_error(key.origin.host, *addresses, key.way->family));
    }
    co_return hosts;
}

net::Task<Connector::StreamResult> Connector::reach_through_socks(const net::PoolKey& key, const ProxyTarget& proxy, TimePoint deadline,
                                                                  net::DialObserver& observer) {
    const auto hosts = co_await socks_hosts(key, proxy, deadline);
    if (!hosts) {
        co_return std::unexpected(hosts.error());
    }
    std::optional<Error> first;
    for (const std::string& host : *hosts) {
        auto stream = co_await reach_proxy(key, proxy, deadline, observer);
        if (!stream) {
            co_return std::unexpected(of_proxy(proxy, NetErrc::proxy_unreachable, std::move(stream.error())));
        }
        auto led = co_await through_socks(std::move(*stream), host, key.origin.port, proxy, deadline);
        // A refusal after a login may be about the password, which is not to be tried again.
        if (led || (led.error().code != NetErrc::proxy_failed && (led.error().code != NetErrc::proxy_refused || !proxy.username.empty()))) {
            co_return led;
        }
        if (!first) {
            first = std::move(led.error());
        }
    }
    co_return std::unexpected(std::move(*first));
}

net::Task<Connector::StreamResult> Connector::through_socks(std::unique_ptr<net::Stream> stream, std::string host, std::uint16_t port,
                                                            const ProxyTarget& proxy, TimePoint deadline) {
    net::Socks5Request request{.host = std::move(host), .port = port, .credentials = std::nullopt};
    if (!proxy.username.empty()) {
        request.credentials = {.username = proxy.username, .password = proxy.password};
    }
    auto done = co_await net::socks5_connect(*stream, request, deadline);
    if (!done) {
        const auto code = done.error().code == NetErrc::proxy_refused  ? NetErrc::proxy_refused
                          : done.error().code == NetErrc::proxy_failed ? NetErrc::proxy_failed
                                                                       : NetErrc::proxy_unreachable;
        done.error().address = stream->peer();
        co_return std::unexpected(of_proxy(proxy, code, std::move(done.error())));
    }
    co_return std::move(stream);
}

net::Task<Connector::StreamResult> Connector::secure(std::unique_ptr<net::Stream> stream, TlsOptions options, const Origin& peer,
                                                     std::string way, TimePoint deadline) {
    auto context = co_await tls_.get(std::move(options));
    if (!context) {
        co_return std::unexpected(std::move(context.error()));
    }
    co_return co_await net::tls_connect(std::move(stream), std::move(*context),
                                        {.host = peer.host, .session_key = authority_of(peer) + " " + way}, deadline);
}

}  // namespace lastack::http
