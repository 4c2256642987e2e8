#include "repo/zchunk_plan.hpp"

#include "zchunk_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

using testing::ElementsAre;

ZchunkHeader header_of(const std::vector<std::string_view>& texts, std::string_view dictionary = {}) {
    const std::string text = test::zchunk_file(texts, dictionary).header();
    return *parse_zchunk_header(std::as_bytes(std::span{text}));
}

const std::string large(1000, 'l');
const std::string noise = [] {
    std::string text;
    for (unsigned state = 1; text.size() < 2000;) {
        state = state * 1664525 + 1013904223;
        text += static_cast<char>(state >> 24);
    }
    return text;
}();

TEST(ZchunkPlan, of_the_same_file_all_is_copied) {
    const auto header = header_of({"<a>", "b", "</a>"}, "dictionary");
    const auto plan = plan_zchunk(header, header);
    EXPECT_EQ(plan.copies.size(), 4u);
    EXPECT_EQ(plan.copies[2].old_offset, plan.copies[2].piece.offset);
    EXPECT_TRUE(plan.missing.empty());
    EXPECT_TRUE(plan.ranges.empty());
}

TEST(ZchunkPlan, chunks_are_found_wherever_they_moved) {
    const auto before = header_of({"<a>", noise, "old", "</a>"});
    const auto after = header_of({"<a>", "new", noise, "</a>"});
    const auto plan = plan_zchunk(before, after);
    ASSERT_EQ(plan.copies.size(), 3u);
    EXPECT_EQ(plan.copies[1].piece, after.pieces[2]);
    EXPECT_EQ(plan.copies[1].old_offset, before.pieces[1].offset);
    EXPECT_THAT(plan.missing, ElementsAre(after.pieces[1]));
    const auto& piece = after.pieces[1];
    EXPECT_THAT(plan.ranges, ElementsAre(ByteRange{piece.offset, piece.offset + piece.size - 1}));
    EXPECT_EQ(plan.ranges_size, piece.size);
}

TEST(ZchunkPlan, ranges_with_little_between_them_are_one) {
    const auto before = header_of({"<a>", "little", noise});
    const auto after = header_of({"x", "little", "y", noise, "z"});
    const auto plan = plan_zchunk(before, after);
    EXPECT_EQ(plan.missing.size(), 3u);
    ASSERT_EQ(plan.ranges.size(), 2u);
    EXPECT_EQ(plan.ranges[0].first, after.pieces[0].offset);
    EXPECT_EQ(plan.ranges[0].last, after.pieces[2].offset + after.pieces[2].size - 1);
}

TEST(ZchunkPlan, other_kinds_of_digests_have_nothing_in_common) {
    auto before = header_of({"<a>"});
    const auto after = header_of({"<a>"});
    before.piece_digest_size = 20;
    EXPECT_TRUE(plan_zchunk(before, after).copies.empty());
}

TEST(ZchunkPlan, a_chunk_that_only_claims_the_digest_is_fetched) {
    auto before = header_of({"<a>", large});
    const auto after = header_of({"<a>", large});
    before.pieces[1].size += 1;
    EXPECT_EQ(plan_zchunk(before, after).copies.size(), 1u);
}

TEST(ZchunkPlan, requests_have_few_ranges_and_little_each) {
    std::vector<ByteRange> ranges;
    for (std::uint64_t i = 0; i < 130; ++i) {
        ranges.push_back({i * 1000, i * 1000 + 9});
    }
    ranges.push_back({1'000'000, 1'000'000 + (std::uint64_t{9} << 20) - 1});
    const auto batches = batches_of(ranges);
    std::uint64_t next = 0;
    std::uint64_t total = 0;
    for (const auto& batch : batches) {
        EXPECT_LE(batch.size(), 64u);
        std::uint64_t size = 0;
        for (const ByteRange& range : batch) {
            EXPECT_GE(range.first, next);
            next = *range.last + 1;
            size += next - range.first;
        }
        EXPECT_LE(size, std::uint64_t{4} << 20);
        total += size;
    }
    EXPECT_EQ(total, 1300 + (std::uint64_t{9} << 20));
    EXPECT_EQ(batches.size(), 5u);
    EXPECT_TRUE(batches_of({}).empty());
}

}  // namespace
}  // namespace lastack::repo
