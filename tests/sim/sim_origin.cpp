#include "sim/sim_origin.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace lastack::sim {

SimRequest::SimRequest(std::string text) : head{std::move(text)} {
    const auto first = head.find(' ');
    const auto second = head.find(' ', first + 1);
    method = head.substr(0, first);
    target = head.substr(first + 1, second - first - 1);
}

std::string SimRequest::field(std::string_view name) const {
    const std::string wanted = "\r\n" + std::string{name} + ": ";
    const auto found = std::ranges::search(head, wanted, [](char a, char b) {
        return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
    });
    if (found.empty()) {
        return "";
    }
    return {found.end(), std::find(found.end(), head.end(), '\r')};
}

std::string answer(int status, std::string_view body, const std::vector<std::string>& fields) {
    std::string text = "HTTP/1.1 " + std::to_string(status) + " Because\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
    for (const std::string& field : fields) {
        text += field + "\r\n";
    }
    return text + "\r\n" + std::string{body};
}

std::string file_answer(const SimRequest& request, std::string_view content, std::string_view etag) {
    const std::string tag = "ETag: " + std::string{etag};
    const std::string range = request.field("Range");
    const std::string if_range = request.field("If-Range");
    if (range.empty() || (!if_range.empty() && if_range != etag)) {
        return answer(200, content, {tag});
    }
    const std::size_t first = std::strtoull(range.c_str() + std::string_view{"bytes="}.size(), nullptr, 10);
    const std::string total = std::to_string(content.size());
    if (first >= content.size()) {
        return answer(416, "", {"Content-Range: bytes */" + total});
    }
    const auto dash = range.find('-');
    const bool open_ended = dash == std::string::npos || dash + 1 == range.size();
    const std::size_t last =
        open_ended ? content.size() - 1 : std::min<std::size_t>(std::stoull(range.substr(dash + 1)), content.size() - 1);
    return answer(206, content.substr(first, last - first + 1),
                  {tag, "Content-Range: bytes " + std::to_string(first) + "-" + std::to_string(last) + "/" + total});
}

std::function<Task<void>(Peer)> keep_alive(std::function<std::string(const SimRequest&)> handler) {
    return [handler = std::move(handler)](Peer peer) -> Task<void> {
        while (auto head = co_await peer.read_request()) {
            peer.send(handler(SimRequest{std::move(*head)}));
        }
        peer.close();
    };
}

std::string pattern(std::size_t size) {
    std::string out;
    out.reserve(size + 8);
    for (std::uint32_t i = 0; out.size() < size; ++i) {
        out += std::to_string(i * 2654435761u) + "/";
    }
    out.resize(size);
    return out;
}

}  // namespace lastack::sim
