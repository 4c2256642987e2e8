// A document given to its reader in pieces of one size.
#pragma once

#include "repo/metadata_document.hpp"

#include <algorithm>
#include <string_view>

namespace lastack::repo::test {

inline Result<void> read_in_steps(MetadataDocument& document, std::string_view text, std::size_t step = 4096) {
    for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
        if (auto fed = document.feed(std::as_bytes(std::span{text.substr(0, step)})); !fed) {
            return fed;
        }
    }
    return document.end();
}

}  // namespace lastack::repo::test
