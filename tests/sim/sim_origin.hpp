// HTTP as the simulated hosts speak it: just enough text handling, none of it shared with what is tested.
#pragma once

#include "sim/sim_network.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::sim {

struct SimRequest {
    std::string head;
    std::string method;
    std::string target;

    explicit SimRequest(std::string text);
    // The value of a field; empty when absent.
    [[nodiscard]] std::string field(std::string_view name) const;
};

// A whole answer with Content-Length.
[[nodiscard]] std::string answer(int status, std::string_view body, const std::vector<std::string>& fields = {});

// The answer to a request for `content`: 200, 206 or 416 with an entity tag.
[[nodiscard]] std::string file_answer(const SimRequest& request, std::string_view content, std::string_view etag = "\"v1\"");

// Answers each request of a connection until the client goes.
[[nodiscard]] std::function<Task<void>(Peer)> keep_alive(std::function<std::string(const SimRequest&)> handler);

// Bytes that differ everywhere, so that a piece in the wrong place shows.
[[nodiscard]] std::string pattern(std::size_t size);

}  // namespace lastack::sim
