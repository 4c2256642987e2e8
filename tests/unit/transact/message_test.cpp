#include "transact/channel/message.hpp"

#include "transact/channel/pipe.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <fcntl.h>
#include <limits>
#include <span>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lastack::transact {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

std::string body_of(const Message& message) { return encode(message).substr(frame_prefix_size); }

std::vector<Message> one_of_each() {
    return {Setup{.installroot = "/srv/root",
                  .incoming = {{.name = "foo", .epoch = "1", .version = "2", .release = "3", .arch = "noarch", .update = true},
                               {.name = "bar", .check_signature = false, .keyring = 3}},
                  .remove = {1, std::numeric_limits<std::int64_t>::max(), -1},
                  .downgrade_allowed = true},
            Verify{.keyrings = {{.certificates = {"one", ""}}, {}}},
            InspectKeys{.armoured = "-----BEGIN"},
            ImportKeys{.armoured = std::string("a\0b", 3)},
            Test{},
            Run{},
            Done{},
            Failed{.failure = Failure::check, .cause = "file /x conflicts"},
            PackageVerdict{.index = 7, .signature = Signature::unknown_key, .key_id = "0123456789abcdef", .detail = "no key"},
            Keys{.keys = {{.key_id = "k", .user_id = "u", .fingerprint = "f", .installed = true}, {}}},
            ElementStarted{.element = Element::cleanup, .nevra = "foo-1-1.noarch", .number = 3, .total = 4},
            ElementProgress{.amount = 1, .total = std::numeric_limits<std::uint64_t>::max()},
            ElementFinished{.nevra = "foo-1-1.noarch"},
            ScriptletOutput{.text = "hello\n"},
            ScriptletFailed{.nevra = "foo-1-1.noarch", .scriptlet = "%post", .fatal = true},
            Announce{.index = 1, .requires_ = {"a", "b >= 1"}, .provides = {"c"}, .conflicts = {}, .obsoletes = {"d < 2"}}};
}

TEST(TransactMessage, every_message_comes_back_as_it_was) {
    const auto messages = one_of_each();
    ASSERT_EQ(messages.size(), std::variant_size_v<Message>);
    for (std::size_t i = 0; i < messages.size(); ++i) {
        EXPECT_EQ(messages[i].index(), i);
        const auto decoded = decode(bytes_of(body_of(messages[i])));
        ASSERT_TRUE(decoded) << "kind " << i << ": " << decoded.error().cause;
        EXPECT_EQ(*decoded, messages[i]) << "kind " << i;
    }
}

TEST(TransactMessage, a_message_cut_anywhere_or_with_bytes_after_it_is_an_error) {
    for (const auto& message : one_of_each()) {
        const auto body = body_of(message);
        for (std::size_t size = 0; size < body.size(); ++size) {
            EXPECT_FALSE(decode(bytes_of(body.substr(0, size)))) << "kind " << message.index() << " cut to " << size;
        }
        EXPECT_FALSE(decode(bytes_of(body + 'x'))) << "kind " << message.index();
    }
}

TEST(TransactMessage, flipped_bytes_never_decode_to_the_same_message) {
    for (const auto& message : one_of_each()) {
        const auto body = body_of(message);
        for (std::size_t i = 0; i < body.size(); ++i) {
            for (const int flip : {0x01, 0x80, 0xff}) {
                auto changed = body;
                changed[i] = static_cast<char>(changed[i] ^ flip);
                const auto decoded = decode(bytes_of(changed));
                EXPECT_TRUE(!decoded || *decoded != message) << "kind " << message.index() << " byte " << i;
            }
        }
    }
}

