// `lastack get --metalink` and `--manifest`, seen from outside.
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

namespace lastack::cli::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr const char* sha256_of_content = "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73";  // of "content"

class GetDocuments : public testing::Test {
protected:
    GetDocuments() {
        nginx.publish("a", "content");
        nginx.publish("b", "content");
        nginx.publish("wrong", "contenT");
        std::filesystem::create_directory(here / "into");
    }

    [[nodiscard]] ProcessOptions command(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), "get");
        auto options = root.command(arguments);
        options.directory = here.path().string();
        return options;
    }
    [[nodiscard]] ProcessResult run(const std::vector<std::string>& arguments) const { return lastack::test::run(command(arguments)); }

    static std::string metalink(const std::string& files) {
        return "<?xml version=\"1.0\"?>\n<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n" + files + "</metalink>\n";
    }
    static std::string file(const std::string& name, const std::vector<std::string>& urls,
                            const std::string& checks = std::string{"<size>7</size><hash type=\"sha-256\">"} + sha256_of_content +
                                                        "</hash>") {
        std::string text = "<file name=\"" + name + "\">" + checks;
        for (std::size_t i = 0; i < urls.size(); ++i) {
            text += "<url priority=\"" + std::to_string(i + 1) + "\">" + urls[i] + "</url>";
        }
        return text + "</file>\n";
    }
    static std::string dead_url() {
        NginxServer server;
        server.stop();
        return server.url("/a");
    }
    [[nodiscard]] std::size_t entries_here() const {
        return static_cast<std::size_t>(std::distance(std::filesystem::recursive_directory_iterator(here.path()), {}));
    }

    ScratchRoot root;
    NginxServer nginx{
        {.locations = {
             {.path = "/meta4/", .directives = "types {} default_type application/metalink4+xml;"},
             {.path = "/private/", .directives = "if ($http_authorization != \"Bearer hunter2\") { return 403; }"},
             {.path = "/public/", .directives = "if ($http_authorization) { return 403; } if ($http_x_a != \"b\") { return 403; }"},
         }}};
    TempDirectory here;
};

TEST_F(GetDocuments, of_a_metalink_come_from_the_mirror_that_lives_and_is_right) {
    here.write("m.meta4",
               metalink(file("one", {dead_url(), nginx.url("/a")}) + file("deep/er/two", {nginx.url("/wrong"), nginx.url("/b")})));
    const auto got = run({"-d", "into", "--metalink", "m.meta4", nginx.url("/wrong")});
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("into/one"), "content");
    EXPECT_EQ(here.read("into/deep/er/two"), "content");
    EXPECT_EQ(here.read("into/wrong"), "contenT");
}

TEST_F(GetDocuments, of_a_metalink_of_version_3_are_understood_too) {
    here.write("m.metalink",
               "<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\"><files><file name=\"one\"><size>7</size>"
               "<verification><hash type=\"sha256\">" +
                   std::string{sha256_of_content} + "</hash></verification><resources><url type=\"rsync\">rsync://h/one</url>" +
                   "<url type=\"http\" preference=\"90\">" + nginx.url("/a") + "</url></resources></file></files></metalink>");
    const auto got = run({"--metalink", "m.metalink"});
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("one"), "content");
}

TEST_F(GetDocuments, of_a_metalink_with_a_wrong_digest_or_size_fail_alone) {
    here.write("m", metalink(file("one", {nginx.url("/wrong")}) + file("two", {nginx.url("/a")}) +
                             file("three", {nginx.url("/b")}, "<size>8</size>")));
    const auto got = run({"-d", "into", "--json", "--metalink", "m"});
    EXPECT_EQ(got.status, 1) << told(got);
    EXPECT_THAT(got.out, AllOf(HasSubstr("download.digest_mismatch"), HasSubstr("download.size_mismatch"), HasSubstr("\"done\":1")));
    EXPECT_EQ(here.read("into/two"), "content");
    EXPECT_FALSE(std::filesystem::exists(here / "into/one"));
    EXPECT_FALSE(std::filesystem::exists(here / "into/three"));
}

TEST_F(GetDocuments, of_a_metalink_with_a_name_that_leads_out_are_none) {
    for (const std::string name : {"../up", "/tmp/lastack-absolute", "a/../../up", ".bashrc", "x&#10;y"}) {
        here.write("m", metalink(file("one", {nginx.url("/a")}) + file(name, {nginx.url("/b")})));
        const auto got = run({"-d", "into", "--metalink", "m"});
        EXPECT_EQ(got.status, 2) << told(got);
        EXPECT_THAT(got.err, HasSubstr("m:4:1: the name of a file must")) << name;
    }
    EXPECT_EQ(entries_here(), 2U);  // the metalink and the directory
    EXPECT_THAT(nginx.log(), IsEmpty());
}

TEST_F(GetDocuments, of_a_metalink_with_a_url_are_fetched_by_the_same_client) {
    nginx.publish("m.meta4", metalink(file("one", {nginx.url("/a")})));
    const auto got = run({"--metalink", nginx.url("/m.meta4")});
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("one"), "content");
    EXPECT_FALSE(std::filesystem::exists(here / "m.meta4"));
    EXPECT_THAT(nginx.wait_for_log(2), SizeIs(2));
}

TEST_F(GetDocuments, of_a_metalink_on_standard_input_are_understood_too) {
    auto options = command({"--metalink", "-"});
    options.stdin_is = ProcessOptions::Input::text;
    options.input = metalink(file("one", {nginx.url("/a")}));
    const auto got = lastack::test::run(options);
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("one"), "content");
}

