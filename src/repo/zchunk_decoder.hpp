// A zchunk file decoded while it streams by: each chunk is a zstd frame of its own, made with the file's dictionary. Memory is the header's
// (max_zchunk_header), the dictionary's and zstd's window, whatever the chunks weigh.
#pragma once

#include "repo/decoder.hpp"

#include <memory>

namespace lastack::repo {

// Sizes and digests of the header and of every chunk are checked; what leaves is at most what the header announced.
[[nodiscard]] std::unique_ptr<Decoder> make_zchunk_decoder();

}  // namespace lastack::repo
