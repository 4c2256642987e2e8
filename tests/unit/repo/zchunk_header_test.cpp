#include "repo/zchunk_header.hpp"

#include "repo/error.hpp"
#include "zchunk_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace lastack::repo {
namespace {

using test::ZchunkFile;
using testing::HasSubstr;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

Result<ZchunkHeader> parse(const std::string& header) { return parse_zchunk_header(bytes_of(header)); }

ZchunkFile ordinary() { return test::zchunk_file({"<metadata>first", "second", "third</metadata>"}, "a dictionary of sorts"); }

TEST(ZchunkHeader, tells_where_each_chunk_lies_and_what_it_weighs) {
    const ZchunkFile file = ordinary();
    const std::string text = file.header();
    const auto header = parse(text);
    ASSERT_TRUE(header) << describe(header.error());
    EXPECT_EQ(header->size, text.size());
    EXPECT_EQ(header->compression, ZchunkCompression::zstd);
    EXPECT_EQ(header->piece_algorithm, DigestAlgorithm::sha512);
    EXPECT_EQ(header->dictionary.offset, text.size());
    EXPECT_EQ(header->dictionary.size, file.dictionary.stored.size());
    ASSERT_EQ(header->pieces.size(), 3u);
    EXPECT_EQ(header->pieces[0].offset, text.size() + file.dictionary.stored.size());
    EXPECT_EQ(header->pieces[2].open_size, 16u);
    EXPECT_EQ(header->file_size, file.file().size());
    EXPECT_EQ(header->open_size, 15u + 6u + 16u);
    EXPECT_TRUE(is_piece(*header, header->pieces[1], bytes_of(file.chunks[1].stored)));
    EXPECT_FALSE(is_piece(*header, header->pieces[1], bytes_of(file.chunks[2].stored)));
}

TEST(ZchunkHeader, its_size_is_known_by_the_first_bytes) {
    const std::string text = ordinary().header();
    for (std::size_t length = 0; length <= text.size(); ++length) {
        const auto size = zchunk_header_size(bytes_of(std::string_view{text}.substr(0, length)));
        ASSERT_TRUE(size) << length;
        EXPECT_EQ(*size, length < 5 + 1 + 1 + 32 ? std::nullopt : std::optional<std::uint64_t>{text.size()}) << length;
    }
    const std::string endless = std::string("\0ZCK1", 5) + std::string(max_zchunk_lead, '\1');
    EXPECT_FALSE(zchunk_header_size(bytes_of(endless)));
}

TEST(ZchunkHeader, acceptable_variations) {
    ZchunkFile doubled = ordinary();
    doubled.flags = 4;
    EXPECT_TRUE(parse(doubled.header())) << "a digest of what is in the chunk besides";
    ZchunkFile elements = ordinary();
    elements.flags = 2;
    elements.elements = test::compressed_integer(1) + test::compressed_integer(7) + test::compressed_integer(3) + "abc";
    EXPECT_TRUE(parse(elements.header())) << "an optional element";
    ZchunkFile twice = ordinary();
    twice.chunks.push_back(twice.chunks.front());
    EXPECT_TRUE(parse(twice.header())) << "the same content twice";
    EXPECT_TRUE(parse(test::zchunk_file({}).header())) << "no chunk but the dictionary's place";
}

struct Refused {
    const char* what;
    std::function<void(ZchunkFile&)> change;
    const char* cause;
};

TEST(ZchunkHeader, what_a_header_can_lie_about_is_refused) {
    const Refused rows[] = {
        {"detached", [](ZchunkFile& f) { f.magic = std::string("\0ZHR1", 5); }, "without its file"},
        {"another format", [](ZchunkFile& f) { f.magic = "ABCDE"; }, "no zchunk file"},
        {"unknown checksum", [](ZchunkFile& f) { f.checksum = 4; }, "unknown kind"},
        {"a header of 4 GiB", [](ZchunkFile& f) { f.header_size_off = std::int64_t{4} << 30; }, "at most 16777216"},
        {"a header one byte beyond the limit",
         [](ZchunkFile& f) { f.after_signatures = std::string((16 << 20) + 1 - 200, 'x'), f.header_size_off = 200; }, "at most"},
        {"a header longer than it is", [](ZchunkFile& f) { f.header_size_off = 1; }, "ends too early"},
        {"a header shorter than it is", [](ZchunkFile& f) { f.header_size_off = -1; }, "bytes, not"},
        {"no header at all", [](ZchunkFile& f) { f.header_size_off = -static_cast<std::int64_t>(200); }, ""},
        {"streams", [](ZchunkFile& f) { f.flags = 1; }, "flags"},
        {"unknown flags", [](ZchunkFile& f) { f.flags = 1u << 20; }, "flags"},
        {"elements that are not there", [](ZchunkFile& f) { f.flags = 2, f.elements = test::compressed_integer(60); }, ""},
        {"10^9 elements", [](ZchunkFile& f) { f.flags = 2, f.elements = test::compressed_integer(1'000'000'000); }, "optional elements"},
        {"a large element",
         [](ZchunkFile& f) {
             f.flags = 2;
             f.elements = test::compressed_integer(1) + test::compressed_integer(1) + test::compressed_integer(UINT64_MAX);
         },
         "ends too early"},
        {"unknown compression", [](ZchunkFile& f) { f.compression = 1; }, "unknown way"},
        {"unknown chunk checksum", [](ZchunkFile& f) { f.chunk_checksum = 9; }, "unknown kind"},
        {"2^32 chunks", [](ZchunkFile& f) { f.count = std::uint64_t{1} << 32; }, "no room"},
        {"2^64-1 chunks", [](ZchunkFile& f) { f.count = UINT64_MAX - 1; }, "no room"},
        {"no chunks", [](ZchunkFile& f) { f.count = 0; }, "no room"},
        {"fewer than there are", [](ZchunkFile& f) { f.count = 2; }, "more chunks than it says"},
        {"more than there are", [](ZchunkFile& f) { f.count = 5; }, "no room"},
        {"bytes after the index", [](ZchunkFile& f) { f.after_index = "x"; }, "more chunks than it says"},
        {"bytes after the signatures", [](ZchunkFile& f) { f.after_signatures = "x"; }, "belong to nothing"},
        {"signatures", [](ZchunkFile& f) { f.signatures = 1; }, "signatures"},
        {"an empty chunk", [](ZchunkFile& f) { f.chunks[1] = {.stored = "", .open_size = 0, .digest = std::string(16, 'x')}; }, "empty"},
        {"a chunk out of nothing", [](ZchunkFile& f) { f.chunks[1].size = 0; }, "empty"},
        {"a chunk of nothing", [](ZchunkFile& f) { f.chunks[1].open_size = 0; }, "empty"},
        {"one digest, two sizes",
         [](ZchunkFile& f) {
             f.chunks.push_back(f.chunks[0]);
             f.chunks.back().open_size += 1;
         },
         "differ in size"},
        {"a chunk of 2^63", [](ZchunkFile& f) { f.chunks[1].size = std::uint64_t{1} << 63; }, "larger than"},
        {"chunks that add up beyond 64 bits", [](ZchunkFile& f) { f.chunks[0].size = f.chunks[1].size = UINT64_MAX - 7; }, "larger than"},
        {"an open size beyond the limit", [](ZchunkFile& f) { f.chunks[1].open_size = std::uint64_t{4} << 30; }, "when decompressed"},
        {"a large dictionary", [](ZchunkFile& f) { f.dictionary.size = max_zchunk_dictionary + 1; }, "dictionary"},
        {"a dictionary that grows", [](ZchunkFile& f) { f.dictionary.open_size = max_zchunk_dictionary + 1; }, "dictionary"},
        {"two sizes without compression", [](ZchunkFile& f) { f.compression = 0; }, "two sizes"},
    };
    for (const Refused& row : rows) {
        ZchunkFile file = ordinary();
        row.change(file);
        const auto header = parse(file.header());
        ASSERT_FALSE(header) << row.what;
        EXPECT_EQ(header.error().code, RepoErrc::bad_metadata) << row.what;
        EXPECT_THAT(header.error().cause, HasSubstr(row.cause)) << row.what;
    }
}

TEST(ZchunkHeader, cut_anywhere_is_refused) {
    const std::string text = ordinary().header();
    for (std::size_t length = 0; length < text.size(); ++length) {
        EXPECT_FALSE(parse(text.substr(0, length))) << length;
    }
    EXPECT_FALSE(parse(text + "x"));
}

TEST(ZchunkHeader, a_flipped_bit_anywhere_is_seen) {
    const std::string text = ordinary().header();
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
        std::string flipped = text;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(parse(flipped)) << bit;
    }
}

}  // namespace
}  // namespace lastack::repo
