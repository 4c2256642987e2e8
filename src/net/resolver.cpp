#include "net/resolver.hpp"

#include "net/error.hpp"
#include "net/event.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <netdb.h>
#include <pthread.h>
#include <sys/socket.h>
#include <thread>

namespace lastack::net {

namespace {

constexpr std::size_t max_addresses = 256;  // of one host, of both families; a hostile zone may list thousands
constexpr auto answer_lifetime = std::chrono::seconds{30};

struct LookupOutcome {
    int status = EAI_FAIL;
    int system_status = 0;
    std::vector<std::string> ips;
};

LookupOutcome look_up(const std::string& host) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    LookupOutcome outcome;
    outcome.status = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    if (outcome.status == EAI_ADDRFAMILY || (outcome.status == EAI_NONAME && list == nullptr)) {
        // AI_ADDRCONFIG hides loopback-only answers where only loopback is configured.
        hints.ai_flags = 0;
        outcome.status = getaddrinfo(host.c_str(), nullptr, &hints, &list);
    }
    outcome.system_status = errno;
    for (const addrinfo* entry = list; entry != nullptr && outcome.ips.size() < max_addresses; entry = entry->ai_next) {
        char text[NI_MAXHOST];
        if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) {
            if (std::ranges::find(outcome.ips, text) == outcome.ips.end()) {
                outcome.ips.emplace_back(text);
            }
        }
    }
    if (list != nullptr) {
        freeaddrinfo(list);
    }
    return outcome;
}

Error lookup_error(const std::string& host, const LookupOutcome& outcome) {
    Error error{.code = NetErrc::name_failed, .phase = Phase::resolving};
    if (outcome.status == EAI_NONAME || outcome.status == EAI_NODATA) {
        error.code = NetErrc::name_not_found;
        error.cause = "host '" + host + "' not found";
        error.next_step = "check the spelling of the host name";
    } else {
        error.cause = "the name '" + host + "' could not be resolved: " + gai_strerror(outcome.status);
        error.next_step = "check the network and /etc/resolv.conf";
    }
    return error;
}

}  // namespace

// Shared by its waiters and by the thread's completion.
struct Resolver::Lookup {
    std::thread thread;
    bool done = false;
    LookupOutcome outcome;
    std::list<Event*> waiters;
};

// Shared with the threads: whether the reactor may still be posted to.
struct Resolver::Door {
    std::mutex mutex;
    bool open = true;
};

Resolver::Resolver(Network& network) : network_{network}, door_{std::make_shared<Door>()} {}

Resolver::~Resolver() {
    {
        const std::lock_guard lock{door_->mutex};
        door_->open = false;
    }
    for (auto& [host, lookup] : running_) {
        // A thread inside getaddrinfo cannot be ended and must not delay our exit; it owns all that it still touches.
        lookup->thread.detach();
    }
}

std::shared_ptr<Resolver::Lookup> Resolver::start(const std::string& host) {
    auto lookup = std::make_shared<Lookup>();
    running_[host] = lookup;
    lookup->thread = std::thread([this, door = door_, host, executor = network_.executor()] {
        LookupOutcome outcome = look_up(host);
        const std::lock_guard lock{door->mutex};
        if (!door->open) {
            return;
        }
        asio::post(executor, [this, door, host, outcome = std::move(outcome)]() mutable {
            if (!door->open) {
                return;  // posted before the resolver went, run after
            }
            running_.at(host)->outcome = std::move(outcome);
            finished(host);
        });
    });
    return lookup;
}

void Resolver::finished(const std::string& host) {
    const auto lookup = std::move(running_.at(host));
    running_.erase(host);
    lookup->thread.join();  // it has posted its last word
    lookup->done = true;
    if (lookup->outcome.status == 0) {
        answers_[host] = {lookup->outcome.ips, network_.now() + answer_lifetime};
    }
    for (Event* waiter : lookup->waiters) {
        waiter->set();
    }
}

Task<Result<std::vector<Address>>> Resolver::resolve(std::string host, std::uint16_t port, TimePoint deadline) {
    const auto with_port = [port](const std::vector<std::string>& ips) {
        std::vector<Address> addresses;
        for (const std::string& ip : ips) {
            addresses.push_back({ip, port});
        }
        return addresses;
    };
    boost::system::error_code not_numeric;
    asio::ip::make_address(host, not_numeric);
    if (!not_numeric) {
        co_return with_port({host});
    }
    if (host == "localhost" || host.ends_with(".localhost")) {
        co_return with_port({"::1", "127.0.0.1"});  // RFC 6761 section 6.3: always this machine, whatever a name server would say
    }
    if (const auto known = answers_.find(host); known != answers_.end() && network_.now() < known->second.valid_until) {
        co_return with_port(known->second.ips);
    }
    const auto found = running_.find(host);
    const std::shared_ptr<Lookup> lookup = found != running_.end() ? found->second : start(host);
    Event answered{network_};
    const auto place = lookup->waiters.insert(lookup->waiters.end(), &answered);
    const Wake wake = co_await answered.wait(deadline);
    lookup->waiters.erase(place);
    if (lookup->done) {
        if (lookup->outcome.status != 0 || lookup->outcome.ips.empty()) {
            co_return std::unexpected(lookup_error(host, lookup->outcome));
        }
        co_return with_port(lookup->outcome.ips);
    }
    if (wake == Wake::cancelled) {
        co_return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::resolving, .cause = "cancelled"});
    }
    co_return std::unexpected(Error{.code = Errc::timed_out,
                                    .phase = Phase::resolving,
                                    .cause = "no answer to the question for '" + host + "' in time",
                                    .next_step = "check /etc/resolv.conf or raise 'timeout'"});
}

}  // namespace lastack::net
