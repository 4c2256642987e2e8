#include "cli/repo_table.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/columns.hpp"
#include "cli/json_text.hpp"
#include "repo/repomd_age.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>

namespace lastack::cli {

namespace {

constexpr std::size_t narrowest_column = 7;
constexpr std::size_t most_mirrors = 10;  // shown without --json

const char* status_of(const repo::RepoConfig& repo) { return repo.enabled ? "enabled" : "disabled"; }

std::string date_text(std::int64_t seconds) {
    const std::time_t time = seconds;
    std::tm broken{};
    std::array<char, 40> written{};
    const bool known = ::gmtime_r(&time, &broken) != nullptr && std::strftime(written.data(), written.size(), "%F %T UTC", &broken) > 0;
    return known ? written.data() : "unknown";
}

std::string expire_text(const std::optional<std::chrono::seconds>& expire) {
    return expire ? std::to_string(expire->count()) + " seconds" : "never";
}

std::uint64_t metadata_size(const repo::Repomd& repomd) {
    std::uint64_t size = 0;
    for (const repo::RepomdFile& file : repomd.files) {
        size += std::min(file.size.value_or(0), UINT64_MAX - size);
    }
    return size;
}

// "Label : value" lines, and headings whose lines stand further in.
class Lines {
public:
    void heading(std::string_view text) {
        indent_ = 0;
        out_ += std::string{text} + "\n";
        indent_ = 2;
    }
    void outer() { indent_ = 0; }
    void add(std::string_view label, std::string_view value) {
        constexpr std::size_t label_width = 20;
        out_ += fmt::format("{:{}}{:<{}}: {}\n", "", indent_, label, label_width - indent_, value);
    }
    void add_mirrors(const std::vector<MirrorFacts>& mirrors) {
        for (std::size_t i = 0; i < std::min(mirrors.size(), most_mirrors); ++i) {
            const MirrorFacts& mirror = mirrors[i];
            std::string known = mirror.rate > 0 ? format_number(static_cast<std::uint64_t>(mirror.rate)) + "B/s" : "";
            if (mirror.fails > 0) {
                known +=
                    (known.empty() ? "failed " : ", failed ") + std::to_string(mirror.fails) + (mirror.fails == 1 ? " time" : " times");
            }
            add(i == 0 ? "Mirrors" : "", printable(redact_url(mirror.url)) + (known.empty() ? "" : " (" + known + ")"));
        }
        add_rest(mirrors.size());
    }
    void add_urls(std::string_view label, const std::vector<std::string>& urls) {
        for (std::size_t i = 0; i < std::min(urls.size(), most_mirrors); ++i) {
            add(i == 0 ? label : "", printable(redact_url(urls[i])));
        }
        add_rest(urls.size());
    }
    std::string take() { return std::move(out_); }

private:
    void add_rest(std::size_t count) {
        if (count > most_mirrors) {
            add("", fmt::format("and {} more", count - most_mirrors));
        }
    }

    std::string out_;
    std::size_t indent_ = 0;
};

void add_urls(Lines& lines, const RepoFacts& facts) {
    const repo::RepoConfig& repo = facts.config;
    lines.heading("URLs");
    lines.add_urls("Base URL", repo.baseurl);
    if (!repo.mirrorlist.empty()) {
        lines.add("Mirrorlist", printable(redact_url(repo.mirrorlist)));
    }
    if (!repo.metalink.empty()) {
        lines.add("Metalink", printable(redact_url(repo.metalink)));
    }
    const bool says_more = std::ranges::any_of(facts.mirrors, [](const MirrorFacts& each) { return each.rate > 0 || each.fails > 0; });
    if (says_more || !std::ranges::equal(facts.mirrors, repo.baseurl, {}, &MirrorFacts::url)) {
        lines.add_mirrors(facts.mirrors);
    }
}

void add_trust(Lines& lines, const RepoFacts& facts) {
    const repo::RepoConfig& repo = facts.config;
    lines.heading("Trust");
    lines.add("Verify packages", repo.gpgcheck ? "yes" : "no");
    lines.add("Verify metadata", repo.repo_gpgcheck ? "yes" : "no");
    if (facts.repomd) {
        lines.add("Metadata signed by",
                  facts.state.signed_by.empty() ? "nobody whose signature was checked" : printable(facts.state.signed_by));
    }
    for (std::size_t i = 0; i < repo.gpgkey.size(); ++i) {
        lines.add(i == 0 ? "Keys" : "", printable(redact_url(repo.gpgkey[i])));
    }
}

void add_metadata(Lines& lines, const RepoFacts& facts, std::int64_t now) {
    lines.heading("Metadata");
    lines.add("Expires", expire_text(facts.config.metadata_expire));
    if (!facts.repomd) {
        lines.add("At hand", facts.trouble.empty() ? "no" : "no: " + facts.trouble);
        return;
    }
    const std::int64_t checked = facts.state.checked_at;
    lines.add("Last check", checked <= 0    ? "unknown"
                            : checked > now ? date_text(checked) + " (in the future)"
                                            : date_text(checked) + " (" + repo::duration_text(now - checked) + " ago)");
    if (!facts.state.url.empty()) {
        lines.add("From", printable(facts.state.url));
    }
    lines.add("Revision", facts.repomd->revision.empty() ? "none" : printable(facts.repomd->revision));
    lines.add("Updated", facts.updated ? date_text(*facts.updated) : "unknown");
    lines.add("Packages", facts.packages ? std::to_string(*facts.packages) : "unknown");
    lines.add("Size", format_number(metadata_size(*facts.repomd)) + "B in " + std::to_string(facts.repomd->files.size()) + " files");
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        text += (text.empty() ? "" : ", ") + word;
    }
    return printable(text);
}

std::string json_list(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) {
        list += (list.empty() ? "" : ",") + json_string(redact_url(text));
    }
    return "[" + list + "]";
}

