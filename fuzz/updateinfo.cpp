// updateinfo.xml, in pieces whose size the first byte tells: cut or not, the same advisories come out, each with what others rely on.
#include "repo/updateinfo.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

namespace {

std::vector<lastack::repo::Advisory> read(std::span<const std::byte> text, std::size_t step, bool& fine) {
    std::vector<lastack::repo::Advisory> advisories;
    lastack::repo::UpdateinfoReader reader{"fuzz", [&](lastack::repo::Advisory&& advisory) { advisories.push_back(std::move(advisory)); }};
    fine = true;
    while (fine && !text.empty()) {
        const auto piece = text.first(std::min(step, text.size()));
        fine = reader.feed(piece).has_value();
        text = text.subspan(piece.size());
    }
    fine = reader.end().has_value() && fine;
    return advisories;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto text = std::as_bytes(std::span{data + 1, size - 1});
    bool whole_fine = false;
    bool cut_fine = false;
    const auto whole = read(text, std::max<std::size_t>(text.size(), 1), whole_fine);
    const auto cut = read(text, std::size_t{data[0]} + 1, cut_fine);
    bool holds = whole_fine == cut_fine && (!whole_fine || whole == cut);
    for (const auto& advisory : whole) {
        holds = holds && !advisory.id.empty();
        for (const auto& package : advisory.packages) {
            holds = holds && !package.name.empty() && !package.version.empty();
        }
    }
    if (!holds) {
        std::abort();
    }
    return 0;
}
