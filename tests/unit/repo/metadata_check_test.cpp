#include "repo/metadata_check.hpp"

#include "base/digest_stream.hpp"
#include "compressed.hpp"
#include "repo/error.hpp"
#include "support/temp_directory.hpp"
#include "zchunk_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <sys/stat.h>

namespace lastack::repo {
namespace {

using lastack::test::TempDirectory;
using testing::HasSubstr;

namespace fs = std::filesystem;

std::string plain(std::string_view text) { return std::string{text}; }

struct Format {
    const char* name;
    std::string (*compress)(std::string_view);
};
constexpr Format formats[] = {{"gzip", test::gzip}, {"zstd", test::zstd}, {"xz", test::xz}, {"bzip2", test::bzip2}};

std::string zchunk(std::string_view text) { return test::zchunk({text.substr(0, text.size() / 3), text.substr(text.size() / 3)}); }
// One file, to which nothing can be added.
constexpr Format zchunk_format{"zchunk", zchunk};

// Larger than every buffer on the way and not a multiple of one; the numbers keep it from shrinking to nothing.
const std::string& xml() {
    static const std::string text = [] {
        std::string made = "<?xml version=\"1.0\"?>\n<metadata>";
        for (int i = 0; made.size() < 700'000; ++i) {
            made += "<p>" + std::to_string(i * 7919) + "</p>";
        }
        return made + "</metadata>\n";
    }();
    return text;
}

class MetadataCheck : public testing::Test {
protected:
    Result<void> run(std::string_view content, std::optional<std::uint64_t> open_size, std::vector<Digest> digests = {}) {
        directory.write("in", content);
        return check({.type = "primary", .open_digests = std::move(digests), .open_size = open_size});
    }
    Result<void> check(RepomdFile file, const std::stop_token& stop = {}) {
        return check_metadata({.file = std::move(file), .path = directory / "in"}, stop);
    }
    TempDirectory directory;
};

TEST_F(MetadataCheck, every_format_is_read) {
    const std::vector<Digest> digests{digest_of(DigestAlgorithm::sha256, xml()), digest_of(DigestAlgorithm::sha1, xml())};
    for (const Format& format : {formats[0], formats[1], formats[2], formats[3], zchunk_format, Format{"plain", plain}}) {
        const auto done = run(format.compress(xml()), xml().size(), digests);
        ASSERT_TRUE(done) << format.name << ": " << describe(done.error());
        EXPECT_TRUE(run(format.compress(xml()), std::nullopt)) << format.name;
    }
}

TEST_F(MetadataCheck, concatenated_streams_are_one_file) {
    const std::string_view text = xml();
    const auto half = text.size() / 2;
    for (const Format& format : formats) {
        ASSERT_TRUE(run(format.compress(text.substr(0, half)) + format.compress(text.substr(half)), text.size())) << format.name;
    }
}

TEST_F(MetadataCheck, a_bomb_stops_at_the_declared_size) {
    const std::string bomb = "<m>" + std::string(64u << 20, ' ') + "</m>";
    for (const Format& format : {formats[0], formats[1], formats[2], formats[3], zchunk_format}) {
        const auto declared = run(format.compress(bomb), 1000);
        ASSERT_FALSE(declared) << format.name;
        EXPECT_EQ(declared.error().code, RepoErrc::bad_metadata) << format.name;
        EXPECT_THAT(declared.error().cause, HasSubstr("larger")) << format.name;
    }
}

TEST_F(MetadataCheck, another_size_or_digest_is_refused) {
    for (const Format& format : formats) {
        const auto shorter = run(format.compress(xml()), xml().size() + 1);
        ASSERT_FALSE(shorter) << format.name;
        EXPECT_EQ(shorter.error().code, RepoErrc::bad_metadata);
        EXPECT_FALSE(run(format.compress(xml()), xml().size() - 1)) << format.name;
        const auto other = run(format.compress(xml()), xml().size(), {digest_of(DigestAlgorithm::sha256, "other")});
        ASSERT_FALSE(other) << format.name;
        EXPECT_EQ(other.error().code, RepoErrc::bad_metadata);
        EXPECT_THAT(other.error().cause, HasSubstr("open-checksum"));
        EXPECT_FALSE(run(format.compress(xml()), xml().size(),
                         {digest_of(DigestAlgorithm::sha256, xml()), digest_of(DigestAlgorithm::md5, "other")}))
            << format.name << ": all digests must match";
    }
}

TEST_F(MetadataCheck, truncation_at_every_byte_is_an_error) {
    const std::string text = "<?xml version=\"1.0\"?><metadata>some text, some more text</metadata>";
    for (const Format& format : {formats[0], formats[1], formats[2], formats[3], zchunk_format}) {
        const std::string whole = format.compress(text);
        for (std::size_t length = 0; length < whole.size(); ++length) {
            EXPECT_FALSE(run(whole.substr(0, length), std::nullopt)) << format.name << " cut at " << length;
        }
    }
}

TEST_F(MetadataCheck, trailing_garbage_is_an_error) {
    for (const Format& format : {formats[0], formats[1], formats[2], formats[3], zchunk_format}) {
        for (const std::string& garbage : {std::string("x"), std::string("garbage that is long enough"), std::string(1, '\0')}) {
            EXPECT_FALSE(run(format.compress(xml()) + garbage, xml().size())) << format.name << " and " << garbage.size() << " bytes";
        }
    }
}

TEST_F(MetadataCheck, flipped_bits_are_an_error_or_change_nothing) {
    const std::string text = "<?xml version=\"1.0\"?><metadata>some text, some more text</metadata>";
    const Digest digest = digest_of(DigestAlgorithm::sha256, text);
    for (const Format& format : {formats[0], formats[1], formats[2], formats[3], zchunk_format}) {
        const std::string whole = format.compress(text);
        for (std::size_t i = 0; i < whole.size() * 8; i += 5) {
            std::string flipped = whole;
            flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << (i % 8)));
            // Where it is accepted the digest says that the text is the same.
            const auto done = run(flipped, text.size(), {digest});
            EXPECT_TRUE(done || done.error().code == RepoErrc::bad_metadata) << format.name << " bit " << i;
        }
    }
}

TEST_F(MetadataCheck, a_doctype_or_no_xml_is_refused) {
    for (const char* text : {"<!DOCTYPE m [<!ENTITY a \"a\">]><m/>", "<?xml version='1.0'?><!DOCTYPE m><m/>", "no xml", "<html",
                             "<m><a></m>", "<m/><m/>", "<m>\xFF</m>", "", " \n"}) {
        for (const Format& format : formats) {
            EXPECT_FALSE(run(format.compress(text), std::nullopt)) << format.name << ": " << text;
        }
    }
}

TEST_F(MetadataCheck, a_stop_request_ends_it) {
    directory.write("in", test::gzip(xml()));
    std::stop_source stop;
    stop.request_stop();
    const auto done = check({.type = "primary"}, stop.get_token());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Errc::cancelled);
}

TEST_F(MetadataCheck, a_symbolic_link_or_a_pipe_in_place_of_the_file_is_not_read) {
    directory.write("elsewhere/real", test::gzip(xml()));
    fs::create_symlink(directory / "elsewhere/real", directory / "in");
    EXPECT_FALSE(check({.type = "primary"}));
    fs::remove(directory / "in");
    ASSERT_EQ(::mkfifo((directory / "in").c_str(), 0600), 0);
    EXPECT_FALSE(check({.type = "primary"}));
}

}  // namespace
}  // namespace lastack::repo
