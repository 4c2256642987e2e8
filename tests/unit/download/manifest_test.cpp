#include "download/manifest.hpp"

#include "download/error.hpp"
#include "download/mirror_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::download {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const std::string sha256(64, 'c');
const std::string sha512(128, 'd');

std::string cause_of(const std::string& text) {
    const auto files = parse_manifest(text, "m.json");
    if (files) {
        return "no error";
    }
    EXPECT_EQ(files.error().code, DownloadErrc::bad_list);
    EXPECT_EQ(files.error().phase, Phase::parsing);
    return files.error().cause;
}

// One file with an address and these members.
std::string cause_of_file(const std::string& members) { return cause_of("[\n{\"url\": \"http://h/a\"},\n{" + members + "}\n]"); }

TEST(Manifest, is_an_array_of_files_or_an_object_around_it) {
    const std::string array = R"([{"mirrors": ["http://m/a"], "urls": ["http://g/a", "file:///srv/a"], "url": "http://h/a", "size": 7,
                                   "path": "x/y", "sha256": ")" +
                              sha256 + R"(", "digest": "sha512:)" + sha512 + R"("}, {"urls": ["https://h/b"]}])";
    for (const std::string& text : {array, "\xef\xbb\xbf{ \"files\" :\r\n" + array + "}\n"}) {
        const auto files = parse_manifest(text, "m.json");
        ASSERT_TRUE(files) << describe(files.error());
        ASSERT_THAT(*files, SizeIs(2));
        const ManifestFile& first = files->front();
        EXPECT_THAT(first.urls, ElementsAre("http://h/a", "http://g/a", "file:///srv/a", "http://m/a"));
        EXPECT_EQ(first.size, 7U);
        EXPECT_EQ(first.path, "x/y");
        EXPECT_THAT(first.digests, ElementsAre(Digest{DigestAlgorithm::sha256, sha256}, Digest{DigestAlgorithm::sha512, sha512}));
        EXPECT_EQ(files->back(), ManifestFile{.urls = {"https://h/b"}});
    }
    EXPECT_THAT(parse_manifest("[]", "m").value(), IsEmpty());
    EXPECT_THAT(parse_manifest("{\"files\": []}", "m").value(), IsEmpty());
}

