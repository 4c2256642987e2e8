// filelists.xml and other.xml: every path that is told is one of a package, and comes after it.
#include "repo/package_lists.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void read(lastack::repo::MetadataDocument& document, std::span<const std::byte> text, std::size_t step) {
    while (!text.empty()) {
        const auto piece = text.first(std::min(step, text.size()));
        if (!document.feed(piece)) {
            return;
        }
        text = text.subspan(piece.size());
    }
    (void)document.end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto text = std::as_bytes(std::span{data + 1, size - 1});
    const std::size_t step = std::size_t{data[0]} + 1;
    bool told = false;
    const auto on_package = [&](const lastack::repo::ListedPackage& package) {
        require(!package.pkgid.empty() && !package.name.empty() && !package.version.empty());
        told = true;
    };
    lastack::repo::FilelistsReader files{"fuzz", on_package, [&](std::string_view path, lastack::repo::ListedFileKind) {
                                             require(told && path.starts_with('/') && !path.ends_with("/..") && !path.contains("/../"));
                                         }};
    read(files, text, step);
    told = false;
    lastack::repo::ChangelogsReader changes{"fuzz", on_package,
                                            [&](const lastack::repo::ListedChange& change) { require(told && change.date >= 0); }};
    read(changes, text, step);
    return 0;
}
