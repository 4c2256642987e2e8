#include "repo/repomd.hpp"

#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::string sha_a(64, 'a');
const std::string sha_b(64, 'b');

const std::string good_location = "<location href=\"repodata/primary.xml.gz\"/>";
const std::string good_checksum = "<checksum type=\"sha256\">" + sha_a + "</checksum>";

std::string document(const std::string& inner, const std::string& prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n") {
    return prolog + "<repomd xmlns=\"http://linux.duke.edu/metadata/repo\" xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\">\n" + inner +
           "</repomd>\n";
}

std::string data(const std::string& inner, const std::string& type = "primary") {
    return "<data type=\"" + type + "\">\n" + inner + "\n</data>\n";
}

const std::string complete = document("  <revision>1700000000</revision>\n" +
                                      data(good_checksum + "<open-checksum type=\"sha256\">" + sha_b + "</open-checksum>" + good_location +
                                           "<timestamp>1700000001</timestamp><size>123</size><open-size>4567</open-size>") +
                                      data(good_checksum + "<location href=\"repodata/filelists.xml.gz\"/>", "filelists"));

Result<Repomd> parse(const std::string& text) { return parse_repomd(text, "http://h/repomd.xml"); }

TEST(Repomd, everything_we_use_is_read) {
    const auto repomd = parse(complete);
    ASSERT_TRUE(repomd) << describe(repomd.error());
    EXPECT_EQ(repomd->revision, "1700000000");
    EXPECT_EQ(repomd->files.size(), 2u);
    EXPECT_EQ(repomd->primary(), (RepomdFile{.type = "primary",
                                             .href = "repodata/primary.xml.gz",
                                             .digests = {{DigestAlgorithm::sha256, sha_a}},
                                             .open_digests = {{DigestAlgorithm::sha256, sha_b}},
                                             .size = 123,
                                             .open_size = 4567,
                                             .timestamp = 1700000001}));
    EXPECT_EQ(repomd->find("other"), nullptr);
}

TEST(Repomd, acceptable_variations) {
    const std::pair<const char*, std::string> rows[] = {
        {"no prolog", document(data(good_checksum + good_location), "")},
        {"byte order mark", "\xEF\xBB\xBF" + document(data(good_checksum + good_location))},
        {"lower-case encoding", document(data(good_checksum + good_location), "<?xml version='1.0' encoding='utf-8'?>")},
        {"comment and instruction", document(data(good_checksum + good_location), "<!-- c --><?x y?>")},
        {"white space in the digest", document(data("<checksum type=\"sha256\">\n " + sha_a + " \n</checksum>" + good_location))},
        {"upper-case digest", document(data("<checksum type=\"sha256\">" + std::string(64, 'A') + "</checksum>" + good_location))},
        {"a weak digest beside a strong one",
         document(data("<checksum type=\"sha\">" + std::string(40, 'c') + "</checksum>" + good_checksum + good_location))},
        {"unknown elements",
         document("<tags><content>x</content></tags>" + data(good_checksum + good_location + "<database_version>10</database_version>"))},
        {"a timestamp that is no number", document(data(good_checksum + good_location + "<timestamp>1.5</timestamp>"))},
        {"CDATA", document(data("<checksum type=\"sha256\"><![CDATA[" + sha_a + "]]></checksum>" + good_location))},
    };
    for (const auto& [what, text] : rows) {
        const auto repomd = parse(text);
        ASSERT_TRUE(repomd) << what << ": " << describe(repomd.error());
        EXPECT_FALSE(repomd->primary().timestamp) << what;
    }
}

TEST(Repomd, all_digests_are_kept_so_that_all_can_be_checked) {
    const auto repomd =
        parse(document(data("<checksum type=\"sha\">" + std::string(40, 'c') + "</checksum>" + good_checksum + good_location)));
    ASSERT_TRUE(repomd);
    EXPECT_EQ(repomd->primary().digests.size(), 2u);
}

TEST(Repomd, weak_digests_alone_need_the_repositorys_leave_and_a_missing_one_gets_none) {
    const std::string sha1 = "<checksum type=\"sha\">" + std::string(40, 'a') + "</checksum>";
    const std::string weak = document(data(sha1 + good_location));
    EXPECT_FALSE(parse(weak));
    const auto allowed = parse_repomd(weak, "http://h/repomd.xml", WeakDigests::allowed);
    ASSERT_TRUE(allowed) << describe(allowed.error());
    EXPECT_TRUE(needs_weak_digests(*allowed));
    EXPECT_FALSE(parse_repomd(document(data(good_location)), "http://h/repomd.xml", WeakDigests::allowed));
    const auto both = parse(document(data(sha1 + good_checksum + good_location)));
    ASSERT_TRUE(both);
    EXPECT_FALSE(needs_weak_digests(*both));
}

