#include "repo/metadata_reader.hpp"

#include "base/digest_stream.hpp"
#include "compressed.hpp"
#include "repo/error.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <sys/stat.h>

namespace lastack::repo {
namespace {

using lastack::test::TempDirectory;
using testing::HasSubstr;

namespace fs = std::filesystem;

struct Format {
    const char* name;
    std::string (*compress)(std::string_view);
};
constexpr Format formats[] = {{"gzip", test::gzip}, {"zstd", test::zstd}, {"xz", test::xz}};

// Larger than every buffer on the way and not a multiple of one.
std::string xml() {
    std::string made = "<?xml version=\"1.0\"?>\n<metadata>";
    for (int i = 0; made.size() < 300'000; ++i) {
        made += "<p>" + std::to_string(i * 7919) + "</p>";
    }
    return made + "</metadata>\n";
}

class MetadataReading : public testing::Test {
protected:
    Result<std::string> read_all(std::string_view content, WellFormed well_formed = WellFormed::checked_here, std::stop_token stop = {}) {
        directory.write("in", content);
        file.path = directory / "in";
        auto reader = MetadataReader::open(file, well_formed, std::move(stop));
        if (!reader) {
            return std::unexpected(reader.error());
        }
        most_given = 0;
        std::string text;
        std::array<std::byte, 10'007> buffer{};
        while (true) {
            const auto count = reader->read(buffer);
            if (!count) {
                EXPECT_FALSE(reader->read(buffer)) << "an error stays";
                return std::unexpected(count.error());
            }
            if (*count == 0) {
                return text;
            }
            text.append(reinterpret_cast<const char*>(buffer.data()), *count);
            most_given = text.size();
        }
    }
    TempDirectory directory;
    MetadataFile file{.file = {.type = "primary"}};
    std::size_t most_given = 0;  // bytes that came out, also of a file that failed later
};

TEST_F(MetadataReading, every_format_gives_the_text_back) {
    const std::string text = xml();
    file.file.open_size = text.size();
    file.file.open_digests = {digest_of(DigestAlgorithm::sha256, text), digest_of(DigestAlgorithm::sha1, text)};
    for (const Format& format : formats) {
        const auto read = read_all(format.compress(text));
        ASSERT_TRUE(read) << format.name << ": " << describe(read.error());
        EXPECT_EQ(*read, text) << format.name;
    }
    EXPECT_EQ(read_all(text).value(), text);
}

TEST_F(MetadataReading, a_bomb_stops_at_the_declared_size) {
    const std::string bomb = "<m>" + std::string(64u << 20, ' ') + "</m>";
    file.file.open_size = 1000;
    for (const Format& format : formats) {
        const auto read = read_all(format.compress(bomb));
        ASSERT_FALSE(read) << format.name;
        EXPECT_EQ(read.error().code, RepoErrc::bad_metadata) << format.name;
        EXPECT_THAT(read.error().cause, HasSubstr("larger than 1000")) << format.name;
        EXPECT_LE(most_given, 1000u) << format.name;
    }
}

TEST_F(MetadataReading, another_size_or_digest_is_an_error_at_the_end) {
    const std::string text = xml();
    file.file.open_size = text.size() + 1;
    EXPECT_EQ(read_all(test::zstd(text)).error().code, RepoErrc::bad_metadata);
    file.file.open_size = text.size();
    file.file.open_digests = {digest_of(DigestAlgorithm::sha256, text), digest_of(DigestAlgorithm::sha512, "other")};
    const auto read = read_all(test::zstd(text));
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().cause, HasSubstr("'primary': its open-checksum"));
}

TEST_F(MetadataReading, truncation_and_garbage_are_errors) {
    for (const Format& format : formats) {
        const std::string whole = format.compress("<metadata>some text</metadata>");
        for (std::size_t length = 0; length < whole.size(); ++length) {
            EXPECT_FALSE(read_all(whole.substr(0, length))) << format.name << " cut at " << length;
        }
        EXPECT_FALSE(read_all(whole + "garbage")) << format.name;
    }
}

TEST_F(MetadataReading, a_doctype_is_refused_whoever_checks_the_rest) {
    for (const WellFormed who : {WellFormed::checked_here, WellFormed::left_to_parser}) {
        for (const char* text : {"<!DOCTYPE m [<!ENTITY a \"a\">]><m/>", "no xml", "", " \n"}) {
            EXPECT_FALSE(read_all(test::gzip(text), who)) << text;
        }
    }
    EXPECT_FALSE(read_all("<m><a></m>"));
    EXPECT_TRUE(read_all("<m><a></m>", WellFormed::left_to_parser));
}

TEST_F(MetadataReading, modules_need_not_be_xml) {
    file.file.type = "modules";
    EXPECT_EQ(read_all(test::gzip("---\ndocument: modulemd\n")).value(), "---\ndocument: modulemd\n");
}

TEST_F(MetadataReading, a_stop_request_ends_it) {
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(read_all(test::gzip(xml()), WellFormed::checked_here, stop.get_token()).error().code, Errc::cancelled);
}

TEST_F(MetadataReading, a_symbolic_link_or_a_pipe_in_place_of_the_file_is_not_read) {
    directory.write("elsewhere/real", test::gzip(xml()));
    file.path = directory / "link";
    fs::create_symlink(directory / "elsewhere/real", file.path);
    EXPECT_FALSE(MetadataReader::open(file, WellFormed::checked_here));
    file.path = directory / "pipe";
    ASSERT_EQ(::mkfifo(file.path.c_str(), 0600), 0);
    auto reader = MetadataReader::open(file, WellFormed::checked_here);
    std::array<std::byte, 10> buffer{};
    EXPECT_FALSE(reader && reader->read(buffer));
}

}  // namespace
}  // namespace lastack::repo
