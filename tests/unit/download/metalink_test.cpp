#include "download/metalink.hpp"

#include "download/error.hpp"
#include "download/mirror_list.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace lastack::download {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

const std::string md5(32, 'a');
const std::string sha1(40, 'b');
const std::string sha256(64, 'c');
const std::string sha512(128, 'd');

std::string v4(const std::string& inner) {
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\">\n" + inner + "</metalink>\n";
}
std::string file4(const std::string& inner, const std::string& name = "f") { return "<file name=\"" + name + "\">" + inner + "</file>\n"; }
const std::string url4 = "<url>http://h/f</url>";

std::string v3(const std::string& inner) {
    return "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" "
           "xmlns:mm0=\"http://fedorahosted.org/mirrormanager\">\n<files>\n" +
           inner + "</files></metalink>\n";
}
std::string file3(const std::string& inner, const std::string& urls = "<url>http://h/f</url>") {
    return "<file name=\"f\">" + inner + "<resources maxconnections=\"1\">" + urls + "</resources></file>\n";
}

Result<Metalink> parse(const std::string& text) { return parse_metalink(text, "http://h/m"); }

MetalinkFile only_file(const std::string& text) {
    const auto metalink = parse(text);
    if (!metalink || metalink->files.size() != 1) {
        ADD_FAILURE() << (metalink ? "not one file" : describe(metalink.error()));
        return {};
    }
    return metalink->files.front();
}

std::string cause_of(const std::string& text) {
    const auto metalink = parse(text);
    if (metalink) {
        return "no error";
    }
    EXPECT_EQ(metalink.error().code, DownloadErrc::bad_list);
    EXPECT_EQ(metalink.error().phase, Phase::parsing);
    EXPECT_THAT(metalink.error().cause, StartsWith("http://h/m:"));
    return metalink.error().cause;
}

