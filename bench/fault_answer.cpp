// The fault server's answers: what a request gets, and how it is spoilt.
#include "bench/fault_connection.hpp"

#include <algorithm>
#include <charconv>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lastack::bench {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t piece_size = std::uint64_t{64} << 10;
constexpr std::uint64_t turn_size = std::uint64_t{1} << 20;  // of one connection, before the others have theirs
constexpr auto refusing_for = 30ms;
constexpr auto pace = 2ms;              // between two pieces where the rate is limited
constexpr double burst_seconds = 0.01;  // of the rate may be sent at once
constexpr auto drip_time = 100ms;
constexpr std::uint64_t too_much = 64;  // bytes of a wrong size
constexpr std::size_t longest_head = 65536;

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return result;
}

std::string field(const std::string& head, std::string_view name) {
    const std::string folded = lower(head);
    const auto at = folded.find("\r\n" + std::string{name} + ":");
    if (at == std::string::npos) {
        return "";
    }
    const auto begin = head.find_first_not_of(' ', at + name.size() + 3);
    return head.substr(begin, head.find("\r\n", begin) - begin);
}

std::optional<std::uint64_t> range_begin(const std::string& value) {
    constexpr std::string_view unit = "bytes=";
    std::uint64_t first = 0;
    if (!value.starts_with(unit)) {
        return std::nullopt;
    }
    const auto [end, error] = std::from_chars(value.data() + unit.size(), value.data() + value.size(), first);
    return error == std::errc{} && *end == '-' ? std::optional{first} : std::nullopt;
}

std::uint64_t range_end(const std::string& value, std::uint64_t size) {
    const auto dash = value.find('-');
    std::uint64_t last = 0;
    const auto [end, error] = std::from_chars(value.data() + dash + 1, value.data() + value.size(), last);
    return error == std::errc{} && last < size ? last + 1 : size;
}

std::string short_answer(std::string_view status, const std::string& fields, bool close) {
    return "HTTP/1.1 " + std::string{status} + "\r\nContent-Length: 0\r\n" + fields + (close ? "Connection: close\r\n" : "") + "\r\n";
}

}  // namespace

std::optional<Fault> FaultServer::draw(Mirror& mirror, const std::string& path) {
    if (mirror.setup.faults.empty() || mirror.setup.fault_share <= 0) {
        return std::nullopt;
    }
    const unsigned time = mirror.times_asked[path]++;
    const std::uint64_t random = mixed(mixed(content_of(seed_, path).key, mirror.index), time);
    constexpr double scale = 1.0 / (std::uint64_t{1} << 53);
    if (static_cast<double>(random >> 11) * scale >= mirror.setup.fault_share) {
        return std::nullopt;
    }
    const Fault fault = mirror.setup.faults[mixed(random, 1) % mirror.setup.faults.size()];
    return fault == Fault::tls && mirror.setup.tls == nullptr ? std::nullopt : std::optional{fault};
}

bool FaultServer::is_beyond_limits(Connection& connection) {
    Mirror& mirror = *connection.mirror;
    bool beyond = connection.is_excess;
    if (!beyond && mirror.setup.requests_per_second != 0) {
        const FaultTime now = FaultClock::now();
        const double rate = mirror.setup.requests_per_second;
        mirror.requests_allowed += std::chrono::duration<double>(now - mirror.requests_allowed_at).count() * rate;
        mirror.requests_allowed = std::min(mirror.requests_allowed, rate);  // a second's worth may come at once
        mirror.requests_allowed_at = now;
        beyond = mirror.requests_allowed < 1;
        mirror.requests_allowed -= beyond ? 0 : 1;
    }
    return beyond;
}

