// What all jobs of a client share about mirrors: the book, the budget of retries, chance, and who is told of attempts. Reactor thread only.
#pragma once

#include "download/mirror_book.hpp"
#include "download/option_layers.hpp"
#include "download/retry_budget.hpp"
#include "net/event.hpp"

#include "lastack/attempt_event.hpp"

#include <cstdint>
#include <functional>
#include <list>

namespace lastack::download {

// Transfers at a time, over all jobs of a client.
struct Places {
    unsigned most = 1;
    unsigned taken = 0;               // by jobs
    unsigned lent = 0;                // to second connections, as long as no job wants the place
    bool wanted = false;              // a job waits
    std::function<void()> on_return;  // a lent one is free again

    [[nodiscard]] bool any_free() const { return !wanted && taken + lent < most; }
};

struct Mirrors {
    MirrorBook book;
    OptionLayers layers;
    RetryBudget budget{1};
    unsigned connections_per_host = 3;
    std::function<double()> chance;  // evenly from [0, 1); unset: always 1/2
    std::function<void(const AttemptEvent&)> on_attempt;
    Places places;
    std::list<net::Event*> waiting;  // for a place on a mirror whose MirrorPolicy::max_connections is reached

    [[nodiscard]] double draw() const { return chance ? chance() : 0.5; }
};

}  // namespace lastack::download