TEST(Metalink, of_version_3_is_read_with_its_alternates) {
    const auto file = only_file(v3(file3(
        "<mm0:timestamp>1393003465</mm0:timestamp><size>3733</size>"
        "<verification><hash type=\"md5\">" +
            md5 + "</hash><hash type=\"sha256\">" + sha256 +
            "</hash></verification>"
            "<mm0:alternates><mm0:alternate><mm0:timestamp>1393003000</mm0:timestamp><size>3700</size>"
            "<verification><hash type=\"sha1\">" +
            sha1 + "</hash><hash type=\"sha512\">" + sha512 + "</hash></verification></mm0:alternate><mm0:alternate/></mm0:alternates>",
        "<url protocol=\"rsync\" type=\"rsync\" preference=\"100\">rsync://h/f</url>"
        "<url protocol=\"http\" type=\"http\" location=\"US\" preference=\"98\">http://two/f</url>\n"
        "<url protocol=\"https\" type=\"https\" preference=\"99\">\n https://one/f \n</url>")));
    EXPECT_EQ(file.name, "f");
    EXPECT_EQ(file.timestamp, 1'393'003'465U);
    EXPECT_EQ(file.size, 3733U);
    EXPECT_THAT(file.digests, ElementsAre(Digest{DigestAlgorithm::sha256, sha256}, Digest{DigestAlgorithm::md5, md5}));
    EXPECT_THAT(file.urls, ElementsAre("https://one/f", "http://two/f"));
    ASSERT_THAT(file.alternates, SizeIs(2));
    EXPECT_EQ(file.alternates[0].timestamp, 1'393'003'000U);
    EXPECT_EQ(file.alternates[0].size, 3700U);
    EXPECT_THAT(file.alternates[0].digests, ElementsAre(Digest{DigestAlgorithm::sha512, sha512}, Digest{DigestAlgorithm::sha1, sha1}));
    EXPECT_EQ(file.alternates[1], MetalinkAlternate{});
}

TEST(Metalink, of_version_4_is_read_without_what_is_for_others) {
    const auto metalink = parse(v4("<published>2009-05-15T12:23:23Z</published>" +
                                   file4("<identity>f</identity><size>14471447</size><hash type=\"sha-256\">" + sha256 +
                                         "</hash><pieces length=\"262144\" type=\"sha-256\"><hash>" + std::string(64, 'e') +
                                         "</hash><hash>" + std::string(64, 'f') +
                                         "</hash></pieces><url location=\"de\" priority=\"2\">ftp://ftp/f</url>"
                                         "<url priority=\"1\">http://h/f</url>"
                                         "<metaurl mediatype=\"torrent\" priority=\"1\">http://h/f.torrent</metaurl>") +
                                   file4(url4, "dir/g")));
    ASSERT_TRUE(metalink) << describe(metalink.error());
    ASSERT_THAT(metalink->files, SizeIs(2));
    EXPECT_EQ(metalink->files[0].size, 14'471'447U);
    EXPECT_THAT(metalink->files[0].digests, ElementsAre(Digest{DigestAlgorithm::sha256, sha256}));
    EXPECT_THAT(metalink->files[0].urls, ElementsAre("http://h/f", "ftp://ftp/f"));
    EXPECT_EQ(metalink->files[1].name, "dir/g");
    EXPECT_EQ(metalink->files[1].size, std::nullopt);
    EXPECT_THAT(metalink->files[1].digests, IsEmpty());
}

TEST(Metalink, of_version_3_puts_high_preferences_first_and_keeps_the_order_of_equals) {
    const auto file =
        only_file(v3(file3("",
                           "<url>http://none1/</url><url preference=\"1\">http://1/</url><url preference=\"100\">http://100/</url>"
                           "<url preference=\"101\">http://101/</url><url preference=\"x\">http://x/</url>"
                           "<url preference=\"0\">http://0/</url><url preference=\"1\">http://1b/</url>"
                           "<url preference=\"18446744073709551616\">http://huge/</url>")));
    EXPECT_THAT(file.urls, ElementsAre("http://100/", "http://1/", "http://1b/", "http://0/", "http://none1/", "http://101/", "http://x/",
                                       "http://huge/"));
}

TEST(Metalink, of_version_4_puts_low_priorities_first_and_keeps_the_order_of_equals) {
    const auto file =
        only_file(v4(file4("<url>http://none/</url><url priority=\"9\">http://9/</url><url priority=\"1\">http://1/</url>"
                           "<url priority=\"0\">http://0/</url><url priority=\"9\">http://9b/</url>"
                           "<url priority=\"999999\">http://last/</url><url priority=\"9223372036854775808\">http://huge/</url>"
                           "<url priority=\"-1\">http://minus/</url><url priority=\"2\">http://2/</url>")));
    EXPECT_THAT(file.urls, ElementsAre("http://1/", "http://2/", "http://9/", "http://9b/", "http://last/", "http://none/", "http://0/",
                                       "http://huge/", "http://minus/"));
}

TEST(Metalink, keeps_only_http_and_ftp_urls_and_each_once) {
    const auto file =
        only_file(v4(file4("<url>ftp://h/f</url><url>file:///etc/passwd</url><url>rsync://h/f</url><url>magnet:?xt=1</url>"
                           "<url>/f</url><url>http://a b/</url><url></url><url>http://h/f</url><url>http://h/f</url>")));
    EXPECT_THAT(file.urls, ElementsAre("ftp://h/f", "http://h/f"));
    EXPECT_THAT(only_file(v3(file3("", "<url type=\"bittorrent\">http://h/f.torrent</url><url type=\"HTTP\">http://h/f</url>"))).urls,
                ElementsAre("http://h/f"));
}

TEST(Metalink, has_at_least_one_usable_url_per_file) {
    EXPECT_THAT(cause_of(v4(file4(url4) + file4("<url>rsync://h/g</url>", "g"))), HasSubstr("'g' has no http, https or ftp URL"));
    EXPECT_THAT(cause_of(v3(file3("", ""))), HasSubstr("'f' has no http, https or ftp URL"));
    // Where the other version has its URLs, and where nobody has.
    EXPECT_THAT(cause_of(v4(file4("<resources>" + url4 + "</resources>"))), HasSubstr("no http"));
    EXPECT_THAT(cause_of(v3("<file name=\"f\">" + url4 + "</file>")), HasSubstr("no http"));
    EXPECT_THAT(cause_of(v4(file4("<url xmlns=\"http://other/\">http://h/f</url>"))), HasSubstr("no http"));
    EXPECT_THAT(cause_of(v4("")), HasSubstr("there is no file in it"));
    EXPECT_THAT(cause_of(v4("<files>" + file4(url4) + "</files>")), HasSubstr("there is no file in it"));
}

TEST(Metalink, keeps_the_best_of_too_many_urls) {
    std::string urls;
    for (int i = 10'000; i > 0; --i) {
        urls += "<url priority=\"" + std::to_string(i) + "\">http://h/" + std::to_string(i) + "</url>";
    }
    const auto file = only_file(v4(file4(urls)));
    ASSERT_THAT(file.urls, SizeIs(max_mirrors));
    EXPECT_EQ(file.urls.front(), "http://h/1");
    EXPECT_EQ(file.urls.back(), "http://h/" + std::to_string(max_mirrors));
}

TEST(Metalink, refuses_names_that_lead_out_or_hide) {
    for (const char* name : {"", "/", "/etc/passwd", "../x", "a/../../x", "..", ".", "./x", "a/", "a//b", "a&#10;b", "a&#x9;b", "a&#x85;b",
                             "a&#x202e;b", ".bashrc", ".ssh/authorized_keys"}) {
        EXPECT_THAT(cause_of(v4(file4(url4, name))), HasSubstr("the name of a file must")) << name;
    }
    EXPECT_THAT(cause_of(v4("<file>" + url4 + "</file>")), HasSubstr("the name of a file must"));
    EXPECT_THAT(cause_of(v4(file4(url4) + file4(url4))), HasSubstr("two files are called 'f'"));
    EXPECT_EQ(only_file(v4(file4(url4, "pub/.treeinfo"))).name, "pub/.treeinfo");
}

TEST(Metalink, knows_the_names_of_hashes_and_passes_over_unknown_ones) {
    const auto hash = [](const std::string& type, const std::string& hex) { return "<hash type=\"" + type + "\">" + hex + "</hash>"; };
    const std::string all = hash("md5", md5) + hash("sha-1", sha1) + hash("SHA-512", sha512) + hash("sha-224", std::string(56, '1')) +
                            hash("sha384", std::string(96, '2')) + hash("sha256", sha256) + hash("sha3-256", sha256) + hash("sha", sha1) +
                            hash("md2", md5) + "<hash>" + md5 + "</hash>";
    const auto file = only_file(v4(file4(all + url4)));
    std::vector<DigestAlgorithm> algorithms;
    for (const Digest& digest : file.digests) {
        algorithms.push_back(digest.algorithm);
    }
    using A = DigestAlgorithm;
    EXPECT_THAT(algorithms, ElementsAre(A::sha512, A::sha384, A::sha256, A::sha224, A::sha1, A::md5));
    // The same once more says nothing new.
    EXPECT_THAT(only_file(v4(file4(hash("sha-256", sha256) + hash("sha256", std::string(64, 'C')) + url4))).digests, SizeIs(1));
}

TEST(Metalink, refuses_hashes_that_cannot_be_right) {
    for (const std::string hash : {"<hash type=\"sha-256\"/>", "<hash type=\"sha-256\">abc</hash>", "<hash type=\"md5\">zz</hash>"}) {
        EXPECT_THAT(cause_of(v4(file4(hash + url4))), HasSubstr("a hash of 'f' cannot be used")) << hash;
    }
    EXPECT_THAT(
        cause_of(v4(file4("<hash type=\"sha-256\">" + sha256 + "</hash><hash type=\"sha256\">" + std::string(64, '0') + "</hash>" + url4))),
        HasSubstr("two different hashes of type sha256"));
}

TEST(Metalink, checks_files_with_weak_digests_only_where_there_is_no_other) {
    const Digest weak{DigestAlgorithm::md5, md5};
    const Digest strong{DigestAlgorithm::sha256, sha256};
    EXPECT_THAT(digests_to_check({strong, weak}), ElementsAre(strong));
    EXPECT_THAT(digests_to_check({weak}), ElementsAre(weak));
    EXPECT_THAT(digests_to_check({}), IsEmpty());
}

TEST(Metalink, refuses_numbers_that_are_none) {
    for (const char* size : {"", "-1", "1.5", "0x10", "1 2", "18446744073709551616"}) {
        EXPECT_THAT(cause_of(v4(file4("<size>" + std::string{size} + "</size>" + url4))), HasSubstr("the size of 'f'")) << size;
    }
    EXPECT_THAT(cause_of(v4(file4("<size>1</size><size>1</size>" + url4))), HasSubstr("is not one number"));
    EXPECT_THAT(cause_of(v3(file3("<mm0:timestamp>soon</mm0:timestamp>"))), HasSubstr("the timestamp of 'f', 'soon'"));
    EXPECT_EQ(only_file(v4(file4("<size> 0\n</size>" + url4))).size, 0U);
}

TEST(Metalink, is_of_a_version_that_is_known) {
    for (const std::string root :
         {"<metalink/>", "<metalink xmlns=\"http://other/\"/>", "<html/>", "<files xmlns=\"http://www.metalinker.org/\"/>"}) {
        EXPECT_THAT(cause_of(root), HasSubstr("not a <metalink> of version 3 or 4")) << root;
    }
}

TEST(Metalink, refuses_document_types_entities_and_other_encodings) {
    EXPECT_THAT(cause_of("<!DOCTYPE metalink [<!ENTITY a \"x\">]>\n<metalink/>"), HasSubstr(":1:"));
    EXPECT_THAT(cause_of("<!DOCTYPE metalink SYSTEM \"http://h/dtd\">\n<metalink/>"), HasSubstr("a DOCTYPE is not allowed"));
    EXPECT_THAT(cause_of(v4(file4("<url>&a;</url>"))), HasSubstr("not well-formed XML"));
    EXPECT_THAT(cause_of("<?xml version=\"1.0\" encoding=\"latin-1\"?><metalink/>"), HasSubstr("is not UTF-8"));
    EXPECT_THAT(cause_of(v4("\xff")), HasSubstr("not well-formed XML"));
    EXPECT_THAT(cause_of(""), HasSubstr("not well-formed XML"));
}

TEST(Metalink, tells_line_and_column_of_what_is_wrong) {
    EXPECT_THAT(cause_of(v4(file4(url4) + "\n  <file name=\"/x\"/>\n")), StartsWith("http://h/m:5:3: "));
    const std::string whole = v4(file4(url4));
    for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
        EXPECT_FALSE(parse(whole.substr(0, length))) << length;
    }
}

TEST(Metalink, is_limited_in_every_direction) {
    EXPECT_THAT(cause_of(std::string(max_metalink_size + 1, ' ')), HasSubstr("larger than"));
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "<a>";
    }
    EXPECT_THAT(cause_of(v4(deep)), HasSubstr("nested deeper than 16"));
    EXPECT_THAT(cause_of(v4(file4("<url>http://h/" + std::string(70'000, 'x') + "</url>"))), HasSubstr("a text is longer"));
    EXPECT_THAT(cause_of(v4(file4(url4, std::string(70'000, 'x')))), HasSubstr("an attribute is longer"));
    std::string attributes;
    for (int i = 0; i < 65; ++i) {
        attributes += " a" + std::to_string(i) + "=\"\"";
    }
    EXPECT_THAT(cause_of(v4("<b" + attributes + "/>")), HasSubstr("more than 64 attributes"));
    std::string files;
    for (std::size_t i = 0; i <= max_metalink_files; ++i) {
        files += file4(url4, std::to_string(i));
    }
    EXPECT_THAT(cause_of(v4(files)), HasSubstr("more than 10000 files"));
    std::string alternates;
    for (std::size_t i = 0; i <= max_alternates; ++i) {
        alternates += "<mm0:alternate/>";
    }
    EXPECT_THAT(cause_of(v3(file3("<mm0:alternates>" + alternates + "</mm0:alternates>"))), HasSubstr("more than 64 alternates"));
}

TEST(Metalink, takes_a_part_for_an_alternate_only_inside_of_one) {
    const auto file =
        only_file(v3(file3("<mm0:alternates><mm0:alternates2><size>1</size></mm0:alternates2><mm0:alternate2><size>1</size>"
                           "</mm0:alternate2></mm0:alternates>")));
    EXPECT_THAT(file.alternates, IsEmpty());
    EXPECT_EQ(file.size, std::nullopt);
}

}  // namespace
}  // namespace lastack::download
