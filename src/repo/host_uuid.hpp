// $uuid: a random number by which a server can count systems without knowing them. Blocks on disk.
#pragma once

#include "lastack/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace lastack::repo {

// 8-4-4-4-12 hexadecimal digits. Pure.
[[nodiscard]] bool is_uuid(std::string_view text);

enum class MakeUuid : bool { no, yes };

// The one in `persistdir`/uuid, where it is made once and never changed. Errors: Errc::not_found when it is not there and may not be made,
// Errc::io_failed for a file that holds something else, those of writing.
[[nodiscard]] Result<std::string> host_uuid(const std::filesystem::path& persistdir, MakeUuid make);

}  // namespace lastack::repo
