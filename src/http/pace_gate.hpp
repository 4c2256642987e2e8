// Where requests wait until their server's pace lets them go; one pace per scheme, host and port. Waiting ends with the task's
// cancellation, and requests to other servers pass by. Reactor thread only.
#pragma once

#include "base/url.hpp"
#include "http/host_pace.hpp"
#include "http/message.hpp"
#include "net/event.hpp"

#include "lastack/result.hpp"

#include <functional>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace lastack::http {

class PaceGate {
    struct Host {
        Host(unsigned most, unsigned taken_before) : pace{most, taken_before} {}
        HostPace pace;
        std::list<net::Event> waiters;
    };

public:
    // HostPace::taken() of an earlier run; 0: nothing is known.
    using TakenBefore = std::function<unsigned(const Origin&)>;

    PaceGate(net::Network& network, unsigned most_per_host, TakenBefore taken_before = nullptr)
        : network_{network}, most_{most_per_host}, taken_before_{std::move(taken_before)} {}

    // One request under way.
    class Pass {
    public:
        Pass(PaceGate& gate, Host& host, HostPace::Ticket ticket) : gate_{&gate}, host_{&host}, ticket_{ticket} {}
        ~Pass();
        Pass(Pass&& other) noexcept : gate_{std::exchange(other.gate_, nullptr)}, host_{other.host_}, ticket_{other.ticket_} {}
        Pass& operator=(Pass&&) = delete;

        void accepted();
        // True: the server only has too much of us at this moment, and asking again when the gate lets us is right.
        [[nodiscard]] bool rejected(std::optional<Duration> retry_after, HostPace::Meaning meaning = HostPace::Meaning::any);
        // The same for a connection that was refused, or ended before it said anything: without others beside it that is no matter of pace.
        [[nodiscard]] bool turned_away();
        [[nodiscard]] unsigned allowed() const { return host_->pace.allowed(); }
        [[nodiscard]] bool ever_accepted() const { return host_->pace.ever_accepted(); }

    private:
        PaceGate* gate_;
        Host* host_;
        HostPace::Ticket ticket_;
    };

    // Errors: Errc::cancelled.
    [[nodiscard]] net::Task<Result<Pass>> enter(const Origin& origin);

    // How long the server wants none of our requests; 0: it takes them.
    [[nodiscard]] Duration quiet_for(const Origin& origin) const;
    // It serves requests at this time, only not all that it gets.
    [[nodiscard]] bool serves(const Origin& origin) const;

    // HostPace::taken() of each server that was asked.
    void for_each(const std::function<void(const Origin&, unsigned taken)>& tell) const;

private:
    Host& host(const Origin& origin);
    static void wake_first(Host& host);

    net::Network& network_;
    unsigned most_;
    TakenBefore taken_before_;
    std::map<Origin, Host> hosts_;
};

// 429 and 503 say that it is too much, not that it is wrong.
[[nodiscard]] constexpr bool is_rejection(int status) noexcept { return status == 429 || status == 503; }

}  // namespace lastack::http
