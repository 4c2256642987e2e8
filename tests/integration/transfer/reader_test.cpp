#include "integration/download/client_fixture.hpp"

#include <future>

namespace lastack::test {
namespace {

class ReaderOf : public ClientTest {
protected:
    static Result<std::string> read_all(Reader& reader, std::size_t room = 10'000) {
        std::string all;
        std::string piece(room, '\0');
        while (true) {
            auto size = reader.read(std::as_writable_bytes(std::span{piece}));
            if (!size) {
                return Failure{std::move(size.error())};
            }
            if (*size == 0) {
                return all;
            }
            all.append(piece, 0, *size);
        }
    }
};

TEST_F(ReaderOf, a_document_larger_than_the_buffer_comes_whole) {
    const auto content = content_of(3'000'000);
    origin.serve_file("/f", content);
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->size(), content.size());
    EXPECT_EQ(reader->url(), origin.url("/f"));
    const auto all = read_all(*reader);
    ASSERT_TRUE(all);
    EXPECT_TRUE(*all == content);
}

TEST_F(ReaderOf, a_document_that_is_not_there_is_told_at_once) {
    origin.on("/f", Reply{.status = 404});
    const auto reader = client().open(document(origin.url("/f")));
    ASSERT_FALSE(reader);
    EXPECT_EQ(reader.error().http_status, 404);
}

TEST_F(ReaderOf, a_slow_reader_slows_the_sender_and_runs_into_no_deadline) {
    request_options.timeout = 1s;
    request_options.minrate = 1'000'000;
    const auto content = content_of(16'000'000);  // more than sockets hold
    origin.serve_file("/f", content);
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    std::promise<void> never;
    EXPECT_EQ(never.get_future().wait_for(2s), std::future_status::timeout);  // two deadlines
    const auto all = read_all(*reader, 1'000'000);
    ASSERT_TRUE(all) << describe(all.error());
    EXPECT_TRUE(*all == content);
    EXPECT_EQ(origin.requests().size(), 1u);
}

TEST_F(ReaderOf, a_lost_connection_goes_on_where_it_was) {
    request_options.retries = 3;
    const auto content = content_of(500'000);
    const auto head = response_head(Reply{.headers = {{"Content-Length", "500000"}, {"ETag", "\"v1\""}}});
    origin.once("/f", Reply::steps({Send{.bytes = head + content.substr(0, 300'000)}, CloseFin{}}));
    origin.serve_file("/f", content, {.etag = "\"v1\""});
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    const auto all = read_all(*reader);
    ASSERT_TRUE(all) << describe(all.error());
    EXPECT_TRUE(*all == content);
    EXPECT_EQ(origin.requests().at(1).header("Range"), "bytes=300000-");
}

TEST_F(ReaderOf, a_document_that_changed_is_never_spliced) {
    request_options.retries = 3;
    const auto content = content_of(500'000);
    const auto head = response_head(Reply{.headers = {{"Content-Length", "500000"}, {"ETag", "\"v1\""}}});
    origin.once("/f", Reply::steps({Send{.bytes = head + content.substr(0, 300'000)}, CloseFin{}}));
    origin.serve_file("/f", content_of(500'000, 2), {.etag = "\"v2\""});
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    EXPECT_FALSE(read_all(*reader));
}

TEST_F(ReaderOf, a_range_gives_only_that_and_goes_on_inside_it) {
    request_options.retries = 3;
    request_options.range = ByteRange{.first = 100'000, .last = 399'999};
    const auto content = content_of(500'000);
    const auto head = response_head(Reply{
        .status = 206, .headers = {{"Content-Length", "300000"}, {"Content-Range", "bytes 100000-399999/500000"}, {"ETag", "\"v1\""}}});
    origin.once("/f", Reply::steps({Send{.bytes = head + content.substr(100'000, 120'000)}, CloseFin{}}));
    origin.serve_file("/f", content, {.etag = "\"v1\""});
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    EXPECT_EQ(reader->size(), 300'000U);
    const auto all = read_all(*reader);
    ASSERT_TRUE(all) << describe(all.error());
    EXPECT_TRUE(*all == content.substr(100'000, 300'000));
    EXPECT_EQ(origin.requests().at(0).header("Range"), "bytes=100000-399999");
    EXPECT_EQ(origin.requests().at(1).header("Range"), "bytes=220000-399999");
}

TEST_F(ReaderOf, a_range_is_cut_out_of_the_whole_document) {
    request_options.range = ByteRange{.first = 10, .last = 19};
    const auto content = content_of(1'000);
    origin.on("/f", Reply{.body = content});
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    const auto all = read_all(*reader);
    ASSERT_TRUE(all) << describe(all.error());
    EXPECT_EQ(*all, content.substr(10, 10));
}

TEST_F(ReaderOf, a_posted_form_gives_the_answer) {
    request_options.body = "name=value";
    origin.on("/form", Reply{.body = "thanks"});
    auto reader = client().open(document(origin.url("/form")));
    ASSERT_TRUE(reader);
    const auto all = read_all(*reader);
    ASSERT_TRUE(all) << describe(all.error());
    EXPECT_EQ(*all, "thanks");
    const auto request = origin.requests().at(0);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.header("Content-Length"), "10");
    EXPECT_EQ(request.header("Content-Type"), "application/x-www-form-urlencoded");
}

TEST_F(ReaderOf, a_posted_form_whose_answer_is_lost_is_not_posted_twice) {
    request_options.retries = 3;
    request_options.body = "name=value";
    const auto head = response_head(Reply{.headers = {{"Content-Length", "1000"}, {"ETag", "\"v1\""}}});
    origin.on("/form", Reply::steps({Send{.bytes = head + "half"}, CloseFin{}}));
    auto reader = client().open(document(origin.url("/form")));
    ASSERT_TRUE(reader);
    EXPECT_FALSE(read_all(*reader));
    EXPECT_EQ(origin.requests().size(), 1U);
}

TEST_F(ReaderOf, a_rate_limit_holds) {
    constexpr std::uint64_t rate = 400'000;
    request_options.rate_limit = rate;
    const auto content = content_of(300'000);
    origin.serve_file("/f", content);
    const auto begun = std::chrono::steady_clock::now();
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    const auto all = read_all(*reader);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    ASSERT_TRUE(all) << describe(all.error());
    EXPECT_TRUE(*all == content);
    EXPECT_LE(static_cast<double>(content.size()) / took.count(), 1.1 * rate);
}

TEST_F(ReaderOf, a_local_file_and_a_range_of_it_are_read_in_place) {
    const auto content = content_of(300'000);
    directory.write("local", content);
    const std::string url = "file://" + (directory / "local").string();
    auto whole = client().open(document(url));
    ASSERT_TRUE(whole) << describe(whole.error());
    EXPECT_EQ(whole->size(), content.size());
    EXPECT_TRUE(read_all(*whole) == Result<std::string>{content});
    request_options.range = ByteRange{.first = 200'000, .last = {}};
    auto part = client().open(document(url));
    ASSERT_TRUE(part) << describe(part.error());
    EXPECT_EQ(part->size(), 100'000U);
    EXPECT_TRUE(read_all(*part) == Result<std::string>{content.substr(200'000)});
}

TEST_F(ReaderOf, a_local_file_that_is_not_there_is_told_at_once) {
    const auto reader = client().open(document("file://" + (directory / "none").string()));
    ASSERT_FALSE(reader);
    EXPECT_NE(reader.error().cause, "");
}

TEST_F(ReaderOf, cancel_ends_a_read_of_another_thread) {
    const auto head = response_head(Reply{.headers = {{"Content-Length", "10"}}});
    origin.on("/f", Reply::steps({Send{.bytes = head}, WaitUntil{"never"}}));
    auto reader = client().open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    auto all = std::async(std::launch::async, [&] { return read_all(*reader); });
    reader->cancel();
    const auto result = all.get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::cancelled);
}

TEST_F(ReaderOf, a_dropped_reader_leaves_no_connection) {
    origin.serve_file("/f", content_of(30'000'000));
    {
        const auto reader = client().open(document(origin.url("/f")));
    }
    EXPECT_TRUE(origin.wait_until_all_closed());
}

TEST_F(ReaderOf, a_reader_outlives_its_client) {
    const auto head = response_head(Reply{.headers = {{"Content-Length", "10"}}});
    origin.on("/f", Reply::steps({Send{.bytes = head + "four"}, WaitUntil{"never"}}));
    auto own = std::make_unique<Client>();
    auto reader = own->open(document(origin.url("/f")));
    ASSERT_TRUE(reader);
    own.reset();
    const auto all = read_all(*reader);
    ASSERT_FALSE(all);
    EXPECT_EQ(all.error().code, Errc::cancelled);
}

}  // namespace
}  // namespace lastack::test
