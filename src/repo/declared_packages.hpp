// How many packages a primary.xml says that it has: the attribute `packages` of its root element.
#pragma once

#include "repo/metadata_file.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace lastack::repo {

// Reads the beginning of the file only. Nothing when it cannot be read or does not say. The file was verified when it came.
[[nodiscard]] std::optional<std::uint64_t> declared_packages(const MetadataFile& primary);

// The same of decoded text. Pure.
[[nodiscard]] std::optional<std::uint64_t> packages_attribute(std::string_view xml);

}  // namespace lastack::repo
