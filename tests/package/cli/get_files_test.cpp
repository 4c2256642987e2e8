// What `lastack get` makes of lists, options and trouble, seen from outside.
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <sstream>

namespace lastack::cli::test {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

constexpr const char* sha256_of_content = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";  // of "content"

class GetFiles : public testing::Test {
protected:
    GetFiles() {
        nginx.publish("a", "content");
        nginx.publish("b", "content");
        nginx.publish("slow", std::string(1'000'000, 'x'));
    }

    [[nodiscard]] ProcessOptions command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "get");
        auto options = root.command(arguments);
        options.directory = here.path().string();
        return options;
    }
    [[nodiscard]] ProcessResult run(const std::vector<std::string>& arguments) const { return lastack::test::run(command(arguments)); }

    static std::vector<std::string> lines_of(const std::string& text) {
        std::vector<std::string> lines;
        std::istringstream in(text);
        for (std::string line; std::getline(in, line);) {
            lines.push_back(line);
        }
        return lines;
    }

    ScratchRoot root;
    NginxServer nginx{{.locations = {{.path = "/slow", .directives = "limit_rate 50k;"}}}};
    TempDirectory here;
};

TEST_F(GetFiles, of_a_list_on_standard_input_have_mirrors_digests_sizes_and_paths) {
    auto options = command({"-d", "into", "-i", "-"});
    std::filesystem::create_directory(here / "into");
    options.stdin_is = ProcessOptions::Input::text;
    options.input = "# two files\n\n" + nginx.url("/missing") + " " + nginx.url("/a") + " sha256=" + sha256_of_content +
                    " size=7 path=deep/er/name\r\n" + nginx.url("/b");
    const auto got = lastack::test::run(options);
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("into/deep/er/name"), "content");
    EXPECT_EQ(here.read("into/b"), "content");
}

TEST_F(GetFiles, of_a_list_with_a_bad_line_are_none) {
    for (const char* line :
         {"no-url", "size=1", "http://h/a size=x", "http://h/a sha256=12", "http://h/a path=../up", "http://h/a path=/etc/x"}) {
        here.write("list", nginx.url("/a") + "\n" + line + "\n");
        const auto got = run({"-i", "list"});
        EXPECT_EQ(got.status, 2) << told(got);
        EXPECT_THAT(got.err, HasSubstr("list, line 2: ")) << line;
        EXPECT_FALSE(std::filesystem::exists(here / "a"));
    }
    const auto missing = run({"-i", "no-such-list"});
    EXPECT_EQ(missing.status, 1) << told(missing);
}

TEST_F(GetFiles, take_a_mirror_when_the_first_has_nothing_or_something_else) {
    nginx.publish("wrong", "contenT");
    const auto got = run(
        {"-o", "file", "--sha256", sha256_of_content, "--mirror", nginx.url("/wrong"), "--mirror", nginx.url("/a"), nginx.url("/missing")});
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("file"), "content");
}

TEST_F(GetFiles, that_failed_are_listed_at_the_end_with_cause) {
    const auto got = run({nginx.url("/no1"), nginx.url("/a"), nginx.url("/no2")});
    EXPECT_EQ(got.status, 1) << told(got);
    EXPECT_THAT(got.err, AllOf(HasSubstr(nginx.url("/no1") + ": "), HasSubstr(nginx.url("/no2") + ": "), HasSubstr("404"),
                               HasSubstr("2 of 3 files failed\n")));
    EXPECT_EQ(here.read("a"), "content");
}

TEST_F(GetFiles, are_told_as_json_and_nothing_else_on_standard_output) {
    const auto got = run({"--json", nginx.url("/a"), nginx.url("/missing")});
    EXPECT_EQ(got.status, 1) << told(got);
    const auto lines = lines_of(got.out);
    ASSERT_THAT(lines, SizeIs(3)) << got.out;
    EXPECT_THAT(lines,
                testing::Contains(MatchesRegex(R"(\{"type":"result","index":0,"url":"http://[^"]*/a","path":"\./a","status":"downloaded",)"
                                               R"("served_by":"http://[^"]*/a","size":7,"fetched":7,"took_ms":[0-9]+\})")));
    EXPECT_THAT(lines,
                testing::Contains(MatchesRegex(
                    R"(\{"type":"result","index":1,"url":"http://[^"]*/missing","path":"\./missing","status":"failed","took_ms":[0-9]+,)"
                    R"("error":\{"code":"http.not_found",.*"http_status":404,.*\}\})")));
    EXPECT_THAT(lines[2], MatchesRegex(R"(\{"type":"summary","files":2,"done":1,"already_there":0,"failed":1,"cancelled":0,"bytes":7,)"
                                       R"("fetched":7,"took_ms":[0-9]+,"interrupted":false,"exit_status":1\})"));
}

TEST_F(GetFiles, keep_what_came_at_ctrl_c_and_say_so) {
    Process get(command({"--json", nginx.url("/slow"), nginx.url("/a")}));
    ASSERT_TRUE(get.wait_for_output(R"("index":1)")) << get.err();
    // What is kept is what came; wait for some of it.
    while (!std::filesystem::exists(here / "slow.part") || std::filesystem::file_size(here / "slow.part") == 0) {
        ASSERT_FALSE(get.wait_for_output("never printed", std::chrono::milliseconds{10}));
        ASSERT_TRUE(get.running());
    }
    get.signal(SIGINT);
    const auto got = get.wait();
    EXPECT_EQ(got.status, 1) << told(got);
    EXPECT_THAT(got.err, AllOf(HasSubstr("Exiting on user cancel"), HasSubstr("1 of 2 files are done"), HasSubstr("1 partial file is kept"),
                               HasSubstr("./slow.part")));
    EXPECT_THAT(got.out, AllOf(HasSubstr(R"("status":"cancelled")"), HasSubstr(R"("interrupted":true,"exit_status":1)")));
}

TEST_F(GetFiles, waiting_for_a_list_end_at_ctrl_c) {
    auto options = command({"-i", "-"});
    options.stdin_is = ProcessOptions::Input::pipe;
    Process get(options);
    get.write(nginx.url("/a") + "\n");
    ASSERT_FALSE(get.wait_for_output("never printed", std::chrono::milliseconds{300}));
    get.signal(SIGINT);
    EXPECT_EQ(get.wait().status, 1);
    EXPECT_FALSE(std::filesystem::exists(here / "a"));
}

}  // namespace
}  // namespace lastack::cli::test
