#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace lastack::cli::test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr char control_c = 3;

struct Case {
    const char* name;
    std::string input;  // and then the end of input
    int status;
    bool installs;
    bool downloads;
    std::string says;
    int questions = 1;

    friend void PrintTo(const Case& one, std::ostream* out) { *out << testing::PrintToString(one.input); }
};

class PromptAnswer : public testing::TestWithParam<Case> {};

TEST_P(PromptAnswer, decides_what_is_done) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.add_repository(nginx, "core", {{.name = "tool"}});

    const auto run = root.lastack({"install", "tool"}, GetParam().input);

    EXPECT_EQ(run.status, GetParam().status) << told(run);
    EXPECT_EQ(root.installed(), GetParam().installs ? std::vector<std::string>{"tool-1.0-1"} : std::vector<std::string>{});
    EXPECT_EQ(!root.cached("tool-1.0-1.noarch.rpm").empty(), GetParam().downloads) << told(run);
    EXPECT_THAT(run.out, HasSubstr(GetParam().says));
    int questions = 0;
    for (auto at = run.out.find("Is this ok [y/d/N]: "); at != std::string::npos; at = run.out.find("Is this ok [y/d/N]: ", at + 1)) {
        ++questions;
    }
    EXPECT_EQ(questions, GetParam().questions);
}

INSTANTIATE_TEST_SUITE_P(Table, PromptAnswer,
                         testing::Values(Case{"y", "y\n", 0, true, true, "Complete!"}, Case{"yes", "Yes\n", 0, true, true, "Complete!"},
                                         Case{"n", "n\n", 1, false, false, "Exiting on user command"},
                                         Case{"empty_line", "\n", 1, false, false, "Exiting on user command"},
                                         Case{"end_of_input", "", 1, false, false, "Exiting on user command"},
                                         Case{"an_unfinished_line", "y", 1, false, false, "Exiting on user command"},
                                         Case{"garbage_then_n", "maybe\nn\n", 1, false, false, "Exiting on user command", 2},
                                         Case{"d", "d\n", 0, false, true, "exiting because \"Download Only\" specified"}),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(Prompt, control_c_changes_nothing_and_exits_with_1) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.add_repository(nginx, "core", {{.name = "tool"}});
    Process install(root.at_terminal({"install", "tool"}));

    ASSERT_TRUE(install.answer("Is this ok [y/d/N]: ", std::string_view(&control_c, 1))) << install.out();
    const auto run = install.wait();

    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.out, HasSubstr("Exiting on user cancel"));
    EXPECT_THAT(root.installed(), IsEmpty());
    EXPECT_THAT(root.cached(".rpm"), IsEmpty());
}

TEST(Prompt, a_removal_offers_no_download) {
    const ScratchRoot root;
    root.install({{.name = "tool"}});
    const auto run = root.lastack({"remove", "tool"}, "y\n");

    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr("Is this ok [y/N]: "));
    EXPECT_THAT(root.installed(), IsEmpty());
}

TEST(Prompt, downloaded_packages_are_installed_by_the_next_run_without_asking_the_server) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served()});
    root.add_repository(nginx, "core", {{.name = "tool"}});
    const auto first = root.lastack({"install", "tool"}, "d\n");
    ASSERT_EQ(first.status, 0) << told(first);
    const auto requests = nginx.wait_for_log(3).size();

    const auto second = root.lastack({"-y", "install", "tool"});

    EXPECT_EQ(second.status, 0) << told(second);
    EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
    EXPECT_EQ(nginx.log().size(), requests);
}

TEST(InterruptedDownload, keeps_what_came_and_the_next_run_asks_for_the_rest) {
    const ScratchRoot root;
    // Slow until someone asks for the rest.
    const NginxServer nginx(
        {.root = root.served(),
         .locations = {{.path = "/core/Packages/", .directives = "set $limit_rate 50k; if ($http_range) { set $limit_rate 0; }"}}});
    root.add_repository(nginx, "core", {{.name = "tool", .payload_size = 1'000'000}});
    Process install(root.at_terminal({"-y", "install", "tool"}));

    ASSERT_TRUE(install.wait_for_match("tool-1.0-1.noarch.rpm +[1-9]+%")) << install.out();
    install.write(std::string_view(&control_c, 1));
    const auto first = install.wait();

    EXPECT_EQ(first.status, 1) << told(first);
    EXPECT_THAT(first.out, HasSubstr("Exiting on user cancel"));
    EXPECT_THAT(root.installed(), IsEmpty());
    EXPECT_THAT(root.cached("tool-1.0-1.noarch.rpm"), IsEmpty());
    const auto partial = root.cached("tool-1.0-1.noarch.rpm.part");
    ASSERT_THAT(partial, SizeIs(1));
    const auto kept = std::filesystem::file_size(partial.front());
    EXPECT_GT(kept, 0U);

    const auto second = root.lastack({"-y", "install", "tool"});

    EXPECT_EQ(second.status, 0) << told(second);
    EXPECT_THAT(root.installed(), ElementsAre("tool-1.0-1"));
    const auto asked = requests_for(nginx.wait_for_log(4), "tool-1.0-1.noarch.rpm");
    ASSERT_THAT(asked, SizeIs(2));
    EXPECT_EQ(asked[1].range, "bytes=" + std::to_string(kept) + "-");
    EXPECT_EQ(asked[1].status, 206);
}

TEST(InterruptedDownload, by_SIGTERM_ends_the_same_way) {
    const ScratchRoot root;
    const NginxServer nginx({.root = root.served(), .locations = {{.path = "/core/Packages/", .directives = "limit_rate 50k;"}}});
    root.add_repository(nginx, "core", {{.name = "tool", .payload_size = 1'000'000}});
    Process install(root.command({"-y", "install", "tool"}));

    ASSERT_TRUE(install.wait_for_output("Downloading packages:")) << install.out();
    install.signal(SIGTERM);
    const auto run = install.wait(10s);

    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Exiting on user cancel"));
    EXPECT_THAT(run.out, Not(HasSubstr("Running transaction test")));
    EXPECT_THAT(root.installed(), IsEmpty());
}

}  // namespace
}  // namespace lastack::cli::test
