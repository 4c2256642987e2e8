// Repository metadata written by hand, so that it can announce what no createrepo would. Values in, text out.
#pragma once

#include "support/rpm_builder.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

// A package as primary.xml announces it, and what the server sends for it.
struct Entry {
    RpmSpec spec;                         // name, version, dependencies of the announcement
    std::string bytes;                    // of the file; size and digest are announced from it unless given
    std::string href{};                   // as it stands in the attribute; empty: Packages/NAME-VERSION-RELEASE.ARCH.rpm
    std::string base{};                   // xml:base; empty: none
    std::optional<std::uint64_t> size{};  // announced
    std::string sha256{};                 // announced
};

// The entry of a package that is just what it says.
[[nodiscard]] Entry entry_of(const RpmSpec& spec);

[[nodiscard]] std::string href_of(const Entry& entry);
[[nodiscard]] std::string primary_xml(const std::vector<Entry>& entries);

struct RepomdFields {
    unsigned revision = 1;
    std::string location = "repodata/primary.xml";
    std::optional<std::uint64_t> size{};  // announced; else the size of `primary`
    std::string sha256{};                 // announced; else that of `primary`
};
[[nodiscard]] std::string repomd_xml(std::string_view primary, const RepomdFields& fields = {});

[[nodiscard]] std::string sha256_of(std::string_view bytes);
[[nodiscard]] std::string content_of(const std::filesystem::path& file);

}  // namespace lastack::test