void FaultServer::plan(Connection& connection, const std::string& head) {
    Mirror& mirror = *connection.mirror;
    ++mirror.counts.requests;
    auto& answer = connection.answer.emplace();
    answer.not_before = connection.first_answer;
    const auto path_begin = head.find(' ') + 1;
    const std::string path = head.substr(path_begin, head.find(' ', path_begin) - path_begin);
    const bool close = lower(field(head, "connection")) == "close";
    answer.ending = close ? FaultEnding::fin : FaultEnding::keep;
    if (is_beyond_limits(connection)) {
        ++mirror.counts.rejected;
        const std::string wait = mirror.setup.retry_after == 0 ? "" : "Retry-After: " + std::to_string(mirror.setup.retry_after) + "\r\n";
        answer.head = short_answer(std::to_string(mirror.setup.excess_status) + " No", wait, connection.is_excess || close);
        answer.ending = connection.is_excess || close ? FaultEnding::fin : FaultEnding::keep;
        return;
    }
    Content content = content_of(seed_, path, mirror.setup.version);
    const auto fault = draw(mirror, path);
    if (fault) {
        ++mirror.counts.faults[static_cast<std::size_t>(*fault)];
        spoil(connection, *fault, path, content);
        if (!answer.head.empty() || answer.ending == FaultEnding::rst) {
            return;
        }
    }
    if (!size_in(path)) {
        answer.head = short_answer("404 Not Found", "", close);
        return;
    }
    const std::string range = mirror.setup.ranges ? field(head, "range") : "";
    const std::string condition = field(head, "if-range");
    const auto begin = condition.empty() || condition == content.entity_tag() ? range_begin(range) : std::nullopt;
    if (begin && *begin >= content.size) {
        answer.head = short_answer("416 No", "Content-Range: bytes */" + std::to_string(content.size) + "\r\n", close);
        return;
    }
    answer.content = content;
    answer.at = begin.value_or(0);
    answer.stop_at = begin ? range_end(range, content.size) : content.size;
    answer.head = begin ? "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes " + std::to_string(*begin) + "-" +
                              std::to_string(answer.stop_at - 1) + "/" + std::to_string(content.size) + "\r\n"
                        : "HTTP/1.1 200 OK\r\n";
    answer.head += "Content-Length: " + std::to_string(answer.stop_at - answer.at) + "\r\nETag: " + content.entity_tag() + "\r\n" +
                   (mirror.setup.ranges ? "Accept-Ranges: bytes\r\n" : "") + (close ? "Connection: close\r\n" : "") + "\r\n";
    if (fault == Fault::reset || fault == Fault::cut || fault == Fault::stall) {
        answer.stop_at = (answer.at + answer.stop_at) / 2;
        answer.ending = fault == Fault::reset ? FaultEnding::rst : fault == Fault::cut ? FaultEnding::fin : FaultEnding::silence;
    } else if (fault == Fault::drip) {
        answer.byte_time = drip_time;
    }
    const auto& cut = mirror.planned_cut;
    if (cut && cut->offset >= answer.at && cut->offset <= answer.stop_at) {
        answer.stop_at = cut->offset;
        answer.is_cut = true;
        answer.ending = cut->cut == Cut::rst ? FaultEnding::rst : cut->cut == Cut::fin ? FaultEnding::fin : FaultEnding::silence;
    }
}

// Those that need no body, and those that change it.
void FaultServer::spoil(Connection& connection, Fault fault, const std::string& path, Content& content) {
    Mirror& mirror = *connection.mirror;
    auto& answer = *connection.answer;
    switch (fault) {
        case Fault::refused:
            answer.ending = FaultEnding::rst;
            if (mirror.listener >= 0) {
                ::close(mirror.listener);
                mirror.listener = -1;
            }
            mirror.listen_again = FaultClock::now() + refusing_for;
            return;
        case Fault::tls:
            answer.ending = FaultEnding::rst;
            ++mirror.broken_handshakes;
            return;
        case Fault::not_found:
            answer.head = short_answer("404 Not Found", "", false);
            return;
        case Fault::server_error:
            answer.head = short_answer("500 Internal Server Error", "", false);
            return;
        case Fault::busy:
            answer.head = short_answer("503 Service Unavailable", "Retry-After: 1\r\n", false);
            return;
        case Fault::redirect_loop:
            answer.head = short_answer("302 Found", "Location: " + path + "\r\n", false);
            return;
        case Fault::wrong_size:
            content.size += too_much;
            return;
        case Fault::wrong_digest:
            content.key = mixed(content.key, 1);
            return;
        case Fault::reset:
        case Fault::cut:
        case Fault::stall:
        case Fault::drip:
            return;
    }
}

// Takes the next request, when one is there; false: nothing to do, or the connection is gone.
bool FaultServer::answer(Connection& connection) {
    if (connection.only_ends) {
        connection.in.clear();
        return false;
    }
    const auto end_of_head = connection.in.find("\r\n\r\n");
    if (end_of_head == std::string::npos) {
        if (connection.in.size() > longest_head) {
            end(connection, true);
        }
        return false;
    }
    const std::string head = connection.in.substr(0, end_of_head + 2);
    connection.in.erase(0, end_of_head + 4);
    if (connection.mirror->gone) {
        end(connection, true);
        return false;
    }
    plan(connection, head);
    return true;
}

