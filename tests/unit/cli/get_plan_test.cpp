#include "cli/get_plan.hpp"

#include "cli/get_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::SizeIs;

std::variant<Arguments, EarlyExit> parsed(std::vector<const char*> words) {
    words.insert(words.begin(), {"lastack", "get"});
    return parse_arguments(static_cast<int>(words.size()), words.data());
}

Result<std::vector<DownloadRequest>> plan(const std::vector<const char*>& words) {
    const auto arguments = parsed(words);
    if (const auto* refused = std::get_if<EarlyExit>(&arguments)) {
        return std::unexpected(Error{.code = Errc::invalid_argument, .cause = "usage: " + refused->text});
    }
    const auto files = files_of(std::get<Arguments>(arguments));
    if (!files) {
        return std::unexpected(files.error());
    }
    return plan_downloads(*files, std::get<Arguments>(arguments), {});
}

TEST(GetNames, are_the_last_segment_decoded_and_never_a_way_out) {
    const std::string rows[][2] = {{"http://h/a/b.rpm", "b.rpm"},
                                   {"http://h/b.rpm?x=/y#/z", "b.rpm"},
                                   {"http://h/with%20blank", "with blank"},
                                   {"http://h/%c3%a4", "\u00e4"},
                                   {"http://h/..%2f..%2fetc%2fpasswd", "..%2f..%2fetc%2fpasswd"},
                                   {"http://h/a%00b", "a%00b"},
                                   {"http://h/a%0ab", "a%0ab"},
                                   {"http://h/%ff", "%ff"},
                                   {"http://h/100%", "100%"},
                                   {"http://h/%zz", "%zz"},
                                   {"http://h/...", "..."},
                                   {"file:///srv/a%20b", "a b"},
                                   {"file:/srv/f", "f"}};
    for (const auto& [url, name] : rows) {
        const auto got = name_of(url);
        ASSERT_TRUE(got) << url;
        EXPECT_EQ(*got, name) << url;
    }
    for (const char* url : {"http://h", "http://h/", "http://h/a/", "http://h/..", "http://h/%2e%2e", "http://h/.", "http://h/?a"}) {
        const auto got = name_of(url);
        ASSERT_FALSE(got) << *got;
        EXPECT_THAT(got.error().next_step, HasSubstr("-o"));
    }
    EXPECT_THAT(name_of("http://me:hunter2@h/").error().url, Not(HasSubstr("hunter2")));
}

