#include "package/nevra_match.hpp"

#include <gtest/gtest.h>

namespace lastack::package {
namespace {

const Nevra foo{"foo-bar", "2", "1.5", "3", "x86_64"};

TEST(NevraMatch, the_seven_forms_match_and_others_do_not) {
    for (const char* pattern : {"foo-bar", "foo-bar.x86_64", "foo-bar-1.5", "foo-bar-1.5-3", "foo-bar-1.5-3.x86_64",
                                "foo-bar-2:1.5-3.x86_64", "2:foo-bar-1.5-3.x86_64", "foo*", "*.x86_64", "foo-ba[rz]", "?oo-bar"}) {
        EXPECT_TRUE(matches(pattern, foo)) << pattern;
    }
    for (const char* pattern : {"", "foo", "foo-bar-", "foo-bar.i686", "foo-bar-1", "foo-bar-1.5-3.i686", "1:foo-bar-1.5-3.x86_64",
                                "FOO-BAR", "bar*", "[", "foo-bar-2:1.5-3"}) {
        EXPECT_FALSE(matches(pattern, foo)) << pattern;
    }
}

TEST(NevraMatch, a_missing_epoch_is_zero) { EXPECT_TRUE(matches("a-0:1-1.noarch", Nevra{"a", "", "1", "1", "noarch"})); }

TEST(NevraMatch, no_pattern_matches_nothing) { EXPECT_FALSE(matches_any({}, foo)); }

TEST(Nevra, the_epoch_is_written_when_there_is_one) {
    EXPECT_EQ(foo.str(), "foo-bar-2:1.5-3.x86_64");
    EXPECT_EQ((Nevra{"a", "0", "1", "2", "noarch"}.str()), "a-1-2.noarch");
    EXPECT_EQ((Nevra{"a", "", "1", "2", "noarch"}.evr()), "1-2");
}

TEST(NevraAcceptable, ordinary_names_are) {
    for (const Nevra& nevra : {Nevra{"libstdc++", "0", "4.8.5", "44.el7", "x86_64"}, Nevra{"gtk2_x", "10", "1~rc1", "1^git2", "noarch"},
                               Nevra{"0ad", "0", "a", "0.1.b", "i686"}}) {
        EXPECT_TRUE(is_acceptable(nevra)) << nevra.str();
    }
}

}  // namespace
}  // namespace lastack::package
