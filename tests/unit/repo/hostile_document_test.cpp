// What every reader of XML from a repository must refuse, and what it must never do meanwhile (M1 to M5 of docs/design/metadata-limits.md).
#include "download/metalink.hpp"
#include "read_in_steps.hpp"
#include "repo/comps.hpp"
#include "repo/package_lists.hpp"
#include "repo/repomd.hpp"
#include "repo/updateinfo.hpp"
#include "support/listening_socket.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lastack::repo {
namespace {

using testing::HasSubstr;

struct Format {
    const char* name;
    const char* root;
    std::string valid;                                          // at most 4 KiB
    std::function<std::unique_ptr<MetadataDocument>()> make;    // of those that stream
    std::function<Result<void>(std::string_view)> parse_whole;  // of the others

    [[nodiscard]] Result<void> parse(std::string_view text) const {
        if (parse_whole) {
            return parse_whole(text);
        }
        const auto document = make();
        return test::read_in_steps(*document, text);
    }
};

template <typename Value>
Result<void> drop(const Result<Value>& result) {
    return result ? Result<void>{} : std::unexpected(result.error());
}

std::vector<Format> formats() {
    const std::string sha(64, 'a');
    return {
        {.name = "repomd",
         .root = "repomd",
         .valid = "<repomd><revision>1</revision><data type=\"primary\"><checksum type=\"sha256\">" + sha +
                  "</checksum><location href=\"repodata/p.xml\"/><size>5</size></data></repomd>",
         .parse_whole = [](std::string_view text) { return drop(parse_repomd(text, "d")); }},
        {.name = "metalink",
         .root = "metalink",
         .valid = "<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\"><files><file name=\"repomd.xml\"><size>5</size>"
                  "<verification><hash type=\"sha256\">" +
                  sha +
                  "</hash></verification><resources><url protocol=\"http\">http://h/repomd.xml</url></resources></file></files></metalink>",
         .parse_whole = [](std::string_view text) { return drop(download::parse_metalink(text, "d")); }},
        {.name = "updateinfo",
         .root = "updates",
         .valid = "<updates><update type=\"security\"><id>a</id><references><reference id=\"b\" href=\"c\"/></references><pkglist>"
                  "<collection><package name=\"n\" version=\"1\"><reboot_suggested/></package></collection></pkglist></update></updates>",
         .make = [] { return std::make_unique<UpdateinfoReader>("d", [](Advisory&&) {}); }},
        {.name = "comps",
         .root = "comps",
         .valid = "<comps><group><id>a</id><name xml:lang=\"de\">A</name><packagelist><packagereq type=\"default\">p</packagereq>"
                  "</packagelist></group><environment><id>e</id><optionlist><groupid>a</groupid></optionlist></environment></comps>",
         .make = [] { return std::make_unique<CompsReader>("d"); }},
        {.name = "filelists",
         .root = "filelists",
         .valid = "<filelists><package pkgid=\"a\" name=\"n\"><version ver=\"1\"/><file type=\"dir\">/a</file></package></filelists>",
         .make =
             [] { return std::make_unique<FilelistsReader>("d", [](const ListedPackage&) {}, [](std::string_view, ListedFileKind) {}); }},
        {.name = "other",
         .root = "otherdata",
         .valid = "<otherdata><package pkgid=\"a\" name=\"n\"><version ver=\"1\"/><changelog author=\"x\" date=\"1\">y</changelog>"
                  "</package></otherdata>",
         .make = [] { return std::make_unique<ChangelogsReader>("d", [](const ListedPackage&) {}, [](const ListedChange&) {}); }},
    };
}

class HostileDocument : public testing::TestWithParam<Format> {
protected:
    void expect_refused(const std::string& text, const char* cause) {
        const auto read = GetParam().parse(text);
        ASSERT_FALSE(read) << text.substr(0, 200);
        EXPECT_THAT(read.error().cause, HasSubstr(cause)) << text.substr(0, 200);
    }
    // In the root element.
    [[nodiscard]] static std::string rooted(const std::string& inner, const std::string& prolog = "") {
        const std::string valid = GetParam().valid;
        const auto begin = valid.find('>') + 1;
        return prolog + valid.substr(0, begin) + inner + valid.substr(begin);
    }
};

TEST_P(HostileDocument, the_fixture_itself_is_fine) {
    EXPECT_LE(GetParam().valid.size(), 4096u);
    EXPECT_TRUE(GetParam().parse(GetParam().valid));
    EXPECT_TRUE(GetParam().parse(rooted("<unknown/>", "<?xml version='1.0' encoding='UTF-8'?>\n")));
    EXPECT_TRUE(GetParam().parse("\xEF\xBB\xBF" + GetParam().valid));
}

TEST_P(HostileDocument, any_doctype_is_refused) {
    std::string laughs = "<!DOCTYPE r [<!ENTITY a0 'ha'>";
    for (int i = 1; i < 30; ++i) {
        laughs += "<!ENTITY a" + std::to_string(i) + " '&a" + std::to_string(i - 1) + ";&a" + std::to_string(i - 1) + ";'>";
    }
    const std::string prologs[] = {
        "<!DOCTYPE r>",
        "<?xml version='1.0'?><!DOCTYPE r SYSTEM 'http://h/r.dtd'>",
        "<!DOCTYPE r PUBLIC '-//x//y' 'r.dtd'>",
        laughs + "]>",
        "<!DOCTYPE r [<!ENTITY a '" + std::string(60'000, 'x') + "'>]>",
        "<!DOCTYPE r [<!ENTITY % p SYSTEM 'http://h/'>%p;]>",
    };
    for (const std::string& prolog : prologs) {
        expect_refused(rooted("<a>&a29;&a29;</a>", prolog), "DOCTYPE");
    }
    expect_refused(rooted("<a>&a;</a>"), "not well-formed");
}

TEST_P(HostileDocument, nothing_outside_is_opened_or_asked) {
    const lastack::test::TempDirectory directory;
    const auto secret = directory.write("secret", "top");
    const int watch = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ASSERT_GE(::inotify_add_watch(watch, secret.c_str(), IN_OPEN), 0);
    const FileDescriptor server = lastack::test::listen_on("127.0.0.1");
    const std::string url = "http://127.0.0.1:" + std::to_string(lastack::test::local_port(server.get())) + "/";
    for (const std::string& target : {"file://" + secret.string(), secret.string(), url}) {
        (void)GetParam().parse(rooted("<a>&x;</a>", "<!DOCTYPE r [<!ENTITY x SYSTEM '" + target + "'>]>"));
        (void)GetParam().parse(rooted("", "<!DOCTYPE r SYSTEM '" + target + "'>"));
        (void)GetParam().parse(rooted("", "<!DOCTYPE r [<!ENTITY % p SYSTEM '" + target + "'>%p;]>"));
        EXPECT_TRUE(GetParam().parse(rooted("<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='" + target + "'/>")));
        EXPECT_TRUE(GetParam().parse(rooted("", "<?xml-stylesheet type='text/xsl' href='" + target + "'?>")));
        EXPECT_TRUE(
            GetParam().parse(rooted("<s xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='n " + target + "'/>")));
    }
    char event[4096];
    EXPECT_EQ(::read(watch, event, sizeof event), -1) << "the file was opened";
    ::close(watch);
    EXPECT_EQ(::accept(server.get(), nullptr, nullptr), -1) << "the server was asked";
}

TEST_P(HostileDocument, depth_attributes_and_texts_are_limited) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) {
        deep += "<a>";
    }
    expect_refused(rooted(deep), "nested deeper than 16");
    std::string attributes = "<a";
    for (int i = 0; i < 1'000'000 / 16; ++i) {
        attributes += " a" + std::to_string(i) + "=''";
    }
    expect_refused(rooted(attributes + "/>"), "attributes");
    expect_refused(rooted("<a b='" + std::string(300 << 10, 'x') + "'/>"), "an attribute is longer than");
    expect_refused(rooted("<a " + std::string(300 << 10, 'x') + "=''/>"), "an attribute is longer than");
    expect_refused(rooted("<a>" + std::string(300 << 10, 'x') + "</a>"), "a text is longer than");
    expect_refused(rooted("<a><![CDATA[" + std::string(300 << 10, 'x') + "]]></a>"), "a text is longer than");
}

