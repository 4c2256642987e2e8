#include "net/idle_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace lastack::net {
namespace {

// A connection's two ends; ours is watched.
class Pair {
public:
    Pair() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0) {
            ADD_FAILURE() << "socketpair";
        }
    }
    ~Pair() {
        close_ours();
        close_theirs();
    }
    Pair(const Pair&) = delete;
    Pair& operator=(const Pair&) = delete;

    [[nodiscard]] int ours() const { return ends_[0]; }
    void close_ours() { close(ends_[0]); }
    void close_theirs() { close(ends_[1]); }
    void send_bytes() { EXPECT_EQ(::send(ends_[1], "late", 4, MSG_NOSIGNAL), 4); }

private:
    static void close(int& fd) {
        if (fd >= 0) {
            ::close(fd);
            fd = -1;
        }
    }
    std::array<int, 2> ends_{-1, -1};
};

class IdleWatchTest : public ::testing::Test {
protected:
    [[nodiscard]] std::optional<Input> watch(Pair& pair, std::optional<Input>& seen) {
        EXPECT_TRUE(watch_->add(pair.ours(), [&seen](Input input) { seen = input; }));
        return seen;
    }

    boost::asio::io_context context_;
    std::shared_ptr<IdleWatch> watch_ = std::make_shared<IdleWatch>(context_);
};

TEST_F(IdleWatchTest, tells_of_an_end_in_the_reactor_s_turn) {
    Pair pair;
    std::optional<Input> seen;
    EXPECT_FALSE(watch(pair, seen));
    pair.close_theirs();
    context_.run();  // ends: nothing is watched any more
    EXPECT_EQ(seen, Input::end);
}

TEST_F(IdleWatchTest, tells_of_bytes_and_leaves_them) {
    Pair pair;
    std::optional<Input> seen;
    EXPECT_FALSE(watch(pair, seen));
    pair.send_bytes();
    context_.run();
    EXPECT_EQ(seen, Input::bytes);
    std::array<char, 8> buffer{};
    EXPECT_EQ(::recv(pair.ours(), buffer.data(), buffer.size(), MSG_DONTWAIT), 4);
}

TEST_F(IdleWatchTest, a_look_in_passing_does_not_wait_for_the_reactor) {
    Pair quiet;
    Pair ended;
    std::optional<Input> of_quiet;
    std::optional<Input> of_ended;
    EXPECT_FALSE(watch(quiet, of_quiet));
    EXPECT_FALSE(watch(ended, of_ended));
    ended.close_theirs();
    watch_->look();
    EXPECT_EQ(of_ended, Input::end);
    EXPECT_FALSE(of_quiet);
    watch_->remove(quiet.ours());
}

TEST_F(IdleWatchTest, what_is_removed_is_not_told_of_and_does_not_keep_the_reactor) {
    Pair pair;
    std::optional<Input> seen;
    EXPECT_FALSE(watch(pair, seen));
    pair.close_theirs();
    watch_->remove(pair.ours());
    context_.run();
    EXPECT_FALSE(seen);
}

TEST_F(IdleWatchTest, is_told_again_after_it_was_emptied_and_filled_before_the_reactor_turned) {
    Pair first;
    Pair second;
    std::optional<Input> of_first;
    std::optional<Input> of_second;
    EXPECT_FALSE(watch(first, of_first));
    watch_->remove(first.ours());
    EXPECT_FALSE(watch(second, of_second));
    boost::asio::post(context_, [&] { second.close_theirs(); });
    context_.run();
    EXPECT_FALSE(of_first);
    EXPECT_EQ(of_second, Input::end);
}

TEST_F(IdleWatchTest, a_listener_may_end_others_of_the_same_batch_and_watch_their_numbers_anew) {
    std::array<Pair, 3> pairs;
    std::vector<int> told;
    std::optional<Pair> replacement;
    for (auto& pair : pairs) {
        ASSERT_TRUE(watch_->add(pair.ours(), [&](Input) {
            told.push_back(pair.ours());
            for (auto& other : pairs) {
                if (other.ours() >= 0 && &other != &pair) {
                    watch_->remove(other.ours());
                    other.close_ours();
                }
            }
            replacement.emplace();  // takes the lowest numbers that are free
            ASSERT_TRUE(watch_->add(replacement->ours(), [&](Input) { told.push_back(-1); }));
        }));
        pair.close_theirs();
    }
    watch_->look();
    EXPECT_EQ(told.size(), 1u) << "those that were ended are not told of, nor is the quiet one that took a number";
    watch_->remove(replacement->ours());
}

TEST_F(IdleWatchTest, tells_of_any_number_that_end_at_once) {
    constexpr std::size_t many = 300;  // more than one look takes
    std::vector<Pair> pairs(many);
    std::size_t told = 0;
    for (auto& pair : pairs) {
        ASSERT_TRUE(watch_->add(pair.ours(), [&told](Input) { ++told; }));
    }
    for (auto& pair : pairs) {
        pair.close_theirs();
    }
    watch_->look();
    EXPECT_LT(told, many) << "the busy ones have their turn between";
    EXPECT_GT(told, 0u);
    context_.run();
    EXPECT_EQ(told, many);
}

TEST_F(IdleWatchTest, a_closed_descriptor_is_refused) {
    EXPECT_FALSE(watch_->add(-1, [](Input) {}));
}

}  // namespace
}  // namespace lastack::net
