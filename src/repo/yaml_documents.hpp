// YAML from elsewhere, one document at a time as a tree of plain values. What no honest one has is an error: aliases (with which a few
// bytes stand for gigabytes), tags of other than YAML's own plain kinds, and whatever lies beyond the limits. Pure.
#pragma once

#include "lastack/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

struct YamlMember;

struct YamlNode {
    enum class Kind : std::uint8_t { scalar, sequence, mapping };

    Kind kind = Kind::scalar;
    std::string scalar;
    std::vector<YamlNode> items;      // of a sequence
    std::vector<YamlMember> members;  // of a mapping, in their order; no key twice

    // A member of a mapping, or nullptr.
    [[nodiscard]] const YamlNode* find(std::string_view key) const;
    // The scalar of a member, or nothing to show.
    [[nodiscard]] std::string_view word(std::string_view key) const;
};

struct YamlMember {
    std::string key;
    YamlNode value;
};

struct YamlLimits {
    std::uint64_t size = 0;  // of the text
    std::size_t documents = 0;
    std::size_t nodes = 0;  // of one document
    unsigned depth = 0;
    std::size_t scalar = 0;
};

// Calls `on_document` for each, until it returns an error. Errors: its own, and RepoErrc::bad_metadata, beginning with
// "NAME:LINE:COLUMN: ".
[[nodiscard]] Result<void> read_yaml(std::string_view text, std::string_view name, const YamlLimits& limits,
                                     const std::function<Result<void>(const YamlNode& document, std::uint64_t line)>& on_document);

}  // namespace lastack::repo