TEST_P(HostileDocument, other_encodings_and_broken_text_are_refused) {
    expect_refused(rooted("", "<?xml version='1.0' encoding='iso-8859-1'?>"), "not UTF-8");
    expect_refused(rooted("", "<?xml version='1.0' encoding='UTF-16'?>"), "");
    std::string little;
    std::string big;
    for (const char c : GetParam().valid) {
        (little += c) += '\0';
        (big += '\0') += c;
    }
    for (const std::string& wide : {"\xFF\xFE" + little, "\xFE\xFF" + big, little, big}) {
        expect_refused(wide, "not well-formed");
    }
    for (const std::string& text :
         {std::string("\xC0\xAF"), std::string("\xE0\x80\xAF"), std::string("\xED\xA0\x80"), std::string("\xFF"), std::string("\0", 1),
          std::string("&#0;"), std::string("\x1b"), std::string("&#27;"), std::string("\xF5\x80\x80\x80")}) {
        expect_refused(rooted("<a>" + text + "</a>"), "not well-formed");
    }
}

TEST_P(HostileDocument, cut_at_any_byte_it_is_refused) {
    const std::string& valid = GetParam().valid;
    for (std::size_t length = 0; length < valid.size(); ++length) {
        EXPECT_FALSE(GetParam().parse(valid.substr(0, length))) << length;
    }
}