TEST(GetRates, have_units_of_1024) {
    const std::pair<const char*, std::uint64_t> rows[] = {{"1", 1},          {"300000", 300'000}, {"500k", 512'000},
                                                          {"500K", 512'000}, {"2M", 2u << 20},    {"1g", 1u << 30}};
    for (const auto& [text, rate] : rows) {
        const auto got = parse_rate(text);
        ASSERT_TRUE(got) << text;
        EXPECT_EQ(*got, rate) << text;
    }
    for (const char* text : {"", "0", "0k", "k", "-1", "+1", "1.5M", "1 k", "1kB", "99999999999999999999", "18446744073709551615k"}) {
        EXPECT_FALSE(parse_rate(text)) << text;
    }
}

TEST(GetHeaders, are_fields_that_are_not_the_clients_own) {
    EXPECT_EQ(parse_header("X-Token:  a b ").value(), std::pair(std::string{"X-Token"}, std::string{"a b"}));
    EXPECT_EQ(parse_header("Empty:").value(), std::pair(std::string{"Empty"}, std::string{}));
    for (const char* text : {"", ":", ": a", "no colon", "a b: c", "a: b\r\nc: d", "Host: h", "rAnge: bytes=0-1", "Content-Length: 3"}) {
        const auto got = parse_header(text);
        ASSERT_FALSE(got) << text;
        EXPECT_EQ(got.error().code, Errc::invalid_argument);
    }
    EXPECT_THAT(describe(parse_header("Authorization Bearer hunter2").error()), Not(HasSubstr("hunter2")));
}

TEST(GetRanges, are_from_the_first_byte_to_the_last) {
    EXPECT_EQ(parse_range("0-99").value(), (ByteRange{0, 99}));
    EXPECT_EQ(parse_range("5-5").value(), (ByteRange{5, 5}));
    EXPECT_EQ(parse_range("100-").value(), (ByteRange{100, {}}));
    for (const char* text : {"", "-", "-5", "5", "9-1", "a-b", "1-2-3", "0-99999999999999999999"}) {
        EXPECT_FALSE(parse_range(text)) << text;
    }
}

TEST(GetLists, hold_mirrors_digests_size_and_path_of_each_file) {
    const std::string sha256(64, 'c');
    const auto files =
        parse_get_list("# comment\n\n http://h/a\thttp://m/a size=3 path=x/y sha256=" + sha256 + "\r\nhttp://h/b?path=1", "list");
    ASSERT_TRUE(files) << describe(files.error());
    ASSERT_THAT(*files, SizeIs(2));
    EXPECT_THAT((*files)[0].urls, ElementsAre("http://h/a", "http://m/a"));
    EXPECT_EQ((*files)[0].path, "x/y");
    EXPECT_EQ((*files)[0].size, 3U);
    EXPECT_THAT((*files)[0].digests, ElementsAre(Digest{DigestAlgorithm::sha256, sha256}));
    EXPECT_THAT((*files)[1].urls, ElementsAre("http://h/b?path=1"));
    EXPECT_EQ((*files)[1].path, "");
}

TEST(GetLists, name_the_line_that_is_wrong) {
    for (const char* line :
         {"x", "size=3", "http://h/a size=", "http://h/a sha256=1", "http://h/a sha1=1", "http://h/a path=", "http://h/a path=/x",
          "http://h/a path=a/../b", "http://h/a path=..", "http://h/a path=a/", "http://h/a path=./a", "http://h/a path=\x1b"}) {
        const auto files = parse_get_list("http://h/ok\n" + std::string{line}, "list");
        ASSERT_FALSE(files) << line;
        EXPECT_EQ(files.error().code, Errc::invalid_argument);
        EXPECT_THAT(describe(files.error()), HasSubstr("list, line 2: ")) << line;
    }
    EXPECT_THAT(describe(parse_get_list("ht!tp://me:hunter2@h/a", "list").error()), Not(HasSubstr("hunter2")));
}

TEST(GetPlan, gives_headers_range_and_resume_to_the_request) {
    const auto arguments = parsed({"--header", "A: b", "--header=C: d", "--range", "1-2", "--no-continue", "http://h/f"});
    RequestOptions options;
    ASSERT_TRUE(apply_words(std::get<Arguments>(arguments).get, options));
    EXPECT_THAT(options.headers, ElementsAre(std::pair("A", "b"), std::pair("C", "d")));
    EXPECT_EQ(options.range, (ByteRange{1, 2}));
    EXPECT_FALSE(plan({"--no-continue", "http://h/f"}).value().front().resume);
    EXPECT_TRUE(plan({"-C", "http://h/f"}).value().front().resume);
}

TEST(GetPlan, gives_the_one_file_its_mirrors_size_and_digests) {
    const std::string sha256(64, 'A');
    const std::string sha512(128, 'b');
    const auto requests = plan({"-o", "name", "-d", "into", "--mirror", "http://m/f", "--mirror", "http://n/f", "--sha256", sha256.c_str(),
                                "--sha512", sha512.c_str(), "--size", "12", "http://h/f"});
    ASSERT_TRUE(requests) << describe(requests.error());
    ASSERT_THAT(*requests, SizeIs(1));
    EXPECT_THAT(requests->front().urls, ElementsAre("http://h/f", "http://m/f", "http://n/f"));
    EXPECT_EQ(requests->front().path, "into/name");
    EXPECT_EQ(requests->front().size, 12U);
    EXPECT_THAT(requests->front().digests,
                ElementsAre(Digest{DigestAlgorithm::sha256, std::string(64, 'a')}, Digest{DigestAlgorithm::sha512, sha512}));
}

TEST(GetPlan, takes_metalinks_and_manifests_without_a_url) {
    const auto arguments = parsed({"--metalink", "m", "--metalink=http://h/m", "--manifest", "-"});
    ASSERT_TRUE(std::holds_alternative<Arguments>(arguments)) << std::get<EarlyExit>(arguments).text;
    EXPECT_THAT(std::get<Arguments>(arguments).get.metalinks, ElementsAre("m", "http://h/m"));
    EXPECT_THAT(std::get<Arguments>(arguments).get.manifests, ElementsAre("-"));
    EXPECT_THAT(std::get<Arguments>(arguments).operands, SizeIs(0));
}

TEST(GetPlan, sends_the_users_secrets_to_no_server_that_a_document_chose) {
    const RequestOptions options{.headers = {{"authorization", "s"}, {"X-A", "b"}, {"COOKIE", "s"}}};
    const WantedFile own{.urls = {"http://h/a"}};
    const WantedFile named{.urls = {"http://h/b"}, .servers = ServersOf::document};
    const auto requests = plan_downloads({own, named}, std::get<Arguments>(parsed({"http://h/a"})), options);
    ASSERT_TRUE(requests) << describe(requests.error());
    EXPECT_THAT(requests->at(0).options.headers, SizeIs(3));
    EXPECT_THAT(requests->at(1).options.headers, ElementsAre(std::pair("X-A", "b")));
}

TEST(GetPlan, takes_a_local_file_as_a_mirror) {
    const auto requests = plan({"--mirror", "http://h/f", "file:///srv/f"});
    ASSERT_TRUE(requests) << describe(requests.error());
    EXPECT_THAT(requests->front().urls, ElementsAre("file:///srv/f", "http://h/f"));
}

TEST(GetPlan, refuses_what_makes_no_sense_before_anything_starts) {
    const std::pair<std::vector<const char*>, const char*> rows[] = {
        {{}, "wants a URL"},
        {{"-o", "x", "--metalink", "m"}, "-o names one file"},
        {{"-o", "x", "--manifest", "m"}, "-o names one file"},
        {{"--sha256", "x", "http://h/a", "--metalink", "m"}, "about one file"},
        {{"--mirror", "http://m/a", "--manifest", "m"}, "about one file"},
        {{"-o", "x", "http://h/a", "http://h/b"}, "-o names one file"},
        {{"-o", "x", "-i", "list"}, "-o names one file"},
        {{"--size", "1", "http://h/a", "http://h/b"}, "about one file"},
        {{"--mirror", "http://m/a", "-i", "list"}, "about one file"},
        {{"--size", "-1", "http://h/a"}, "--size"},
        {{"-j", "0", "http://h/a"}, "--jobs"},
        {{"-j", "5000", "http://h/a"}, "--jobs"},
        {{"--continue", "--no-continue", "http://h/a"}, "continue"},
        {{"--sha256", "abc", "http://h/a"}, "--sha256"},
        {{"--sha512", "zz", "http://h/a"}, "--sha512"},
        {{"http://h/a", "http://g/a"}, "two of the files would be written to a"},
        {{"http://h/a", "http://h/a.part"}, "a.part"},
        {{"http://h/a.part.journal", "http://h/a"}, "a.part.journal"},
        {{"http://h/"}, "names no file"},
        {{"no url"}, "no url"},
    };
    for (const auto& [words, cause] : rows) {
        const auto requests = plan(words);
        ASSERT_FALSE(requests) << cause;
        EXPECT_EQ(requests.error().code, Errc::invalid_argument);
        EXPECT_THAT(describe(requests.error()), HasSubstr(cause));
    }
}

}  // namespace
}  // namespace lastack::cli
