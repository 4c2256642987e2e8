// Names to addresses without blocking the reactor: getaddrinfo on a thread per lookup, concurrent lookups of one host coalesced, answers
// kept for a short while. A lookup whose waiters gave up goes on in its thread, because getaddrinfo cannot be stopped.
#pragma once

#include "net/network.hpp"

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace lastack::net {

class Resolver {
public:
    explicit Resolver(Network& network);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    [[nodiscard]] Task<Result<std::vector<Address>>> resolve(std::string host, std::uint16_t port, TimePoint deadline);

private:
    struct Lookup;
    struct Door;
    struct Answer {
        std::vector<std::string> ips;
        TimePoint valid_until;
    };

    std::shared_ptr<Lookup> start(const std::string& host);
    void finished(const std::string& host);

    Network& network_;
    std::map<std::string, std::shared_ptr<Lookup>> running_;
    std::map<std::string, Answer> answers_;
    std::shared_ptr<Door> door_;
};

}  // namespace lastack::net
