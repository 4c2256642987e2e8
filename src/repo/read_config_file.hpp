// A configuration file with the files that it includes, read from the disk.
#pragma once

#include "repo/ini.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>

namespace lastack::repo {

struct ConfigText {
    IniFile ini;
    std::int64_t changed_at = 0;  // it or the last changed of those that it includes, seconds since 1970
};

// include=PATH is relative to the file it stands in; an absolute one in a file below `root` is looked for below `root` first. file: URLs
// are paths; other URLs are refused, as configuration decides which keys are trusted. What was read already is passed over. A file that
// cannot be included is a problem of the place that includes it. Errors: those of read_file, for `path` itself.
[[nodiscard]] Result<ConfigText> read_config_file(const std::filesystem::path& path, const std::filesystem::path& root);

}  // namespace lastack::repo
