#include "bench/close_server.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <poll.h>
#include <string>
#include <utility>

namespace lastack::bench {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t thread_count = 32;  // connections at a time, more than any client here has
constexpr auto longest_silence = std::chrono::seconds{60};
constexpr auto until_fin = std::chrono::milliseconds{50};

constexpr std::array<std::string_view, fates> names{
    "keep", "fin", "rst", "408", "notify", "notify_alone", "fin_in_race", "rst_in_race", "fin_with_answer"};

bool happens_at_a_moment(Fate fate) { return fate >= Fate::fin && fate <= Fate::notify_alone; }

// False: nothing came until then.
bool wait_for_bytes(const Channel& channel, Clock::time_point until) {
    if (channel.has_pending()) {
        return true;
    }
    pollfd wanted{.fd = channel.fd(), .events = POLLIN, .revents = 0};
    const auto left = std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{until - Clock::now()});
    const timespec time{.tv_sec = left.count() / 1'000'000'000, .tv_nsec = left.count() % 1'000'000'000};
    return ::ppoll(&wanted, 1, &time, nullptr) > 0;
}

}  // namespace

std::string_view fate_name(Fate fate) { return names[static_cast<std::size_t>(fate)]; }

bool Mixture::parse(std::string_view text) {
    weights = {};
    while (!text.empty()) {
        const std::string_view item = text.substr(0, text.find(','));
        text.remove_prefix(std::min(text.size(), item.size() + 1));
        const auto equals = item.find('=');
        const auto* const name = std::ranges::find(names, item.substr(0, equals));
        if (name == names.end() || equals == std::string_view::npos) {
            return false;
        }
        unsigned& weight = weights[static_cast<std::size_t>(name - names.begin())];
        if (std::from_chars(item.data() + equals + 1, item.data() + item.size(), weight).ec != std::errc{}) {
            return false;
        }
    }
    return true;
}

std::string Mixture::text() const {
    std::string out;
    for (std::size_t i = 0; i < fates; ++i) {
        out += (i > 0 ? "," : "") + std::string{names[i]} + "=" + std::to_string(weights[i]);
    }
    return out;
}

// One connection from its first request to its end.
class CloseServer::Conversation {
public:
    Conversation(CloseServer& server, Channel channel, std::minstd_rand& random)
        : server_{server}, channel_{std::move(channel)}, random_{random} {}

    void run() {
        while (channel_.is_open()) {
            if (!wait_for_bytes(channel_, ends_at_.value_or(Clock::now() + longest_silence))) {
                end();
                return;
            }
            const auto head = channel_.read_head();
            if (!head || !take(*head)) {
                return;
            }
        }
    }

private:
    // False: the connection is over.
    bool take(const std::string& head) {
        const auto id = std::strtoull(head.c_str() + std::string_view{"GET /"}.size(), nullptr, 10);
        if (id >= server_.requests_) {
            return false;
        }
        ++server_.heads_;
        server_.read_again_ += server_.read_[id]++ > 0 ? 1 : 0;
        if (head.find("Connection: close") != std::string::npos) {
            answer(id, "Connection: close\r\n");
            channel_.notify();
            return false;
        }
        if (!ends_at_) {
            fate_ = static_cast<Fate>(server_.fate_(random_));
        }
        const bool reused = std::exchange(reused_, true);
        if (reused && (fate_ == Fate::fin_in_race || fate_ == Fate::rst_in_race)) {
            end();
            return false;
        }
        if (fate_ == Fate::fin_with_answer) {
            channel_.cork(true);  // both in one segment
            answer(id, "");
            end();
            return false;
        }
        if (!answer(id, "")) {
            return false;
        }
        if (happens_at_a_moment(fate_) && !ends_at_) {
            ends_at_ =
                Clock::now() + std::chrono::microseconds{std::uniform_int_distribution<long>{0, server_.longest_idle_.count()}(random_)};
        }
        return true;
    }

    bool answer(std::uint64_t id, std::string_view field) {
        const std::string body = "document " + std::to_string(id) + "\n";
        server_.answered_again_ += server_.answered_[id]++ > 0 ? 1 : 0;
        return channel_.write("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + std::string{field} + "\r\n" +
                              body);
    }

    void end() {
        ++server_.ends_[static_cast<std::size_t>(fate_)];
        switch (fate_) {
            case Fate::rst:
            case Fate::rst_in_race:
                channel_.reset();
                return;
            case Fate::refused:
                channel_.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
                channel_.notify();
                break;
            case Fate::notify:
                channel_.notify();
                break;
            case Fate::notify_alone:
                if (server_.context_ != nullptr) {
                    channel_.notify();
                    linger();
                }
                break;
            case Fate::fin_with_answer:
                channel_.notify();
                break;
            case Fate::keep:  // silence without end
            case Fate::fin:
            case Fate::fin_in_race:
                break;
        }
        channel_.fin();  // also what corks hold back; then the owner closes
    }

    // Until the client goes; what it sends is nobody's.
    void linger() {
        char rest[256];
        const Clock::time_point until = Clock::now() + until_fin;
        while (wait_for_bytes(channel_, until) && channel_.read(rest, sizeof rest) > 0) {
        }
    }

    CloseServer& server_;
    Channel channel_;
    std::minstd_rand& random_;
    Fate fate_ = Fate::keep;
    std::optional<Clock::time_point> ends_at_;
    bool reused_ = false;
};

CloseServer::CloseServer(SSL_CTX* context, const Mixture& mixture, std::uint64_t seed, std::chrono::microseconds longest_idle,
                         std::size_t requests)
    : context_{context},
      fate_{mixture.weights.begin(), mixture.weights.end()},
      longest_idle_{longest_idle},
      read_{std::make_unique<std::atomic<std::uint8_t>[]>(requests)},
      answered_{std::make_unique<std::atomic<std::uint8_t>[]>(requests)},
      requests_{requests} {
    for (std::size_t i = 0; i < thread_count; ++i) {
        threads_.emplace_back([this, own_seed = static_cast<unsigned>(seed + i)] {
            std::minstd_rand random{own_seed};
            for (int fd = listener_.accept(); fd >= 0; fd = listener_.accept()) {
                ++connections_;
                Conversation{*this, Channel{fd, context_, Channel::End::server}, random}.run();
            }
        });
    }
}

CloseServer::~CloseServer() {
    listener_.stop();
    for (std::thread& thread : threads_) {
        thread.join();
    }
}

CloseCounts CloseServer::counts() const {
    CloseCounts counts{.connections = connections_, .requests = heads_, .read_again = read_again_, .answered_again = answered_again_};
    std::ranges::copy(ends_, counts.ends.begin());
    return counts;
}

}  // namespace lastack::bench
