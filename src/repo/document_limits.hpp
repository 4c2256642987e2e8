// What the documents beside primary.xml may be at most: far beyond what any repository has, far below what would harm.
#pragma once

#include "download/xml_reader.hpp"
#include "repo/repomd.hpp"

#include <cstddef>
#include <cstdint>

namespace lastack::repo {

inline constexpr std::size_t max_document_text = std::size_t{256} << 10;  // a description, a changelog entry
inline constexpr std::size_t max_document_name = 512;                     // an id, a name, a version, a date
inline constexpr std::size_t max_path_length = 4096;                      // of a file in a package

inline constexpr std::size_t max_advisories = 1'000'000;
inline constexpr std::size_t max_advisory_references = 10'000;  // of one advisory
inline constexpr std::size_t max_advisory_packages = 100'000;

inline constexpr std::size_t max_comps_items = 10'000;      // groups, categories and environments, each
inline constexpr std::size_t max_comps_members = 50'000;    // of one of them
inline constexpr std::size_t max_comps_translations = 500;  // of one name or description
inline constexpr std::uint64_t max_comps_size = std::uint64_t{64} << 20;

inline constexpr std::size_t max_listed_packages = 10'000'000;  // filelists, other

inline constexpr std::size_t max_modules = 100'000;  // documents of one file
inline constexpr unsigned max_module_depth = 32;
inline constexpr std::size_t max_module_nodes = 1'000'000;  // of one document
inline constexpr std::uint64_t max_modules_size = std::uint64_t{256} << 20;

inline constexpr download::XmlLimits streamed_xml{.document = max_open_metadata_size, .text = max_document_text};

}  // namespace lastack::repo
