// Requests and answers as values.
#pragma once

#include "base/text.hpp"
#include "base/url.hpp"
#include "http/exchange_watch.hpp"

#include "lastack/connection_options.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lastack::http {

class ReadPace;

enum class Method : std::uint8_t { get, head, post };

[[nodiscard]] constexpr const char* to_string(Method method) noexcept {
    return method == Method::get ? "GET" : method == Method::head ? "HEAD" : "POST";
}

// Whether a request may be sent again when nobody knows what became of the first (RFC 9110 section 9.2.2).
[[nodiscard]] constexpr bool is_repeatable(Method method) noexcept { return method != Method::post; }

// Keeps order and duplicates; names compare without case.
class Fields {
public:
    void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
    void remove(std::string_view name) {
        std::erase_if(fields_, [name](const auto& field) { return iequals(field.first, name); });
    }
    // The first value of that name; nothing when absent.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const {
        for (const auto& [n, v] : fields_) {
            if (iequals(n, name)) {
                return v;
            }
        }
        return std::nullopt;
    }
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const {
        std::vector<std::string_view> values;
        for (const auto& [n, v] : fields_) {
            if (iequals(n, name)) {
                values.emplace_back(v);
            }
        }
        return values;
    }
    // Whether a comma-separated list field holds this token (case-insensitive).
    [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const {
        for (const std::string_view value : all(name)) {
            for (const std::string& piece : split(value, ",")) {
                if (iequals(trim(piece), token)) {
                    return true;
                }
            }
        }
        return false;
    }
    [[nodiscard]] auto begin() const { return fields_.begin(); }
    [[nodiscard]] auto end() const { return fields_.end(); }
    [[nodiscard]] std::size_t size() const { return fields_.size(); }
    [[nodiscard]] std::pair<std::string, std::string>& back() { return fields_.back(); }

    friend bool operator==(const Fields&, const Fields&) = default;

private:
    std::vector<std::pair<std::string, std::string>> fields_;
};

// How long each phase of an exchange may take.
struct Limits {
    std::chrono::milliseconds timeout{30'000};  // per phase: dial, sending, first byte, and silence in the body
    std::uint64_t minrate = 1000;               // bytes per second over one `timeout`; 0: no limit
    std::chrono::milliseconds dial{30'000};     // resolving and connecting, when shorter than `timeout`
    std::size_t head = std::size_t{256} << 10;  // bytes of an answer's head, and of all heads on the way to the final answer
};

struct Request {
    Method method = Method::get;
    Url url;
    Fields fields;  // besides Host, User-Agent, Accept, Accept-Encoding and Connection
    std::string user_agent;
    std::string body;          // of a POST
    std::string content_type;  // of `body`
    bool keepalive = true;     // false: a connection of its own, closed after the answer
    Limits limits;
    ConnectionOptions connection;
    ExchangeWatch* watch = nullptr;  // outlives the request; none: nobody looks
    ReadPace* pace = nullptr;        // none: as fast as it comes; outlives the request
};

struct ResponseHead {
    int status = 0;
    int minor_version = 1;  // of HTTP/1.x
    std::string reason;
    Fields fields;

    friend bool operator==(const ResponseHead&, const ResponseHead&) = default;
};

}  // namespace lastack::http