struct Refused {
    const char* what;
    std::string text;
    const char* cause;
};

TEST(Repomd, what_cannot_be_trusted_is_refused_with_its_place) {
    const std::string md5 = "<checksum type=\"md5\">" + std::string(32, 'a') + "</checksum>";
    const std::string sha1 = "<checksum type=\"sha\">" + std::string(40, 'a') + "</checksum>";
    const auto size = [&](const char* value) { return document(data(good_checksum + good_location + "<size>" + value + "</size>")); };
    const auto open_size = [&](const char* value) {
        return document(data(good_checksum + good_location + "<open-size>" + value + "</open-size>"));
    };
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "<a>";
    }
    std::string many_attributes = "<a";
    for (int i = 0; i < 1000; ++i) {
        many_attributes += " a" + std::to_string(i) + "=''";
    }
    std::string many_files;
    for (int i = 0; i < 300; ++i) {
        many_files += data(good_checksum + good_location, "t" + std::to_string(i));
    }
    const Refused rows[] = {
        {"empty", "", "no element found"},
        {"HTML", "<html><body>login</body></html>", "root element is <html>"},
        {"text", "hello", "not well-formed"},
        {"doctype", "<!DOCTYPE repomd>" + document(data(good_checksum + good_location), ""), "DOCTYPE"},
        {"doctype with entities", "<?xml version='1.0'?><!DOCTYPE r [<!ENTITY a \"aaaa\">]><repomd>&a;</repomd>", "DOCTYPE"},
        {"external entity", "<!DOCTYPE r [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><repomd>&a;</repomd>", "DOCTYPE"},
        {"parameter entity", "<!DOCTYPE r [<!ENTITY % a SYSTEM \"http://h/\">%a;]><repomd/>", "DOCTYPE"},
        {"undefined entity", document("<revision>&a;</revision>"), "not well-formed"},
        {"latin-1", document(data(good_checksum + good_location), "<?xml version='1.0' encoding='iso-8859-1'?>"), "not UTF-8"},
        {"UTF-16", std::string("\xFF\xFE<\0r\0", 6), "not well-formed"},
        {"invalid UTF-8", document("<revision>\xC0\xAF</revision>"), "not well-formed"},
        {"NUL", document(std::string("<revision>\0</revision>", 22)), "not well-formed"},
        {"character reference 0", document("<revision>&#0;</revision>"), "not well-formed"},
        {"too deep", document(deep), "nested deeper than 16"},
        {"long attribute", document("<a b='" + std::string(65537, 'x') + "'/>"), "longer than 65536"},
        {"many attributes", document(many_attributes + "/>"), "more than 64 attributes"},
        {"long text", document("<revision>" + std::string(70'000, '1') + "</revision>"), "longer than 65536"},
        {"many files", document(many_files), "more than 256"},
        {"beyond the limit", std::string(max_repomd_size + 1, ' '), "larger than"},
        {"no data", document(""), "no <data type=\"primary\">"},
        {"no primary", document(data(good_checksum + good_location, "other")), "no <data type=\"primary\">"},
        {"two primaries", document(data(good_checksum + good_location) + data(good_checksum + good_location)), "stands there twice"},
        {"data without type", document("<data/>"), "no usable type"},
        {"primary deeper down", document("<x>" + data(good_checksum + good_location) + "</x>"), "no <data type=\"primary\">"},
        {"no location", document(data(good_checksum)), "no <location>"},
        {"two locations", document(data(good_checksum + good_location + good_location)), "two <location>"},
        {"location without href", document(data(good_checksum + "<location/>")), "no href"},
        {"no checksum", document(data(good_location)), "no checksum"},
        {"empty checksum", document(data("<checksum type=\"sha256\"></checksum>" + good_location)), "cannot be used"},
        {"short checksum", document(data("<checksum type=\"sha256\">" + std::string(63, 'a') + "</checksum>" + good_location)),
         "64 digits"},
        {"checksum of no hex", document(data("<checksum type=\"sha256\">" + std::string(64, 'g') + "</checksum>" + good_location)),
         "no hex"},
        {"unknown type", document(data("<checksum type=\"crc32\">12345678</checksum>" + good_location)), "unknown digest"},
        {"empty type", document(data("<checksum type=\"\">" + sha_a + "</checksum>" + good_location)), "unknown digest"},
        {"no type", document(data("<checksum>" + sha_a + "</checksum>" + good_location)), "unknown digest"},
        {"md5 only", document(data(md5 + good_location)), "stronger than md5"},
        {"sha1 only", document(data(sha1 + good_location)), "stronger than md5"},
        {"open sha1 only",
         document(data(good_checksum + good_location + "<open-checksum type=\"sha1\">" + std::string(40, 'a') + "</open-checksum>")),
         "stronger than md5"},
        {"size 0", size("0"), "size of 'primary'"},
        {"negative size", size("-1"), "size of 'primary'"},
        {"size 2^63", size("9223372036854775808"), "size of 'primary'"},
        {"size beyond 64 bits", size("99999999999999999999"), "size of 'primary'"},
        {"size of no number", size("1k"), "size of 'primary'"},
        {"empty size", size(""), "size of 'primary'"},
        {"open-size 0", open_size("0"), "open-size of 'primary'"},
        {"open-size beyond the limit", open_size("4294967297"), "open-size of 'primary'"},
        {"rest after the end", complete + "<more/>", "not well-formed"},
    };
    for (const Refused& row : rows) {
        const auto repomd = parse(row.text);
        ASSERT_FALSE(repomd) << row.what;
        EXPECT_EQ(repomd.error().code, RepoErrc::bad_repomd) << row.what;
        EXPECT_THAT(repomd.error().cause, StartsWith("http://h/repomd.xml:")) << row.what;
        EXPECT_THAT(repomd.error().cause, HasSubstr(row.cause)) << row.what;
    }
}

TEST(Repomd, the_place_is_line_and_column) {
    const auto repomd = parse("<?xml version='1.0'?>\n<repomd>\n  <data/>\n</repomd>");
    ASSERT_FALSE(repomd);
    EXPECT_THAT(repomd.error().cause, StartsWith("http://h/repomd.xml:3:3: "));
}

TEST(Repomd, hrefs_that_leave_the_repository_are_refused) {
    for (const std::string href : {"../x", "/etc/passwd", "%2e%2e/x", "a/../../b", "a/..", ".", "", "a//b", "a\\b", "file:///etc/passwd",
                                   "http://evil/x", "ftp://h/x", "%2Fetc", "a/%2e%2E/b", "a/./b"}) {
        const auto repomd = parse(document(data(good_checksum + "<location href=\"" + href + "\"/>")));
        ASSERT_FALSE(repomd) << href;
        EXPECT_EQ(repomd.error().code, RepoErrc::bad_location) << href;
        EXPECT_THAT(repomd.error().cause, StartsWith("http://h/repomd.xml:")) << href;
    }
    EXPECT_FALSE(parse(document(data(good_checksum + "<location href=\"" + std::string(5000, 'a') + "\"/>"))));
    const auto based = parse(document(data(good_checksum + "<location xml:base=\"http://evil/\" href=\"repodata/p.xml\"/>")));
    ASSERT_FALSE(based);
    EXPECT_EQ(based.error().code, RepoErrc::bad_location);
}

TEST(Repomd, a_document_cut_anywhere_is_refused) {
    const std::size_t end = complete.rfind("</repomd>") + std::string_view{"</repomd>"}.size();
    for (std::size_t length = 0; length < end; ++length) {
        EXPECT_FALSE(parse(complete.substr(0, length))) << length;
    }
}

TEST(Repomd, a_flipped_bit_anywhere_never_makes_an_unchecked_value) {
    for (std::size_t i = 0; i < complete.size(); ++i) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string text = complete;
            text[i] = static_cast<char>(text[i] ^ (1 << bit));
            if (const auto repomd = parse(text)) {
                EXPECT_EQ(repomd->primary().digests.size(), 1u);
                EXPECT_EQ(repomd->primary().digests[0].hex.size(), 64u);
                EXPECT_FALSE(repomd->primary().href.starts_with('/'));
            }
        }
    }
}

TEST(Repomd, age_goes_by_revision_and_then_by_the_primary_s_timestamp) {
    const auto make = [](const std::string& revision, const std::string& timestamp) {
        return *parse(document("<revision>" + revision + "</revision>" +
                               data(good_checksum + good_location + "<timestamp>" + timestamp + "</timestamp>")));
    };
    struct Row {
        const char *served_revision, *served_time, *cached_revision, *cached_time;
        bool older;
    };
    const Row rows[] = {
        {"1", "5", "2", "5", true}, {"2", "5", "1", "5", false},   {"2", "1", "1", "5", false},   {"1", "5", "1", "5", false},
        {"1", "4", "1", "5", true}, {"v1", "4", "v2", "5", true},  {"v1", "5", "v2", "4", false}, {"v1", "x", "v2", "5", false},
        {"", "4", "7", "5", true},  {"1.5", "9", "2", "5", false}, {"10", "5", "9", "5", false},  {"1", "x", "2", "y", true},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(is_older(make(row.served_revision, row.served_time), make(row.cached_revision, row.cached_time)), row.older)
            << row.served_revision << "/" << row.served_time << " against " << row.cached_revision << "/" << row.cached_time;
    }
}

}  // namespace
}  // namespace lastack::repo
