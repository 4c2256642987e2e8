#include "repo/zchunk_decoder.hpp"

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

// In pieces of `step` bytes.
Result<std::string> decode(std::string_view file, std::size_t step = 4096) {
    std::string out;
    const Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> Result<void> {
        out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    };
    const auto decoder = make_zchunk_decoder();
    for (; !file.empty(); file.remove_prefix(std::min(step, file.size()))) {
        if (auto done = decoder->feed(std::as_bytes(std::span{file.substr(0, step)}), sink); !done) {
            return std::unexpected(done.error());
        }
    }
    if (auto done = decoder->finish(sink); !done) {
        return std::unexpected(done.error());
    }
    return out;
}

const std::string long_text = [] {
    std::string text;
    for (int i = 0; text.size() < 500'000; ++i) {
        text += std::to_string(i * 7919);
    }
    return text;
}();

TEST(ZchunkDecoder, gives_the_text_back_however_the_file_is_cut) {
    const std::string file = test::zchunk_file({"<a>", long_text, "</a>"}, "a dictionary 7919").file();
    for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, file.size()}) {
        const auto text = decode(file, step);
        ASSERT_TRUE(text) << step << ": " << describe(text.error());
        EXPECT_EQ(*text, "<a>" + long_text + "</a>") << step;
    }
}

TEST(ZchunkDecoder, reads_chunks_that_are_not_compressed) {
    ZchunkFile file;
    file.compression = 0;
    file.chunks = {{.stored = "<a>", .open_size = 3}, {.stored = "</a>", .open_size = 4}};
    EXPECT_EQ(decode(file.file()), "<a></a>");
}

TEST(ZchunkDecoder, the_same_chunk_may_come_twice) { EXPECT_EQ(decode(test::zchunk_file({"<a>", "x", "x", "</a>"}).file()), "<a>xx</a>"); }

TEST(ZchunkDecoder, a_body_that_is_not_the_header_s_is_refused) {
    struct Row {
        const char* what;
        std::function<void(ZchunkFile&)> change;
        const char* cause;
    };
    const Row rows[] = {
        {"a chunk's digest", [](ZchunkFile& f) { f.chunks[1].digest = std::string(16, 'd'); }, "checksum of a chunk"},
        {"the dictionary's digest", [](ZchunkFile& f) { f.dictionary.digest = std::string(16, 'd'); }, "checksum of a chunk"},
        {"a bomb",
         [](ZchunkFile& f) { f.chunks[1] = {.stored = test::zstd_chunk(std::string(64 << 20, ' '), "the dictionary"), .open_size = 9}; },
         "larger than announced"},
        {"a bomb for a dictionary",
         [](ZchunkFile& f) { f.dictionary = {.stored = test::zstd_chunk(std::string(64 << 20, ' ')), .open_size = 9}; },
         "larger than announced"},
        {"less than announced", [](ZchunkFile& f) { f.chunks[1].open_size += 1; }, "smaller than announced"},
        {"two frames in a chunk", [](ZchunkFile& f) { f.chunks[1].stored += f.chunks[1].stored, f.chunks[1].open_size *= 2; },
         "end of a chunk"},
        {"half a frame", [](ZchunkFile& f) { f.chunks[1].stored.resize(f.chunks[1].stored.size() - 1); }, ""},
        {"no frame", [](ZchunkFile& f) { f.chunks[1].stored = "text"; }, "damaged"},
    };
    for (const Row& row : rows) {
        ZchunkFile file = test::zchunk_file({"<a>", "some text", "</a>"}, "the dictionary");
        row.change(file);
        const auto text = decode(file.file());
        ASSERT_FALSE(text) << row.what;
        EXPECT_EQ(text.error().code, RepoErrc::bad_metadata) << row.what;
        EXPECT_THAT(text.error().cause, HasSubstr(row.cause)) << row.what;
    }
}

TEST(ZchunkDecoder, cut_anywhere_or_with_more_behind_it_is_refused) {
    const std::string file = test::zchunk_file({"<a>", "some text", "</a>"}, "the dictionary").file();
    for (std::size_t length = 0; length < file.size(); ++length) {
        EXPECT_FALSE(decode(file.substr(0, length))) << length;
    }
    EXPECT_FALSE(decode(file + "x"));
}

TEST(ZchunkDecoder, a_flipped_bit_anywhere_is_seen) {
    const std::string file = test::zchunk_file({"<a>", "some text", "</a>"}, "the dictionary").file();
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
        std::string flipped = file;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        EXPECT_FALSE(decode(flipped)) << bit;
    }
}

}  // namespace
}  // namespace lastack::repo
