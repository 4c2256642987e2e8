// primary.xml as text, from short descriptions of packages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

struct PackageText {
    std::string name;
    std::string version = "1";
    std::string release = "1";
    std::string epoch = "0";
    std::string arch = "noarch";
    std::vector<std::string> needs{};  // "bar", "bar >= 2"
    std::vector<std::string> provides{};
    std::vector<std::string> conflicts{};
    std::vector<std::string> obsoletes{};
    std::vector<std::string> files{};
    std::string href{};  // empty: Packages/NAME-VERSION-RELEASE.ARCH.rpm
    std::string base{};  // xml:base
    std::string checksum_type = "sha256";
    std::string checksum = std::string(64, 'a');
    std::string size = "1000";
    std::string build_time = "1";
};

// A dependency list of `entries`; empty for none.
[[nodiscard]] std::string dependency_list(std::string_view tag, const std::vector<std::string>& entries);
[[nodiscard]] std::string package_text(const PackageText& package);
// The whole document.
[[nodiscard]] std::string primary_text(const std::vector<PackageText>& packages);

}  // namespace lastack::test
