// Which chunks of a new zchunk file an older one has, and which ranges a server is asked for. Pure.
#pragma once

#include "repo/zchunk_header.hpp"

#include "lastack/request.hpp"

#include <cstdint>
#include <vector>

namespace lastack::repo {

struct ZchunkCopy {
    ZchunkPiece piece;             // of the new file
    std::uint64_t old_offset = 0;  // where the old file has it

    friend bool operator==(const ZchunkCopy&, const ZchunkCopy&) = default;
};

struct ZchunkPlan {
    std::vector<ZchunkCopy> copies;
    std::vector<ZchunkPiece> missing;
    // Over the missing ones, rising and apart; two with little between them are one, as asking costs more than the bytes.
    std::vector<ByteRange> ranges;
    std::uint64_t ranges_size = 0;
};

[[nodiscard]] ZchunkPlan plan_zchunk(const ZchunkHeader& old_file, const ZchunkHeader& new_file);

// The ranges as requests: each of few enough ranges for a server, and small enough to be held in memory.
[[nodiscard]] std::vector<std::vector<ByteRange>> batches_of(const std::vector<ByteRange>& ranges);

}  // namespace lastack::repo
