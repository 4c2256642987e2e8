#include "cli/cache_table.hpp"

#include "base/text.hpp"
#include "cli/columns.hpp"
#include "cli/json_text.hpp"
#include "repo/repomd_age.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace lastack::cli {

namespace {

using Amount = repo::CacheReport::Amount;

std::string size_text(const Amount& amount) { return format_number(amount.bytes) + "B"; }

std::string amount_line(std::string_view what, const Amount& amount) {
    return fmt::format("{:<24}{:>8}  {} {}\n", what, size_text(amount), amount.files, amount.files == 1 ? "file" : "files");
}

std::string amount_json(const Amount& amount) { return fmt::format(R"({{"files":{},"bytes":{}}})", amount.files, amount.bytes); }

std::string age_of(const repo::CacheReport::Repository& repository, std::int64_t now) {
    if (!repository.checked_at || *repository.checked_at <= 0 || *repository.checked_at > now) {
        return "unknown";
    }
    return repo::duration_text(now - *repository.checked_at) + " ago";
}

}  // namespace

std::string cache_table(const repo::CacheReport& report, std::string_view directory, std::int64_t now, unsigned width) {
    std::string out = "Cache: " + printable(directory) + "\n";
    std::vector<std::vector<Cell>> rows{{{"repo id"}, {"packages", true}, {"metadata", true}, {"last check"}}};
    for (const auto& repository : report.repositories) {
        rows.push_back({{printable(repository.id)},
                        {size_text(repository.packages), true},
                        {size_text(repository.metadata), true},
                        {age_of(repository, now)}});
    }
    std::vector<std::size_t> wanted(rows.front().size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            wanted[i] = std::max(wanted[i], display_width(row[i].text));
        }
    }
    const std::vector<std::size_t> least(wanted.size(), wanted.size());
    const auto widths = column_widths(std::move(wanted), least, std::max(width, narrowest_line) - (least.size() - 1), 0);
    for (const auto& row : rows) {
        if (!report.repositories.empty()) {
            out += format_row(row, widths, "") + "\n";
        }
    }
    out += amount_line("Metadata, each once", report.objects);
    out += amount_line("  of several repositories", report.shared);
    out += amount_line("Indexes", report.indexes);
    out += amount_line("Unfinished downloads", report.unfinished);
    out += amount_line("Of no repository", report.unreferenced);
    out += amount_line("All", report.total);
    return out;
}

std::string cache_json(const repo::CacheReport& report, std::string_view directory) {
    std::string list;
    for (const auto& repository : report.repositories) {
        list += fmt::format(R"({}{{"id":{},"checked":{},"revision":{},"packages":{},"metadata":{}}})", list.empty() ? "" : ",",
                            json_string(repository.id), repository.checked_at ? std::to_string(*repository.checked_at) : "null",
                            repository.revision.empty() ? "null" : json_string(repository.revision), amount_json(repository.packages),
                            amount_json(repository.metadata));
    }
    return fmt::format(
        R"({{"directory":{},"repositories":[{}],"objects":{},"shared":{},"indexes":{},"unfinished":{},"unreferenced":{},"total":{}}})"
        "\n",
        json_string(directory), list, amount_json(report.objects), amount_json(report.shared), amount_json(report.indexes),
        amount_json(report.unfinished), amount_json(report.unreferenced), amount_json(report.total));
}

}  // namespace lastack::cli
