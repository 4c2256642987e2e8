// What the fault server's files consist of: pseudo-random bytes that follow from seed, path and version alone, so that each side can
// compute any part of them and nothing is stored. A path ends in "-SIZE".
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lastack::bench {

struct Content {
    std::uint64_t key = 0;
    std::uint64_t size = 0;

    void fill(std::uint64_t offset, std::span<char> into) const;
    [[nodiscard]] std::string sha256() const;  // hex
    [[nodiscard]] std::string entity_tag() const;
};

[[nodiscard]] std::optional<std::uint64_t> size_in(std::string_view path);  // none: the path has no size, so there is no such file
[[nodiscard]] Content content_of(std::uint64_t seed, std::string_view path, unsigned version = 0);

// A number that looks random and follows from two others.
[[nodiscard]] std::uint64_t mixed(std::uint64_t a, std::uint64_t b);

}  // namespace lastack::bench
