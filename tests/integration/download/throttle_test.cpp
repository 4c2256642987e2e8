// The throttle on real sockets: the mean rate is measured, not the time.
#include "client_fixture.hpp"

#include <chrono>

namespace lastack::test {
namespace {

class Throttled : public ClientTest {};

TEST_F(Throttled, the_mean_rate_is_the_limit) {
    constexpr double rate = 400'000;
    const std::string content = content_of(400'000);
    origin.serve_file("/f", content, {});
    request_options.rate_limit = static_cast<std::uint64_t>(rate);
    const auto begun = std::chrono::steady_clock::now();
    const auto result = download(file(origin.url("/f")));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    ASSERT_THAT(result, Succeeded());
    EXPECT_TRUE(stored() == content);
    const double ratio = static_cast<double>(content.size()) / took.count() / rate;
    EXPECT_GE(ratio, 0.5);  // a busy machine; that it is near 1 the simulated ones show
    EXPECT_LE(ratio, 1.1);
}

}  // namespace
}  // namespace lastack::test