std::string json_mirrors(const std::vector<MirrorFacts>& mirrors) {
    std::string list;
    for (const MirrorFacts& mirror : mirrors) {
        list += fmt::format(R"({}{{"url":{},"rate":{},"fails":{}}})", list.empty() ? "" : ",", json_string(redact_url(mirror.url)),
                            mirror.rate > 0 ? fmt::format("{:.0f}", mirror.rate) : "null", mirror.fails);
    }
    return "[" + list + "]";
}

std::string json_url(const std::string& url) { return url.empty() ? "null" : json_string(redact_url(url)); }

std::string json_number(const auto& number) { return number ? std::to_string(*number) : "null"; }

std::string metadata_json(const RepoFacts& facts) {
    if (!facts.repomd) {
        return "null";
    }
    const repo::RefreshState& state = facts.state;
    return fmt::format(R"({{"revision":{},"updated":{},"checked":{},"url":{},"packages":{},"files":{},"size":{},"signed_by":{}}})",
                       json_string(facts.repomd->revision), json_number(facts.updated),
                       state.checked_at > 0 ? std::to_string(state.checked_at) : "null", json_url(state.url), json_number(facts.packages),
                       facts.repomd->files.size(), metadata_size(*facts.repomd),
                       state.signed_by.empty() ? "null" : json_string(state.signed_by));
}

std::string info_json(const RepoFacts& facts) {
    const repo::RepoConfig& repo = facts.config;
    const auto expire = repo.metadata_expire ? std::optional{repo.metadata_expire->count()} : std::nullopt;
    return fmt::format(R"({{"id":{},"name":{},"is_enabled":{},"cost":{},"priority":{},"skip_if_unavailable":{},"metadata_expire":{},)"
                       R"("baseurl":{},"mirrorlist":{},"metalink":{},"mirrors":{},"gpgcheck":{},"repo_gpgcheck":{},"gpgkey":{},)"
                       R"("exclude":{},"includepkgs":{},"origin":{},"metadata":{},"error":{}}})",
                       json_string(repo.id), json_string(repo.name), repo.enabled, repo.cost, repo.priority, repo.skip_if_unavailable,
                       json_number(expire), json_list(repo.baseurl), json_url(repo.mirrorlist), json_url(repo.metalink),
                       json_mirrors(facts.mirrors), repo.gpgcheck, repo.repo_gpgcheck, json_list(repo.gpgkey), json_list(repo.exclude),
                       json_list(repo.includepkgs), json_string(repo.origin), metadata_json(facts),
                       facts.trouble.empty() ? "null" : json_string(facts.trouble));
}

}  // namespace

std::string repo_list(const std::vector<repo::RepoConfig>& repos, StatusColumn status, unsigned width) {
    const std::size_t columns = status == StatusColumn::yes ? 3 : 2;
    std::vector<std::vector<Cell>> rows{{{"repo id"}, {"repo name"}, {"status"}}};
    for (const repo::RepoConfig& repo : repos) {
        rows.push_back({{printable(repo.id)}, {printable(repo.name)}, {status_of(repo)}});
    }
    std::vector<std::size_t> wanted(columns, 0);
    for (auto& row : rows) {
        row.resize(columns);
        for (std::size_t i = 0; i < columns; ++i) {
            wanted[i] = std::max(wanted[i], display_width(row[i].text));
        }
    }
    const std::vector<std::size_t> least(columns, narrowest_column);
    const auto widths = column_widths(std::move(wanted), least, std::max(width, narrowest_line) - (columns - 1), 1);
    std::string out;
    for (const auto& row : rows) {
        out += format_row(row, widths, "") + "\n";
    }
    return repos.empty() ? std::string{} : out;
}

std::string repo_list_json(const std::vector<repo::RepoConfig>& repos) {
    std::string list;
    for (const repo::RepoConfig& repo : repos) {
        list += fmt::format(R"({}{{"id":{},"name":{},"is_enabled":{}}})", list.empty() ? "" : ",", json_string(repo.id),
                            json_string(repo.name), repo.enabled);
    }
    return "[" + list + "]\n";
}

std::string repo_info(const std::vector<RepoFacts>& repos, std::int64_t now) {
    std::string out;
    for (const RepoFacts& facts : repos) {
        const repo::RepoConfig& repo = facts.config;
        Lines lines;
        lines.add("Repo id", printable(repo.id));
        lines.add("Name", printable(repo.name));
        lines.add("Status", status_of(repo));
        lines.add("Cost", std::to_string(repo.cost));
        lines.add("Priority", std::to_string(repo.priority));
        lines.add("Skip if unavailable", repo.skip_if_unavailable ? "yes" : "no");
        if (!repo.exclude.empty()) {
            lines.add("Exclude", joined(repo.exclude));
        }
        if (!repo.includepkgs.empty()) {
            lines.add("Include", joined(repo.includepkgs));
        }
        lines.add("Defined in", printable(repo.origin));
        add_urls(lines, facts);
        add_trust(lines, facts);
        add_metadata(lines, facts, now);
        out += (out.empty() ? "" : "\n") + lines.take();
    }
    return out;
}

std::string repo_info_json(const std::vector<RepoFacts>& repos) {
    std::string list;
    for (const RepoFacts& facts : repos) {
        list += (list.empty() ? "" : ",") + info_json(facts);
    }
    return "[" + list + "]\n";
}

}  // namespace lastack::cli
