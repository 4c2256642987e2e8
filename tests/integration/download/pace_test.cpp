// A real server that limits us, and a client without any option set.
#include "client_fixture.hpp"
#include "support/nginx_server.hpp"

#include <algorithm>

namespace lastack::test {
namespace {

class Limited : public ClientTest {
protected:
    void bring(const NginxServer& nginx, std::size_t files, std::size_t size) {
        const std::string content = content_of(size);
        nginx.publish("f", content);
        std::vector<DownloadRequest> requests;
        for (std::size_t i = 0; i < files; ++i) {
            const std::string name = std::to_string(i);
            requests.push_back({.urls = {nginx.url("/f?" + name)}, .path = directory / name, .digests = {sha256(content)}});
        }
        const auto begin = Clock::now();
        for (const auto& result : client().download(std::move(requests))) {
            EXPECT_THAT(result, Succeeded());
        }
        took = std::chrono::duration<double>(Clock::now() - begin).count();
        const auto log = nginx.wait_for_log(files);
        rejected = std::ranges::count_if(log, [](const NginxLogLine& line) { return line.status == 429 || line.status == 503; });
        RecordProperty("rejected", static_cast<int>(rejected));
        RecordProperty("seconds", std::to_string(took));
        EXPECT_LE(rejected, 5);
    }

    void bring_at_ten_per_second(const std::string& status, const std::string& burst) {
        const NginxServer nginx{
            {.http_directives = "limit_req_zone $binary_remote_addr zone=slow:1m rate=10r/s; limit_req_status " + status + ";",
             .server_directives = "limit_req zone=slow" + burst + ";"}};
        bring(nginx, 30, 5'000);
    }
    void bring_by_two_connections() {
        // nginx sends the first second's bytes at once and waits for the next with the rest: answers last, so that a third one is rejected.
        const NginxServer nginx{{.http_directives = "limit_conn_zone $binary_remote_addr zone=few:1m; limit_conn_status 503;",
                                 .server_directives = "limit_conn few 2; limit_rate 300k;"}};
        bring(nginx, 8, 500'000);
    }

    std::ptrdiff_t rejected = 0;
    double took = 0;
};

TEST_F(Limited, to_two_connections_brings_every_file_with_few_rejections) { bring_by_two_connections(); }

TEST_F(Limited, to_two_connections_brings_every_file_where_eight_are_allowed_by_us) {
    options.max_parallel_downloads = 12;
    options.max_connections_per_host = 8;
    bring_by_two_connections();
    EXPECT_GE(rejected, 1) << "nothing was limited";
}

TEST_F(Limited, to_ten_requests_per_second_by_429_brings_every_file_with_few_rejections) { bring_at_ten_per_second("429", ""); }

TEST_F(Limited, to_ten_requests_per_second_by_503_brings_every_file_with_few_rejections) { bring_at_ten_per_second("503", ""); }

TEST_F(Limited, to_bursts_brings_every_file_with_few_rejections) { bring_at_ten_per_second("429", " burst=10 nodelay"); }

}  // namespace
}  // namespace lastack::test