void FaultServer::pump(Connection& connection) {
    const std::uint64_t before = connection.mirror->counts.body_bytes;
    while (connection.answer || answer(connection)) {
        auto& plan = *connection.answer;
        const FaultTime now = FaultClock::now();
        if (now < plan.not_before) {
            connection.wake = plan.not_before;
            return;
        }
        if (connection.out_sent == connection.out.size()) {
            connection.out_sent = 0;
            connection.out_is_body = plan.head.empty();
            connection.out.clear();
            if (!plan.head.empty()) {
                connection.out.swap(plan.head);
            } else if (plan.at >= plan.stop_at) {
                if (!finish(connection)) {
                    return;
                }
                continue;
            } else {
                std::uint64_t size = std::min(piece_size, plan.stop_at - plan.at);
                Mirror& mirror = *connection.mirror;
                if (plan.byte_time.count() > 0) {
                    size = 1;
                    plan.not_before = now + plan.byte_time;
                } else if (mirror.setup.rate > 0) {
                    const auto rate = static_cast<double>(mirror.setup.rate);
                    mirror.bytes_allowed =
                        std::min(mirror.bytes_allowed + std::chrono::duration<double>(now - mirror.allowed_at).count() * rate,
                                 std::max(rate * burst_seconds, 1.0));
                    mirror.allowed_at = now;
                    size = std::min(size, static_cast<std::uint64_t>(mirror.bytes_allowed));
                    mirror.bytes_allowed -= static_cast<double>(size);
                    if (size == 0) {
                        connection.wake = now + pace;
                        return;
                    }
                }
                connection.out.resize(size);
                plan.content.fill(plan.at, connection.out);
                plan.at += size;
            }
        }
        if (!send(connection)) {
            return;
        }
        if (plan.at < plan.stop_at && connection.mirror->counts.body_bytes - before >= turn_size) {
            connection.wake = now;
            return;
        }
    }
}

// False: the client has to read first, or is gone.
bool FaultServer::send(Connection& connection) {
    while (connection.out_sent < connection.out.size()) {
        const char* const from = connection.out.data() + connection.out_sent;
        const std::size_t left = connection.out.size() - connection.out_sent;
        ssize_t n = 0;
        if (connection.ssl) {
            ERR_clear_error();
            n = SSL_write(connection.ssl.get(), from, static_cast<int>(left));
            const int why = n > 0 ? SSL_ERROR_NONE : SSL_get_error(connection.ssl.get(), static_cast<int>(n));
            if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
                return false;
            }
        } else {
            n = ::send(connection.fd, from, left, MSG_NOSIGNAL);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                return false;
            }
        }
        if (n <= 0) {
            end(connection, false);
            return false;
        }
        connection.out_sent += static_cast<std::size_t>(n);
        connection.mirror->counts.body_bytes += connection.out_is_body ? static_cast<std::uint64_t>(n) : 0;
    }
    return true;
}

// The answer is out, as far as it goes. False: there will be no further one for now.
bool FaultServer::finish(Connection& connection) {
    Mirror& mirror = *connection.mirror;
    const auto ending = connection.answer->ending;
    if (ending == FaultEnding::rst) {
        int unsent = 0;
        ::ioctl(connection.fd, SIOCOUTQNSD, &unsent);
        mirror.counts.body_bytes -= std::min(mirror.counts.body_bytes, static_cast<std::uint64_t>(std::max(unsent, 0)));
    }
    if (connection.answer->is_cut && mirror.planned_cut) {
        mirror.counts.bytes_until_cut = mirror.counts.body_bytes;
        if (mirror.planned_cut->gone_afterwards) {
            mirror.gone = true;
            ::close(mirror.listener);
            mirror.listener = -1;
        }
        mirror.setup.version = mirror.planned_cut->version_afterwards.value_or(mirror.setup.version);
        mirror.planned_cut.reset();
        mirror.cut_reached = true;
        cut_reached_.notify_all();
    }
    switch (ending) {
        case FaultEnding::keep:
            connection.answer.reset();
            return true;
        case FaultEnding::fin:
            ::shutdown(connection.fd, SHUT_WR);
            connection.answer.reset();
            connection.only_ends = true;
            return false;
        case FaultEnding::rst:
            end(connection, true);
            return false;
        case FaultEnding::silence:
            connection.answer->not_before = never;
            return false;
    }
    return false;
}

}  // namespace lastack::bench
