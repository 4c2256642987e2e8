// Servers that answer before they have read the request, and end the connection over what they did not read (61, 62): what they said is
// delivered, and nothing is sent again.
#include "client_fixture.hpp"
#include "support/listening_socket.hpp"

#include <array>
#include <atomic>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace lastack::test {
namespace {

enum class End {
    fin,          // half close; the rest of the request stays unread until the client closes
    unread_close  // close(2) over unread bytes: the kernel sends a RST behind the answer
};

// Reads the first bytes of a request, answers and ends. A server of its own: ScriptedOrigin reads whatever comes.
class HastyServer {
public:
    HastyServer(std::string answer, End end, int good_before) : answer_{std::move(answer)}, end_{end}, good_before_{good_before} {
        const int small = 4096;
        ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
        thread_ = std::thread([this] { run(); });
    }
    ~HastyServer() {
        ::eventfd_write(quit_.get(), 1);
        thread_.join();
    }
    HastyServer(const HastyServer&) = delete;
    HastyServer& operator=(const HastyServer&) = delete;

    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(local_port(listener_.get())) + "/"; }
    [[nodiscard]] int accepted() const { return accepted_; }

private:
    // False: it is time to go.
    [[nodiscard]] bool wait_readable(int socket) const {
        std::array<pollfd, 2> wanted{{{.fd = socket, .events = POLLIN, .revents = 0}, {.fd = quit_.get(), .events = POLLIN, .revents = 0}}};
        return ::poll(wanted.data(), wanted.size(), 10'000) > 0 && wanted[1].revents == 0;
    }

    void run() {
        while (wait_readable(listener_.get())) {
            FileDescriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
            if (!socket.valid()) {
                continue;
            }
            ++accepted_;
            for (int i = 0; i < good_before_; ++i) {
                read_request(socket.get());
                send_all(socket.get(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood");
            }
            answer_early(std::move(socket));
        }
    }

    // A short one, to its blank line.
    void read_request(int socket) const {
        std::string head;
        char byte = 0;
        while (!head.ends_with("\r\n\r\n") && wait_readable(socket) && ::recv(socket, &byte, 1, 0) == 1) {
            head += byte;
        }
    }

    void answer_early(FileDescriptor socket) const {
        std::array<char, 16> first{};
        if (!wait_readable(socket.get()) || ::recv(socket.get(), first.data(), first.size(), 0) <= 0) {
            return;
        }
        send_all(socket.get(), answer_);
        if (end_ == End::fin) {
            ::shutdown(socket.get(), SHUT_WR);
            // Nothing is read meanwhile; that the client has gone shows as a hang-up.
            std::array<pollfd, 2> wanted{
                {{.fd = socket.get(), .events = POLLRDHUP, .revents = 0}, {.fd = quit_.get(), .events = POLLIN, .revents = 0}}};
            ::poll(wanted.data(), wanted.size(), 10'000);
        }
    }

    static void send_all(int socket, const std::string& text) { (void)::send(socket, text.data(), text.size(), MSG_NOSIGNAL); }

    std::string answer_;
    End end_;
    int good_before_;
    std::atomic<int> accepted_ = 0;
    FileDescriptor listener_ = listen_on("127.0.0.1");
    FileDescriptor quit_{::eventfd(0, EFD_CLOEXEC)};
    std::thread thread_;
};

struct EarlyRow {
    const char* what;
    int status;
    End end;
    std::size_t request;  // bytes, about
};

class EarlyAnswer : public ClientTest, public ::testing::WithParamInterface<EarlyRow> {
protected:
    [[nodiscard]] static std::string answer() {
        return "HTTP/1.1 " + std::to_string(GetParam().status) + " Early\r\nContent-Length: 5\r\n\r\nearly";
    }
    void expect_answered(HastyServer& server) {
        auto request = document(server.url());
        request.options.user_agent = std::string(GetParam().request, 'x');
        const auto result = fetch(request);
        if (GetParam().status == 200) {
            ASSERT_THAT(result, Succeeded());
            EXPECT_EQ(result->body, "early");
        } else {
            ASSERT_FALSE(result.has_value());
            EXPECT_EQ(result.error().http_status, GetParam().status) << describe(result.error());
        }
    }
};

TEST_P(EarlyAnswer, is_delivered_and_nothing_is_sent_again) {
    for (int round = 1; round <= 20; ++round) {
        HastyServer server(answer(), GetParam().end, 0);
        expect_answered(server);
        EXPECT_EQ(server.accepted(), 1);
        EXPECT_EQ(client().connections().resends, 0u);
        EXPECT_EQ(client().connections().open, 0u);
    }
}

TEST_P(EarlyAnswer, on_a_reused_connection_is_no_sign_of_staleness) {
    client().expect_more(true);
    for (int round = 1; round <= 20; ++round) {
        HastyServer server(answer(), GetParam().end, 1);
        ASSERT_THAT(fetch(document(server.url())), Succeeded());
        expect_answered(server);
        EXPECT_EQ(server.accepted(), 1);
        EXPECT_EQ(client().connections().resends, 0u);
    }
}

constexpr std::size_t kShort = 100;
constexpr std::size_t kMuch = 200'000;  // more than the server's kernel takes: bytes are still on this side when the answer comes

INSTANTIATE_TEST_SUITE_P(Ways, EarlyAnswer,
                         ::testing::Values(EarlyRow{"61", 200, End::fin, kShort}, EarlyRow{"61", 200, End::fin, kMuch},
                                           EarlyRow{"61", 413, End::fin, kMuch}, EarlyRow{"62", 413, End::unread_close, kShort},
                                           EarlyRow{"62", 400, End::unread_close, kShort}, EarlyRow{"62", 413, End::unread_close, kMuch},
                                           EarlyRow{"62", 200, End::unread_close, kShort}),
                         [](const auto& info) {
                             return std::string(info.param.end == End::fin ? "fin_" : "rst_") + std::to_string(info.param.status) +
                                    (info.param.request == kMuch ? "_unsent" : "_unread");
                         });

}  // namespace
}  // namespace lastack::test
