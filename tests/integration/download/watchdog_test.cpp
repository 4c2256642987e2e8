// A listener that blocks the reactor is named, on standard error, by the program itself.
#include "client_fixture.hpp"
#include "support/scripted_origin.hpp"

#include "lastack/client.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace lastack::test {
namespace {

TEST(ClientWatchdog, names_the_listener_that_blocks_the_reactor) {
#ifdef NDEBUG
    GTEST_SKIP() << "release builds have no watchdog";
#endif
    ScriptedOrigin origin;
    origin.on("/f", Reply{.body = "good"});
    ::setenv("LASTACK_WATCHDOG", "tell", 1);
    testing::internal::CaptureStderr();
    bool blocked = false;
    {
        Client client{{.on_connection_event = [&blocked](const ConnectionEvent& event) {
            if (event.kind == ConnectionEventKind::bound && !std::exchange(blocked, true)) {
                std::this_thread::sleep_for(std::chrono::seconds{3});  // far above the limit, also where everything is slow
            }
        }}};
        const auto results = client.fetch({{.urls = {origin.url("/f")}}});
        EXPECT_TRUE(results.front());
    }
    const std::string said = testing::internal::GetCapturedStderr();
    ::setenv("LASTACK_WATCHDOG", "abort", 1);
    EXPECT_TRUE(blocked);
    EXPECT_NE(said.find("the reactor was blocked"), std::string::npos) << said;
    EXPECT_NE(said.find("a listener to connection events"), std::string::npos) << said;
}

}  // namespace
}  // namespace lastack::test