TEST_P(HostileDocument, changed_at_any_bit_it_is_read_or_refused_and_nothing_else) {
    const std::string& valid = GetParam().valid;
    for (std::size_t bit = 0; bit < valid.size() * 8; ++bit) {
        std::string flipped = valid;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        if (const auto read = GetParam().parse(flipped); !read) {
            EXPECT_THAT(read.error().cause, testing::StartsWith("d:")) << bit;
        }
    }
}

TEST_P(HostileDocument, something_else_is_named) {
    expect_refused("<html><body>Sign in</body></html>", "the root element is <html>");
    expect_refused("", "not well-formed");
    expect_refused("Not Found", "not well-formed");
}

// Those that are read as a whole are limited as a whole; here whatever the parser would have to hold ends early.
class StreamedDocument : public HostileDocument {};

TEST_P(StreamedDocument, endless_markup_and_text_are_given_up_early) {
    const std::string piece(std::size_t{64} << 10, 'x');
    for (const std::string beginning : {"<a b='", "<a ", "<a", "<!-- ", "<?pi ", "<a>", "<a><![CDATA[", "</"}) {
        const auto document = GetParam().make();
        const std::string begin = "<" + std::string{GetParam().root} + ">" + beginning;
        auto fed = document->feed(std::as_bytes(std::span{begin}));
        std::size_t given = 0;
        for (; fed && given < (std::size_t{1} << 30); given += piece.size()) {
            fed = document->feed(std::as_bytes(std::span{piece}));
        }
        EXPECT_FALSE(fed) << beginning;
        EXPECT_LE(given, std::size_t{2} << 20) << beginning;
    }
}

void PrintTo(const Format& format, std::ostream* out) { *out << format.name; }

std::vector<Format> streamed_formats() {
    auto streamed = formats();
    std::erase_if(streamed, [](const Format& format) { return !format.make; });
    return streamed;
}

std::string name_of(const testing::TestParamInfo<Format>& tested) { return tested.param.name; }

INSTANTIATE_TEST_SUITE_P(Documents, HostileDocument, testing::ValuesIn(formats()), name_of);
INSTANTIATE_TEST_SUITE_P(Documents, StreamedDocument, testing::ValuesIn(streamed_formats()), name_of);

}  // namespace
}  // namespace lastack::repo
