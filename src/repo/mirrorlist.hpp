// The mirrors of a repository, from its mirror list. Pure.
#pragma once

#include "lastack/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

// The URLs of the list, each once, without trailing slash and without a trailing "/repodata/repomd.xml".
// Errors: those of download::parse_mirror_list.
[[nodiscard]] Result<std::vector<std::string>> parse_mirrorlist(std::string_view text);

}  // namespace lastack::repo
