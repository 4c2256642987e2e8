#include "http/retry_after.hpp"

#include "http/client.hpp"

#include <gtest/gtest.h>

namespace lastack::http {
namespace {

using namespace std::chrono_literals;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::sys_seconds;

constexpr sys_seconds now = sys_days{2026y / 3 / 14} + 12h;  // a Saturday

struct Row {
    const char* value;
    const char* date;  // of the answer; null: none
    std::optional<seconds> expected;
};

class RetryAfter : public testing::TestWithParam<Row> {};

TEST_P(RetryAfter, is_read_as_the_table_says) {
    const Row& row = GetParam();
    const auto date = row.date == nullptr ? std::nullopt : std::optional<std::string_view>{row.date};
    EXPECT_EQ(parse_retry_after(row.value, date, now), row.expected) << '"' << row.value << '"';
}

INSTANTIATE_TEST_SUITE_P(Seconds, RetryAfter,
                         testing::Values(Row{"0", nullptr, 0s}, Row{"1", nullptr, 1s}, Row{" 120\t", nullptr, 120s},
                                         Row{"007", nullptr, 7s}, Row{"86400", nullptr, 24h}, Row{"86401", nullptr, 24h},
                                         Row{"18446744073709551615", nullptr, 24h},
                                         Row{"99999999999999999999999999999999999999", nullptr, 24h}));

INSTANTIATE_TEST_SUITE_P(
    Dates, RetryAfter,
    testing::Values(Row{"Sat, 14 Mar 2026 12:00:30 GMT", nullptr, 30s}, Row{"Saturday, 14-Mar-26 12:00:30 GMT", nullptr, 30s},
                    Row{"Sat Mar 14 12:00:30 2026", nullptr, 30s}, Row{"Sun Mar  1 12:00:30 2026", nullptr, 0s},
                    // The server's clock is an hour behind ours: what counts is the distance that it means.
                    Row{"Sat, 14 Mar 2026 11:00:30 GMT", "Sat, 14 Mar 2026 11:00:10 GMT", 20s},
                    Row{"Sat, 14 Mar 2026 12:00:30 GMT", "yesterday", 30s}, Row{"Sat, 14 Mar 2026 11:59:59 GMT", nullptr, 0s},
                    Row{"Sunday, 06-Nov-94 08:49:37 GMT", nullptr, 0s}, Row{"Fri, 31 Dec 9999 23:59:60 GMT", nullptr, 24h},
                    Row{"Thu, 01 Jan 1970 00:00:00 GMT", nullptr, 0s}, Row{"Sat, 01 Jan 0000 00:00:00 GMT", nullptr, 0s}));

INSTANTIATE_TEST_SUITE_P(
    Garbage, RetryAfter,
    testing::Values(Row{"", nullptr, {}}, Row{" ", nullptr, {}}, Row{"-1", nullptr, {}}, Row{"+1", nullptr, {}}, Row{"1.5", nullptr, {}},
                    Row{"1e3", nullptr, {}}, Row{"0x10", nullptr, {}}, Row{"1 2", nullptr, {}}, Row{"1, 2", nullptr, {}},
                    Row{"soon", nullptr, {}}, Row{"\xff\xfe", nullptr, {}}, Row{"Sat, 14 Mar 2026 12:00:30", nullptr, {}},
                    Row{"Sat, 14 Mar 2026 12:00:30 CET", nullptr, {}}, Row{"Sat, 30 Feb 2026 12:00:30 GMT", nullptr, {}},
                    Row{"Sat, 00 Mar 2026 12:00:30 GMT", nullptr, {}}, Row{"Sat, 14 Foo 2026 12:00:30 GMT", nullptr, {}},
                    Row{"Sat, 14 Mar 2026 24:00:30 GMT", nullptr, {}}, Row{"Sat, 14 Mar 2026 12:60:30 GMT", nullptr, {}},
                    Row{"Sat, 14 Mar 2026 12:00:61 GMT", nullptr, {}}, Row{"Sat, 14 Mar 2026 12:00:30 GMT, 5", nullptr, {}},
                    Row{"Sat, 14 Mar -026 12:00:30 GMT", nullptr, {}}, Row{"Sat, 14 Mar 20", nullptr, {}}, Row{"Sat,", nullptr, {}},
                    Row{"Xyz, 14 Mar 2026 12:00:30 GMT", nullptr, {}}));

ResponseHead busy(std::vector<std::string> values) {
    ResponseHead head{.status = 503};
    for (std::string& value : values) {
        head.fields.add("retry-after", std::move(value));
    }
    return head;
}

TEST(RetryAfterOfAnAnswer, counts_when_it_is_said_once_or_twice_the_same) {
    EXPECT_EQ(retry_after(busy({}), now), std::nullopt);
    EXPECT_EQ(retry_after(busy({"3"}), now), 3s);
    EXPECT_EQ(retry_after(busy({"3", "3"}), now), 3s);
    EXPECT_EQ(retry_after(busy({"3", "4"}), now), std::nullopt);
}

TEST(RetryAfterOfAnAnswer, is_in_the_error_and_in_its_description) {
    const Error error = status_error(busy({"3"}));
    EXPECT_EQ(error.retry_after, 3s);
    EXPECT_NE(describe(error).find("retry after 3 s"), std::string::npos) << describe(error);
    EXPECT_EQ(status_error(busy({"soon"})).retry_after, std::nullopt);
}

TEST(HttpDate, that_is_written_is_read_back) {
    using std::chrono::seconds;
    using std::chrono::sys_seconds;
    EXPECT_EQ(write_http_date(sys_seconds{seconds{784111777}}), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(write_http_date(sys_seconds{seconds{0}}), "Thu, 01 Jan 1970 00:00:00 GMT");
    EXPECT_EQ(write_http_date(sys_seconds{seconds{-5}}), "Thu, 01 Jan 1970 00:00:00 GMT");
    for (const long when : {951782400L, 1709210096L, 4102444799L, 253402214400L}) {
        const sys_seconds time{seconds{when}};
        EXPECT_EQ(parse_http_date(write_http_date(time), time), time) << when;
    }
}

}  // namespace
}  // namespace lastack::http
