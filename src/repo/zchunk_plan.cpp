#include "repo/zchunk_plan.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace lastack::repo {

namespace {

// A part's own head is about as long as this.
constexpr std::uint64_t closest_apart = 256;
// Some servers take no more ranges in a request, or answer them all with the whole file.
constexpr std::size_t most_ranges = 64;
constexpr std::uint64_t most_bytes = std::uint64_t{4} << 20;

class Planner {
public:
    explicit Planner(const ZchunkHeader& old_file) {
        add(old_file.dictionary);
        std::ranges::for_each(old_file.pieces, [this](const ZchunkPiece& piece) { add(piece); });
    }

    void place(const ZchunkPiece& piece, bool comparable) {
        if (piece.size == 0) {
            return;
        }
        const auto known = known_.find(piece.digest);
        if (comparable && known != known_.end() && known->second->size == piece.size && known->second->open_size == piece.open_size) {
            plan_.copies.push_back({.piece = piece, .old_offset = known->second->offset});
            return;
        }
        plan_.missing.push_back(piece);
        auto& ranges = plan_.ranges;
        const std::uint64_t last = piece.offset + piece.size - 1;
        if (!ranges.empty() && piece.offset - *ranges.back().last - 1 <= closest_apart) {
            ranges.back().last = last;
        } else {
            ranges.push_back({.first = piece.offset, .last = last});
        }
    }

    ZchunkPlan take() {
        for (const ByteRange& range : plan_.ranges) {
            plan_.ranges_size += *range.last - range.first + 1;
        }
        return std::move(plan_);
    }

private:
    void add(const ZchunkPiece& piece) {
        if (piece.size > 0) {
            known_.try_emplace(piece.digest, &piece);
        }
    }

    std::unordered_map<std::string_view, const ZchunkPiece*> known_;
    ZchunkPlan plan_;
};

}  // namespace

ZchunkPlan plan_zchunk(const ZchunkHeader& old_file, const ZchunkHeader& new_file) {
    const bool comparable = old_file.piece_algorithm == new_file.piece_algorithm &&
                            old_file.piece_digest_size == new_file.piece_digest_size && old_file.compression == new_file.compression;
    Planner planner{old_file};
    planner.place(new_file.dictionary, comparable);
    for (const ZchunkPiece& piece : new_file.pieces) {
        planner.place(piece, comparable);
    }
    return planner.take();
}

std::vector<std::vector<ByteRange>> batches_of(const std::vector<ByteRange>& ranges) {
    std::vector<std::vector<ByteRange>> batches;
    std::uint64_t room = 0;
    for (const ByteRange& range : ranges) {
        for (std::uint64_t first = range.first; first <= *range.last;) {
            if (room == 0 || batches.back().size() == most_ranges) {
                batches.emplace_back();
                room = most_bytes;
            }
            const std::uint64_t size = std::min(room, *range.last - first + 1);
            batches.back().push_back({.first = first, .last = first + size - 1});
            room -= size;
            first += size;
        }
    }
    return batches;
}

}  // namespace lastack::repo
