// The texts of `cache`. Pure.
#pragma once

#include "repo/cache_report.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lastack::cli {

[[nodiscard]] std::string cache_table(const repo::CacheReport& report, std::string_view directory, std::int64_t now, unsigned width);
[[nodiscard]] std::string cache_json(const repo::CacheReport& report, std::string_view directory);

}  // namespace lastack::cli