TEST(TransactMessage, another_version_an_unknown_kind_and_values_out_of_range_are_errors) {
    auto other_version = body_of(Done{});
    other_version[0] = static_cast<char>(protocol_version + 1);
    EXPECT_FALSE(decode(bytes_of(other_version)));
    auto unknown_kind = body_of(Done{});
    unknown_kind[1] = static_cast<char>(std::variant_size_v<Message>);
    EXPECT_FALSE(decode(bytes_of(unknown_kind)));
    auto no_such_failure = body_of(Failed{});
    no_such_failure[2] = 99;
    EXPECT_FALSE(decode(bytes_of(no_such_failure)));
    auto neither_true_nor_false = body_of(ScriptletFailed{});
    neither_true_nor_false.back() = 2;
    EXPECT_FALSE(decode(bytes_of(neither_true_nor_false)));
}

TEST(TransactMessage, a_list_that_claims_more_items_than_there_are_bytes_costs_nothing) {
    auto body = body_of(Keys{});
    body.replace(2, 4, "\xff\xff\xff\xff");
    EXPECT_FALSE(decode(bytes_of(body)));
}

TEST(TransactMessage, a_frame_size_outside_the_limits_is_refused) {
    const auto size_of = [](std::uint32_t size) {
        std::array<std::byte, frame_prefix_size> prefix{};
        for (std::size_t i = 0; i < prefix.size(); ++i) {
            prefix[i] = static_cast<std::byte>(size >> (8 * i));
        }
        return frame_size(prefix);
    };
    EXPECT_FALSE(size_of(0));
    EXPECT_FALSE(size_of(1));
    EXPECT_EQ(size_of(2).value(), 2u);
    EXPECT_EQ(size_of(max_frame_size).value(), max_frame_size);
    EXPECT_FALSE(size_of(max_frame_size + 1));
    EXPECT_FALSE(size_of(0xffffffff));
}

TEST(TransactMessage, a_setup_of_a_hundred_thousand_packages_fits_a_frame) {
    const Incoming long_names{
        .name = std::string(100, 'n'), .epoch = "0", .version = std::string(20, 'v'), .release = std::string(40, 'r'), .arch = "x86_64"};
    EXPECT_LT(encode(transact::Setup{.incoming = std::vector<Incoming>(100'000, long_names)}).size(), max_frame_size);
}

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
        reader = ends[0];
        writer = ends[1];
    }
    ~Pipe() {
        ::close(reader);
        close_writer();
    }
    void close_writer() {
        if (writer >= 0) {
            ::close(writer);
        }
        writer = -1;
    }
    int reader = -1;
    int writer = -1;
};

TEST(TransactPipe, messages_larger_than_the_pipe_arrive_in_order) {
    Pipe pipe;
    const Message large = ImportKeys{.armoured = std::string(1 << 20, 'k')};
    std::jthread sender([&] {
        EXPECT_TRUE(send(pipe.writer, large));
        EXPECT_TRUE(send(pipe.writer, transact::Run{}));
    });
    EXPECT_EQ(receive(pipe.reader).value().value(), large);
    EXPECT_EQ(receive(pipe.reader).value().value(), Message(transact::Run{}));
}

TEST(TransactPipe, the_end_between_messages_is_no_message_and_inside_one_an_error) {
    Pipe whole;
    EXPECT_TRUE(send(whole.writer, Done{}));
    whole.close_writer();
    EXPECT_TRUE(receive(whole.reader).value().has_value());
    EXPECT_FALSE(receive(whole.reader).value().has_value());

    for (std::size_t size = 1; size < encode(Done{}).size(); ++size) {
        Pipe half;
        const auto frame = encode(Done{});
        EXPECT_EQ(::write(half.writer, frame.data(), size), static_cast<ssize_t>(size));
        half.close_writer();
        EXPECT_FALSE(receive(half.reader)) << size;
    }
}

TEST(TransactPipe, writing_to_a_reader_that_left_is_an_error_and_no_signal) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::close(ends[0]);
    EXPECT_FALSE(send(ends[1], transact::Run{}));
    ::close(ends[1]);
}

}  // namespace
}  // namespace lastack::transact