TEST_F(GetDocuments, of_a_metalink_that_cannot_be_had_or_is_none_are_told) {
    nginx.publish("huge", std::string((std::size_t{8} << 20) + 1, ' '));
    nginx.publish("page", "<html>please log in</html>\n");
    const struct {
        std::string where;
        int status;
        std::string cause;
    } rows[] = {
        {nginx.url("/missing"), 1, "404"},
        {nginx.url("/huge"), 1, "larger than the 8388608 bytes"},
        {nginx.url("/page"), 2, nginx.url("/page") + ":1:1: the root element is <html>"},
        {"no-such-file", 1, "no-such-file"},
        {"here", 2, "here:1:1: "},
        {"rsync://127.0.0.1/m", 2, "rsync"},
    };
    here.write("here", "{}");
    for (const auto& [where, status, cause] : rows) {
        const auto got = run({"--metalink", where, nginx.url("/a")});
        EXPECT_EQ(got.status, status) << told(got);
        EXPECT_THAT(got.err, HasSubstr(cause)) << where;
        EXPECT_FALSE(std::filesystem::exists(here / "a")) << where;
    }
}

TEST_F(GetDocuments, at_a_plain_url_are_downloaded_and_not_read) {
    for (const std::string name : {"m.meta4", "m.metalink"}) {
        nginx.publish("meta4/" + name, metalink(file("one", {nginx.url("/a")})));
        const auto got = run({nginx.url("/meta4/" + name)});
        EXPECT_EQ(got.status, 0) << told(got);
        EXPECT_EQ(here.read(name), metalink(file("one", {nginx.url("/a")})));
    }
    EXPECT_FALSE(std::filesystem::exists(here / "one"));
}

TEST_F(GetDocuments, keep_the_users_secrets_from_servers_that_they_name) {
    nginx.publish("private/m", metalink(file("one", {nginx.url("/public/a")})));
    nginx.publish("public/a", "content");
    const auto got = run({"--header", "Authorization: Bearer hunter2", "--header", "X-A: b", "--metalink", nginx.url("/private/m")});
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("one"), "content");
}

TEST_F(GetDocuments, of_a_manifest_have_mirrors_digests_sizes_and_paths) {
    here.write("m.json", R"({"files": [{"url": ")" + dead_url() + R"(", "mirrors": [")" + nginx.url("/a") +
                             R"("], "size": 7, "sha256": ")" + sha256_of_content + R"(", "path": "deep/name"}]})");
    auto options = command({"-d", "into", "--manifest", "m.json", "--manifest", "-"});
    options.stdin_is = ProcessOptions::Input::text;
    options.input = R"([{"urls": [")" + nginx.url("/wrong") + R"(", ")" + nginx.url("/b") + R"("], "digest": "sha256:)" +
                    sha256_of_content + R"(", "path": "b"}])";
    const auto got = lastack::test::run(options);
    EXPECT_EQ(got.status, 0) << told(got);
    EXPECT_EQ(here.read("into/deep/name"), "content");
    EXPECT_EQ(here.read("into/b"), "content");
}

TEST_F(GetDocuments, of_a_manifest_with_a_wrong_size_fail_alone) {
    here.write("m.json", R"([{"url": ")" + nginx.url("/a") + R"(", "size": 8}, {"url": ")" + nginx.url("/b") + R"(", "size": 7}])");
    const auto got = run({"--json", "--manifest", "m.json"});
    EXPECT_EQ(got.status, 1) << told(got);
    EXPECT_THAT(got.out, AllOf(HasSubstr("download.size_mismatch"), HasSubstr("\"done\":1"), HasSubstr("\"failed\":1")));
    EXPECT_EQ(here.read("b"), "content");
    EXPECT_FALSE(std::filesystem::exists(here / "a"));
}

TEST_F(GetDocuments, of_a_manifest_with_something_wrong_are_none) {
    const std::string good = R"({"url": ")" + nginx.url("/a") + R"(", "path": "dir/a"})";
    const std::pair<std::string, const char*> rows[] = {
        {R"({"url": "http://h/b", "sha265": "x"})", "m.json:2: [1]: unknown key 'sha265'"},
        {R"({"url": "http://h/b", "path": "../b"})", "m.json:2: [1]: path must be relative"},
        {R"({"url": "http://h/b", "path": "dir/a"})", "m.json:2: [1]: another file has the path 'dir/a'"},
        {R"({"url": "http://h/b", "path": "dir/a.part"})", "two of the files would be written to"},
        {R"({"url": "http://h/b")", "m.json:2: [1]: syntax error"},
    };
    for (const auto& [bad, cause] : rows) {
        here.write("m.json", "[" + good + ",\n" + bad + "]");
        const auto got = run({"-d", "into", "--manifest", "m.json"});
        EXPECT_EQ(got.status, 2) << told(got);
        EXPECT_THAT(got.err, HasSubstr(cause));
        EXPECT_FALSE(std::filesystem::exists(here / "into/dir")) << bad;
    }
    EXPECT_THAT(nginx.log(), IsEmpty());
}

TEST_F(GetDocuments, waiting_for_a_manifest_end_at_ctrl_c) {
    auto options = command({"--manifest", "-"});
    options.stdin_is = ProcessOptions::Input::pipe;
    Process get(options);
    get.write("[");
    ASSERT_FALSE(get.wait_for_output("never printed", std::chrono::milliseconds{300}));
    get.signal(SIGINT);
    EXPECT_EQ(get.wait().status, 1);
}

}  // namespace
}  // namespace lastack::cli::test
