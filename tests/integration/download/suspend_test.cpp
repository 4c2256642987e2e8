// Client::suspend() and resume() on real sockets, and what a client tells of its connections.
#include "client_fixture.hpp"

#include <future>
#include <memory>
#include <thread>

namespace lastack::test {
namespace {

class Suspend : public ClientTest {
protected:
    Suspend() {
        options.on_connection_event = [told = told_](const ConnectionEvent& event) {
            const std::scoped_lock lock(told->mutex);
            told->events.push_back(event);
        };
        request_options.retries = 1;
    }
    // Half of the content, then silence; the second time what is asked for.
    void serve_halves() {
        const std::string half = response_head({.headers = {{"Content-Length", std::to_string(content.size())}, {"ETag", "\"v\""}}}) +
                                 content.substr(0, content.size() / 2);
        origin.on(When{.path = "/file", .times = 1}, Reply::steps({Send{.bytes = half}, WaitForPeerClose{}}));
        origin.serve_file("/file", content);
    }
    [[nodiscard]] std::vector<ConnectionEvent> told() {
        const std::scoped_lock lock(told_->mutex);
        return told_->events;
    }
    std::string content = content_of(1'000'000);

private:
    struct Told {
        std::mutex mutex;
        std::vector<ConnectionEvent> events;
    };
    std::shared_ptr<Told> told_ = std::make_shared<Told>();  // owners: the test and its client, which ends later
};

TEST_F(Suspend, closes_every_socket_before_it_returns_and_the_download_goes_on_after_resume) {
    serve_halves();
    origin.on("/idle", Reply{.body = "idle"});
    client().expect_more(true);
    auto wanted = file(origin.url("/file"));
    wanted.digests = {sha256(content)};
    auto result = std::async(std::launch::async, [&] { return download(wanted); });
    ASSERT_TRUE(origin.wait_for([](const Record& record) { return record.requests_for("/file") == 1; }));
    expect_fetched("/idle", "idle");
    while (client().connections().idle == 0 || told().size() < 7) {
        std::this_thread::yield();
    }
    ASSERT_EQ(own_sockets_to(origin.port()).size(), 2u);

    const auto begun = Clock::now();
    client().suspend();
    const auto took = Clock::now() - begun;
    const auto left = own_sockets_to(origin.port());
    EXPECT_TRUE(left.empty()) << describe(left);
    EXPECT_EQ(client().connections().open, 0u);
    EXPECT_TRUE(client().connection_list().empty());
    RecordProperty("suspend_us", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    EXPECT_LT(took, 500ms);
    EXPECT_TRUE(origin.wait_until_all_closed());
    for (const auto& connection : origin.record().connections) {
        EXPECT_TRUE(connection.peer_fin.has_value()) << connection.number;
    }

    // A request made meanwhile waits too.
    auto late = std::async(std::launch::async, [&] { return fetch(document(origin.url("/idle"))); });
    EXPECT_EQ(late.wait_for(50ms), std::future_status::timeout);
    EXPECT_EQ(origin.accepted(), 2);
    client().resume();
    EXPECT_THAT(late.get(), Succeeded());
    EXPECT_THAT(result.get(), Succeeded());
    EXPECT_EQ(stored(), content);
    std::string range;
    for (const auto& request : origin.requests()) {
        if (request.path() == "/file") {
            range = request.header("Range");
        }
    }
    EXPECT_THAT(range, ::testing::MatchesRegex("bytes=[1-9][0-9]*-"));
    EXPECT_EQ(client().connections().resends, 0u);
}

TEST_F(Suspend, twice_and_without_anything_open_is_harmless) {
    client().suspend();
    client().suspend();
    client().resume();
    client().resume();
    origin.on("/x", Reply{.body = "x"});
    expect_fetched("/x", "x");
}

TEST_F(Suspend, does_not_keep_the_client_from_ending) {
    serve_halves();
    std::stop_source stop;
    auto result = std::async(std::launch::async, [&] { return download(file(origin.url("/file")), stop.get_token()); });
    ASSERT_TRUE(origin.wait_for([](const Record& record) { return record.requests_for("/file") == 1; }));
    client().suspend();
    stop.request_stop();
    EXPECT_THAT(result.get(), FailedWith(Errc::cancelled));
}

using ConnectionList = Suspend;

TEST_F(ConnectionList, shows_what_is_at_work_and_what_is_idle_until_when) {
    options.idle_limit = 3600s;
    serve_halves();
    origin.on("/idle", Reply{.body = "idle"});
    client().expect_more(true);
    EXPECT_TRUE(client().connection_list().empty());
    std::stop_source stop;
    auto result = std::async(std::launch::async, [&] { return download(file(origin.url("/file")), stop.get_token()); });
    ASSERT_TRUE(origin.wait_for([](const Record& record) { return record.requests_for("/file") == 1; }));
    expect_fetched("/idle", "idle");
    std::vector<ConnectionInfo> list;
    const auto until = Clock::now() + 10s;
    do {
        list = client().connection_list();
    } while ((list.size() != 2 || list[0].state != "receiving" || list[1].state != "idle") && Clock::now() < until);
    ASSERT_EQ(list.size(), 2u);
    const std::string address = "127.0.0.1:" + std::to_string(origin.port());
    for (const auto& info : list) {
        EXPECT_EQ(info.origin, "http://" + address);
        EXPECT_EQ(info.address, address);
        EXPECT_EQ(info.proxy, "");
        EXPECT_EQ(info.requests, 1u);
        EXPECT_FALSE(info.tls);
        EXPECT_GT(info.in_state, 0ns);
    }
    EXPECT_EQ(list[0].state, "receiving");
    EXPECT_EQ(list[0].closes_in, 0ns);
    EXPECT_EQ(list[1].state, "idle");
    EXPECT_GT(list[1].closes_in, 3500s);
    EXPECT_LE(list[1].closes_in, 3600s);
    stop.request_stop();
    EXPECT_THAT(result.get(), FailedWith(Errc::cancelled));
}

using ClientEvents = Suspend;

TEST_F(ClientEvents, come_in_order_with_the_addresses_of_the_socket) {
    origin.on("/x", Reply{.body = "x"});
    client().expect_more(true);
    expect_fetched("/x", "x");
    expect_fetched("/x", "x");
    EXPECT_EQ(origin.close_idle(), 1);
    EXPECT_TRUE(origin.wait_until_all_closed());
    while (client().connections().open > 0) {
        std::this_thread::yield();
    }
    using enum ConnectionEventKind;
    std::vector<ConnectionEventKind> kinds;
    const auto all = told();
    for (const auto& event : all) {
        kinds.push_back(event.kind);
        EXPECT_EQ(event.connection, 1u);
    }
    EXPECT_THAT(kinds, ::testing::ElementsAre(dialling, opened, bound, idle, bound, idle, closed));
    EXPECT_EQ(all.back().address, "127.0.0.1:" + std::to_string(origin.port()));
    EXPECT_EQ(all.back().by, ClosedBy::server);
    EXPECT_EQ(all.back().why, "FIN");
}

}  // namespace
}  // namespace lastack::test