TEST(Manifest, takes_weak_digests_where_they_are_asked_for_by_name) {
    const auto files = parse_manifest(R"([{"url": "http://h/a", "digest": "md5:)" + std::string(32, 'a') + "\"}]", "m");
    ASSERT_TRUE(files) << describe(files.error());
    EXPECT_EQ(files->front().digests.front().algorithm, DigestAlgorithm::md5);
}

TEST(Manifest, tells_line_and_index_of_what_is_wrong) {
    EXPECT_EQ(cause_of("[\n{\"url\": \"http://h/a\"},\n{\"url\": \"http://h/b\",\n \"sha265\": \"x\"}]"),
              "m.json:4: [1]: unknown key 'sha265'");
    EXPECT_EQ(cause_of("{\"files\": [\n{\"url\": \"http://h/a\",\n\"size\": -1\n}]}"),
              "m.json:3: files[0]: 'size' cannot be a negative number");
    EXPECT_EQ(cause_of("{\"version\": 1}"), "m.json:1: unknown key 'version'");
    EXPECT_EQ(cause_of("[\n\n{}]"), "m.json:3: [0]: no URL");
    EXPECT_THAT(cause_of("[{\"\\u001b[2J\": 1}]"), EndsWith("unknown key '\\x1b[2J'"));
}

TEST(Manifest, counts_the_line_of_a_number_though_the_parser_reads_on) {
    EXPECT_EQ(cause_of("[\n{\"path\": 5\n}]"), "m.json:2: [0]: 'path' cannot be a number");
}

TEST(Manifest, refuses_what_nobody_can_have_meant) {
    const std::pair<std::string, const char*> rows[] = {
        {R"("path": "x")", "no URL"},
        {R"("urls": [])", "no URL"},
        {R"("url": "http://h/a", "url": "http://h/b")", "the key 'url' stands there twice"},
        {R"("url": "h/a")", "url: "},
        {R"("url": "rsync://h/a")", "url: "},
        {R"("urls": ["http://h/a", "x y"])", "urls: "},
        {R"("mirrors": ["http://h/\u0000"])", "mirrors: "},
        {R"("urls": [["http://h/a"]])", "a URL in 'urls' cannot be an array"},
        {R"("urls": [null])", "a URL in 'urls' cannot be null"},
        {R"("urls": "http://h/a")", "'urls' cannot be a text"},
        {R"("url": ["http://h/a"])", "'url' cannot be an array"},
        {R"("url": {"a": 1})", "'url' cannot be an object"},
        {R"("url": null)", "'url' cannot be null"},
        {R"("url": true)", "'url' cannot be a truth value"},
        {R"("size": "7")", "'size' cannot be a text"},
        {R"("size": 1.5)", "'size' cannot be a fraction"},
        {R"("size": 1e3)", "'size' cannot be a fraction"},
        {R"("size": 18446744073709551616)", "'size' cannot be a fraction"},
        {R"("sha256": "abc")", "sha256: "},
        {R"("digest": "abc")", "digest wants ALGORITHM:HEX"},
        {R"("digest": "crc32:abc")", "digest: "},
        {R"("path": "")", "path must be relative"},
        {R"("path": "/etc/x")", "path must be relative"},
        {R"("path": "a/../../x")", "path must be relative"},
        {R"("path": "a\nb")", "path must be relative"},
    };
    for (const auto& [members, cause] : rows) {
        EXPECT_THAT(cause_of_file(members), HasSubstr("m.json:3: [1]: " + std::string{cause})) << members;
    }
    EXPECT_THAT(cause_of_file(R"("sha256": ")" + sha256 + R"(", "digest": "sha256:)" + sha256 + "\""),
                HasSubstr("two digests of one kind"));
    EXPECT_THAT(cause_of(R"([{"url": "http://h/a", "path": "p"}, {"url": "http://h/b", "path": "p"}])"),
                HasSubstr("[1]: another file has the path 'p'"));
    EXPECT_THAT(cause_of_file(R"("url": "ht!tp://me:hunter2@h/a")"), Not(HasSubstr("hunter2")));
}

TEST(Manifest, refuses_other_documents) {
    for (const char* text : {"1", "\"x\"", "null", "{\"files\": 1}", "{\"files\": {}}", "{\"files\": \"x\"}"}) {
        EXPECT_THAT(cause_of(text), HasSubstr("m.json:1: an array of files, or an object with the key 'files', is wanted, not ")) << text;
    }
    EXPECT_THAT(cause_of("[1]"), HasSubstr("a file wants an object, not a number"));
    EXPECT_THAT(cause_of("[[]]"), HasSubstr("a file wants an object, not an array"));
    EXPECT_THAT(cause_of("{}"), HasSubstr("no key 'files'"));
    EXPECT_THAT(cause_of("{\"files\": [], \"files\": []}"), HasSubstr("the key 'files' stands there twice"));
}

TEST(Manifest, refuses_what_is_not_quite_json) {
    for (const char* text : {"", " ", "[", "[{", "[]]", "[] x", "[,]", "[{\"url\": \"http://h/a\"},]", "// c\n[]", "[{'url': 'x'}]", "NaN",
                             "[{\"url\": \"\xff\"}]", "[{\"url\": \"a\nb\"}]", "[{\"url\": \"\\ud800\"}]", "[{\"size\": 1e999}]",
                             "[{\"size\": 01}]", "http://h/a\n"}) {
        EXPECT_THAT(cause_of(text), HasSubstr("m.json:")) << text;
        EXPECT_THAT(cause_of(text), Not(HasSubstr("json.exception"))) << text;
    }
    EXPECT_THAT(cause_of("[\n\n}"), HasSubstr("m.json:3: syntax error"));
    EXPECT_THAT(cause_of(std::string(1, '\0')), HasSubstr("m.json:1: "));
}

TEST(Manifest, is_limited_in_every_direction) {
    EXPECT_THAT(cause_of(std::string(max_manifest_size + 1, ' ')), HasSubstr("larger than"));
    EXPECT_THAT(cause_of(std::string(1'000'000, '[')), HasSubstr("a file wants an object"));
    std::string urls;
    for (std::size_t i = 0; i <= max_mirrors; ++i) {
        urls += (i == 0 ? "\"http://h/" : ",\"http://h/") + std::to_string(i) + "\"";
    }
    EXPECT_THAT(cause_of("[{\"urls\": [" + urls + "]}]"), HasSubstr("more than 512 URLs"));
    EXPECT_LT(cause_of("[{\"" + std::string(100'000, 'x') + "\": 1}]").size(), 200U);
    EXPECT_LT(cause_of("[\"" + std::string(100'000, 'x') + "\n").size(), 400U);
}

}  // namespace
}  // namespace lastack::download
