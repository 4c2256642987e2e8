// What identifies a package: name, epoch, version, release, architecture.
#pragma once

#include <compare>
#include <string>

namespace lastack::package {

struct Nevra {
    std::string name;
    std::string epoch;  // "0" when none
    std::string version;
    std::string release;
    std::string arch;

    friend auto operator<=>(const Nevra&, const Nevra&) = default;  // for containers; not rpm's version order

    [[nodiscard]] std::string evr() const;  // "[epoch:]version-release", epoch 0 left out
    [[nodiscard]] std::string str() const;  // "name-[epoch:]version-release.arch"
};

}  // namespace lastack::package
