#include "cli/package_list.hpp"

#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/json_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace lastack::cli {
namespace {

constexpr std::size_t columns = 3;
constexpr std::size_t narrowest_column = 8;

std::vector<Cell> row(const package::Package& package) {
    return {{printable(package.nevra.name + "." + package.nevra.arch)}, {printable(package.nevra.evr())}, {printable(package.repo_id)}};
}

}  // namespace

std::string package_list(const std::vector<PackageSection>& sections, unsigned width) {
    std::vector<std::size_t> wanted(columns, 0);
    for (const auto& section : sections) {
        for (const auto& package : section.packages) {
            const auto cells = row(package);
            for (std::size_t i = 0; i < columns; ++i) {
                wanted[i] = std::max(wanted[i], display_width(cells[i].text));
            }
        }
    }
    const std::size_t blanks = columns - 1;
    const std::vector<std::size_t> least(columns, narrowest_column);
    const auto widths = column_widths(std::move(wanted), least, std::max(width, narrowest_line) - blanks, 1);
    std::string out;
    for (const auto& section : sections) {
        if (section.packages.empty()) {
            continue;
        }
        out += section.heading + "\n";
        for (const auto& package : section.packages) {
            out += format_row(row(package), widths, "") + "\n";
        }
    }
    return out;
}

std::string package_list_json(const std::vector<PackageSection>& sections) {
    std::string out;
    for (const auto& section : sections) {
        std::string list;
        for (const package::Package& package : section.packages) {
            const package::Nevra& nevra = package.nevra;
            list += fmt::format(R"({}{{"name":{},"epoch":{},"version":{},"release":{},"arch":{},"repository":{},"summary":{}}})",
                                list.empty() ? "" : ",", json_string(nevra.name), json_string(nevra.epoch), json_string(nevra.version),
                                json_string(nevra.release), json_string(nevra.arch), json_string(package.repo_id),
                                json_string(package.summary));
        }
        out += fmt::format("{}{}:[{}]", out.empty() ? "" : ",", json_string(section.key), list);
    }
    return "{" + out + "}\n";
}

}  // namespace lastack::cli
