#include "bench/idle_memory.hpp"

#include "bench/heap.hpp"
#include "bench/holding_server.hpp"
#include "bench/partner.hpp"

#include <array>
#include <cstdio>
#include <sstream>

namespace lastack::bench {

namespace {

constexpr double kibibyte = 1024;

enum class Opened : std::uint8_t { in_turn, at_once };

Heap weigh(Partner& client) {
    client.order("weigh");
    Heap heap;
    std::istringstream{client.answer()} >> heap.resident >> heap.resident_trimmed >> heap.in_use;
    return heap;
}

// In a new process: a heap that has seen much is no measure.
Heap measure(SSL_CTX* context, const std::filesystem::path& ca, unsigned connections, const char* kind, Opened opened) {
    HoldingServer warm{context};
    HoldingServer server{context};
    Partner client{{"--client", kind, std::to_string(connections), ca.string()}};
    client.order("warm " + std::to_string(warm.port()));
    warm.serve_one();
    (void)client.answer();
    const Heap before = weigh(client);
    if (opened == Opened::in_turn) {
        client.order("spread " + server.open_ports(connections));
        server.collect_from_ports();
    } else {
        client.order("hold " + std::to_string(server.port()) + " " + std::to_string(connections));
        server.collect(connections);
    }
    (void)client.answer();
    const Heap after = weigh(client);
    const long n = connections;
    return {.resident = (after.resident - before.resident) / n,
            .resident_trimmed = (after.resident_trimmed - before.resident_trimmed) / n,
            .in_use = (after.in_use - before.in_use) / n};
}

}  // namespace

void compare_memory(SSL_CTX* context, const std::filesystem::path& ca, unsigned connections, const std::string& name, double limit_kib,
                    Goals& goals) {
    constexpr std::array clients{std::pair{"bare epoll loop", "bare"}, std::pair{"lastack", "lastack"}, std::pair{"libcurl multi", "curl"}};
    std::printf("memory per idle connection, user space: growth of the process from 0 to %u connections\n", connections);
    for (const Opened opened : {Opened::in_turn, Opened::at_once}) {
        std::printf(" opened %s\n", opened == Opened::in_turn ? "a few at a time" : "all at once");
        for (const auto& [title, kind] : clients) {
            const Heap each = measure(context, ca, connections, kind, opened);
            std::printf("  %-16s RssAnon after malloc_trim %7ld B   RssAnon as it stands %7ld B   allocated (malloc_info) %7ld B\n", title,
                        each.resident_trimmed, each.resident, each.in_use);
            if (opened == Opened::in_turn && std::string_view{kind} == "lastack") {
                goals.at_most(name + ": memory per idle connection (RssAnon after malloc_trim)",
                              static_cast<double>(each.resident_trimmed) / kibibyte, limit_kib, "KiB");
            }
        }
    }
}

}  // namespace lastack::bench
