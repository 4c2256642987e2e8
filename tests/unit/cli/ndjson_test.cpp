#include "cli/ndjson.hpp"

#include "cli/error_name.hpp"
#include "download/error.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using namespace std::chrono_literals;

const DownloadRequest request{.urls = {"http://me:hunter2@h/f", "http://m/f"}, .path = "dir/\"f\"\n", .options = {}};

TEST(NdJson, tells_of_a_file_that_is_there) {
    const DownloadResult result{.path = "dir/f", .url = "http://m/f", .size = 12, .fetched = 5};
    EXPECT_EQ(result_json(3, request, result, 17ms),
              R"({"type":"result","index":3,"url":"http://h/f","path":"dir/\"f\"\\x0a","status":"downloaded","served_by":"http://m/f",)"
              R"("size":12,"fetched":5,"took_ms":17})");
    EXPECT_THAT(result_json(0, request, DownloadResult{.outcome = DownloadOutcome::already_there, .path = {}, .size = 12}, 0ms),
                testing::HasSubstr(R"("status":"already_there","served_by":null,"size":12,"fetched":0,)"));
}

TEST(NdJson, tells_of_a_failure) {
    const Error error{.code = http::HttpErrc::not_found,
                      .phase = Phase::waiting,
                      .url = "http://h/f",
                      .mirror = "http://m/f",
                      .address = "192.0.2.1:80",
                      .cause = "404 Not Found",
                      .next_step = "look at the URL",
                      .http_status = 404,
                      .offset = 7};
    EXPECT_EQ(result_json(0, request, std::unexpected(error), 1ms),
              R"({"type":"result","index":0,"url":"http://h/f","path":"dir/\"f\"\\x0a","status":"failed","took_ms":1,"error":)"
              R"({"code":"http.not_found","phase":"waiting","url":"http://h/f","mirror":"http://m/f","address":"192.0.2.1:80",)"
              R"("http_status":404,"offset":7,"cause":"404 Not Found","next_step":"look at the URL"}})");
    EXPECT_THAT(result_json(0, request, std::unexpected(Error{.code = Errc::cancelled}), 0ms),
                testing::AllOf(testing::HasSubstr(R"("status":"cancelled")"), testing::HasSubstr(R"("phase":null,"url":null,)")));
}

TEST(NdJson, ends_with_a_summary) {
    GetSummary summary{.files = 4};
    summary.count(DownloadResult{.path = {}, .size = 10, .fetched = 4});
    summary.count(DownloadResult{.outcome = DownloadOutcome::already_there, .path = {}, .size = 10});
    summary.count(std::unexpected(Error{.code = Errc::no_space}));
    summary.count(std::unexpected(Error{.code = Errc::cancelled}));
    EXPECT_EQ(summary_json(summary, 5ms, 1, true),
              R"({"type":"summary","files":4,"done":2,"already_there":1,"failed":1,"cancelled":1,"bytes":20,"fetched":4,"took_ms":5,)"
              R"("interrupted":true,"exit_status":1})");
}

// A code that is added and not named here would be told as a number, which is no stable name.
TEST(ErrorNames, exist_for_every_code) {
    for (const auto* category : {&base_category(), &net::net_category(), &http::http_category(), &download::download_category()}) {
        const std::string unknown = category->message(1000);
        for (int value = 1; category->message(value) != unknown; ++value) {
            EXPECT_THAT(error_name({value, *category}), testing::MatchesRegex("[a-z.]+\\.[a-z_]+")) << category->message(value);
        }
    }
    EXPECT_EQ(error_name(Errc::no_space), "lastack.no_space");
    EXPECT_EQ(error_name(http::HttpErrc::truncated), "http.truncated");
    EXPECT_EQ(error_name({1000, http::http_category()}), "http.1000");
    EXPECT_EQ(error_name({}), "none");
}

}  // namespace
}  // namespace lastack::cli
