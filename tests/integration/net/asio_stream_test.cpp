// What a stream says of the end of its connection, over sockets of the kernel.
#include "net/asio_network.hpp"
#include "net/error.hpp"
#include "net/task_group.hpp"
#include "support/listening_socket.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <optional>
#include <poll.h>
#include <span>
#include <string_view>
#include <sys/socket.h>

namespace lastack::net {
namespace {

using std::chrono::seconds;

// A server's end that says "abc" and then resets the connection or ends it.
class StreamAtItsEnd : public testing::Test {
protected:
    void SetUp() override {
        const auto listening = test::listen_on("127.0.0.1");
        run([&]() -> Task<void> {
            auto opened = co_await network.connect({"127.0.0.1", test::local_port(listening.get())}, network.now() + seconds{20});
            if (opened) {
                stream = std::move(*opened);
            }
        });
        ASSERT_TRUE(stream);
        pollfd wait{.fd = listening.get(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&wait, 1, 20'000), 1);
        server = FileDescriptor{::accept4(listening.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        ASSERT_GE(server.get(), 0);
        ASSERT_EQ(::send(server.get(), "abc", 3, MSG_NOSIGNAL), 3);
    }

    void run(const std::function<Task<void>()>& work) {
        TaskGroup group{network};
        bool done = false;
        group.spawn([](const std::function<Task<void>()>& begin, bool& ended) -> Task<void> {
            co_await begin();
            ended = true;
        }(work, done));
        context_.restart();
        while (!done) {
            context_.run_one();  // not run(): the timers of deadlines may go on
        }
    }

    void reset() {
        const linger now{.l_onoff = 1, .l_linger = 0};
        ASSERT_EQ(::setsockopt(server.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
        server = {};
    }

    // The error of the first write that fails: the peer's packet is on its way.
    Error write_until_it_fails() {
        std::optional<Error> failed;
        run([&]() -> Task<void> {
            const TimePoint until = network.now() + seconds{20};
            while (!failed && network.now() < until) {
                failed = (co_await stream->write_all(std::as_bytes(std::span{std::string_view{"x"}}), until)).error;
            }
        });
        return failed.value_or(Error{});
    }

    Result<std::size_t> read() {
        std::optional<Result<std::size_t>> result;
        run([&]() -> Task<void> { result = co_await stream->read_some(buffer, network.now() + seconds{20}); });
        return *result;
    }

    asio::io_context context_;
    AsioNetwork network{context_};
    std::unique_ptr<Stream> stream;
    FileDescriptor server;
    std::array<std::byte, 16> buffer{};
};

TEST_F(StreamAtItsEnd, a_reset_that_a_write_was_told_of_is_no_end_to_the_reader) {
    reset();
    EXPECT_EQ(write_until_it_fails().code, NetErrc::reset);
    EXPECT_EQ(read(), 3U);  // what came before it is there still
    const auto end = read();
    ASSERT_FALSE(end) << "a body that lasts until the close would pass for whole";
    EXPECT_EQ(end.error().code, NetErrc::reset);
    EXPECT_FALSE(read()) << "nor later";
}

TEST_F(StreamAtItsEnd, a_reset_that_a_probe_was_told_of_is_no_end_to_the_reader) {
    reset();
    EXPECT_EQ(write_until_it_fails().code, NetErrc::reset);
    EXPECT_EQ(read(), 3U);
    EXPECT_EQ(stream->probe(), Input::failed);
    EXPECT_EQ(stream->probe(), Input::failed);
    const Taken taken = stream->take(buffer);
    EXPECT_EQ(taken.bytes, 0U);
    EXPECT_EQ(taken.then, Input::failed);
}

TEST_F(StreamAtItsEnd, a_reset_that_bytes_given_were_told_of_is_no_end_to_the_reader) {
    reset();
    const auto until = Clock::now() + seconds{20};
    while (stream->give(std::as_bytes(std::span{std::string_view{"x"}})) == 1 && Clock::now() < until) {
    }
    const Taken taken = stream->take(buffer);
    EXPECT_EQ(taken.bytes, 3U);
    EXPECT_EQ(taken.then, Input::failed);
}

TEST_F(StreamAtItsEnd, an_end_after_which_the_peer_takes_nothing_stays_an_end) {
    server = {};
    EXPECT_EQ(write_until_it_fails().code, NetErrc::reset);  // our bytes met a socket that is gone
    EXPECT_EQ(read(), 3U);
    EXPECT_EQ(read(), 0U);
    EXPECT_EQ(read(), 0U) << "at once, too";
    EXPECT_EQ(stream->probe(), Input::end);
}

}  // namespace
}  // namespace lastack::net
