#include "http/redirect.hpp"

#include "http/error.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::http {
namespace {

ResponseHead redirect(int status, const std::vector<std::string>& locations) {
    ResponseHead head{.status = status};
    for (const std::string& location : locations) {
        head.fields.add("Location", location);
    }
    return head;
}

TEST(Redirect, only_five_statuses_are_one) {
    const Url from = parse_url("http://h/a").value();
    for (int status = 100; status < 600; ++status) {
        const auto target = redirect_target(from, redirect(status, {"/b"}));
        ASSERT_TRUE(target);
        const bool expected = status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
        EXPECT_EQ(target->has_value(), expected) << status;
    }
}

struct RedirectRow {
    const char* from;
    std::vector<std::string> locations;
    const char* target;  // nothing: refused
};

class RedirectTable : public testing::TestWithParam<RedirectRow> {};

TEST_P(RedirectTable, goes_to_http_places_only_and_never_down_from_https) {
    const auto& [from, locations, expected] = GetParam();
    const auto target = redirect_target(parse_url(from).value(), redirect(302, locations));
    if (expected == nullptr) {
        ASSERT_FALSE(target);
        EXPECT_EQ(target.error().code, HttpErrc::bad_redirect);
        EXPECT_EQ(target.error().http_status, 302);
        EXPECT_EQ(describe(target.error()).find("secret"), std::string::npos);
        return;
    }
    ASSERT_TRUE(target);
    ASSERT_TRUE(target->has_value());
    EXPECT_EQ((*target)->str(), expected);
    EXPECT_TRUE((*target)->user_info.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Table, RedirectTable,
    testing::Values(RedirectRow{"http://h/a/b", {"c"}, "http://h/a/c"}, RedirectRow{"http://h/a/b", {"/c"}, "http://h/c"},
                    RedirectRow{"http://h/a/b", {"//o/c"}, "http://o/c"}, RedirectRow{"http://h/a/b", {"../../../c"}, "http://h/c"},
                    RedirectRow{"http://h/a", {"http://o:81/c?d#e"}, "http://o:81/c?d"},
                    RedirectRow{"http://h/a", {"http://u:secret@o/"}, "http://o/"},
                    RedirectRow{"http://h/a", {"https://h/a"}, "https://h/a"}, RedirectRow{"https://h/a", {"https://o/"}, "https://o/"},
                    RedirectRow{"https://h/a", {"//o/"}, "https://o/"}, RedirectRow{"https://h/a", {"http://h/a"}, nullptr},
                    RedirectRow{"http://h/a", {}, nullptr}, RedirectRow{"http://h/a", {""}, nullptr},
                    RedirectRow{"http://h/a", {"/b", "/c"}, nullptr}, RedirectRow{"http://h/a", {"file:///etc/passwd"}, nullptr},
                    RedirectRow{"http://h/a", {"ftp://h/a"}, nullptr}, RedirectRow{"http://h/a", {"gopher://h/"}, nullptr},
                    RedirectRow{"http://h/a", {"data:,x"}, nullptr}, RedirectRow{"http://h/a", {"javascript:alert(1)"}, nullptr},
                    RedirectRow{"http://h/a", {"////x"}, nullptr}, RedirectRow{"http://h/a", {"http://h:0/"}, nullptr},
                    RedirectRow{"http://h/a", {"/a b"}, nullptr}, RedirectRow{"http://h/a", {"http://o/%0d%0aX"}, "http://o/%0d%0aX"},
                    RedirectRow{"http://u:secret@h/a", {"http://bad host/"}, nullptr}));

}  // namespace
}  // namespace lastack::http
