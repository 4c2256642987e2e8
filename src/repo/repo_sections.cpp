#include "repo/repo_sections.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/ftp_client.hpp"
#include "download/local_file.hpp"
#include "repo/error.hpp"
#include "repo/set_connection_option.hpp"

#include <fnmatch.h>
#include <utility>

namespace lastack::repo {

namespace {

std::string place(std::string_view file, unsigned line) { return std::string{file} + ":" + std::to_string(line); }

std::string in_quotes(std::string_view text) { return "'" + std::string{text} + "'"; }

// The sentence part for an option that was not set; empty for one that was or that is harmless.
std::string complaint(const Parsed<OptionFate>& fate, const IniEntry& entry, std::string_view section) {
    if (!fate) {
        return entry.key + ": " + fate.error();
    }
    switch (*fate) {
        case OptionFate::set:
        case OptionFate::inert:
            return {};
        case OptionFate::no_effect:
            return "option " + in_quotes(entry.key) + " is not supported and has no effect";
        case OptionFate::unknown:
            return "unknown option " + in_quotes(first_word(entry.key)) + " in [" + std::string{section} + "]";
    }
    return {};
}

std::unexpected<Error> bad_config(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_config,
                                 .phase = Phase::parsing,
                                 .cause = std::move(cause),
                                 .next_step = "correct that line, or use another file with -c FILE"});
}

class SectionReader {
public:
    SectionReader(std::string_view file, RepoDrafts& drafts, std::vector<std::string>& warnings)
        : file_{file}, drafts_{drafts}, warnings_{warnings} {}

    void read(const IniSection& section, const RepoConfig& defaults) {
        const std::string origin = std::string{file_} + ":" + std::to_string(section.line);
        if (!section.name.empty() && !is_repo_id(section.name)) {
            warn(section.line, "the repository id " + in_quotes(section.name) +
                                   " is not usable (letters, digits, '.', '_', ':', '-', not beginning with '.', not 'objects' or 'lock'); "
                                   "it is left out");
            return;
        }
        RepoDraft draft;
        draft.config = defaults;
        draft.config.id = section.name;
        draft.config.name = section.name;
        draft.config.origin = origin;
        for (const IniEntry& entry : section.entries) {
            set(draft, section, entry);
        }
        if (section.problem) {
            drop(draft, section, section.problem->line, section.problem->what);
        }
        if (!section.name.empty()) {
            add(std::move(draft), section);
        }
    }

private:
    void set(RepoDraft& draft, const IniSection& section, const IniEntry& entry) {
        const auto fate = set_repo_option(draft.config, entry.key, entry.value, place(file_, entry.line));
        const std::string what = complaint(fate, entry, section.name);
        if (!fate) {
            drop(draft, section, entry.line, what);
        } else if (*fate == OptionFate::no_effect) {
            draft.notes.push_back(located(file_, entry.line, what));
        } else if (!what.empty()) {
            warn(entry.line, what);
        }
    }

    void drop(RepoDraft& draft, const IniSection& section, unsigned line, const std::string& what) {
        std::string warning =
            what + (section.name.empty() ? "; it is left out" : "; the repository " + in_quotes(section.name) + " is left out");
        warnings_.push_back(located(file_, line, warning));
        if (draft.dropped_for.empty()) {
            draft.dropped_for = warnings_.back();
        }
    }

    void add(RepoDraft draft, const IniSection& section) {
        if (const auto earlier = drafts_.find(section.name); earlier != drafts_.end()) {
            warn(section.line,
                 "the repository " + in_quotes(section.name) + " is defined again; this replaces " + earlier->second.config.origin);
        }
        drafts_.insert_or_assign(section.name, std::move(draft));
    }

    void warn(unsigned line, const std::string& what) { warnings_.push_back(located(file_, line, what)); }

    std::string_view file_;
    RepoDrafts& drafts_;
    std::vector<std::string>& warnings_;
};

struct UrlCheck {
    const Variables& variables;
    RepoDraft& draft;
    bool wants_releasever = false;

    std::string expanded(std::string_view text) {
        Expanded result = expand(text, variables);
        wants_releasever = wants_releasever || result.wants_releasever;
        return std::move(result.text);
    }

    // Empty when it cannot be used.
    std::string url(std::string_view text, std::string_view option) {
        std::string value = expanded(text);
        if (const auto parsed = check_repo_url(value); !parsed) {
            draft.notes.push_back(printable(draft.config.origin + ": " + std::string{option} + " " + in_quotes(redact_url(value)) +
                                            " is left out: " + parsed.error().cause));
            return {};
        }
        return value;
    }
};

}  // namespace

void override_repo_sections(const IniFile& ini, std::string_view file, RepoDrafts& drafts, std::vector<std::string>& warnings) {
    const auto warn = [&](unsigned line, const std::string& what) { warnings.push_back(located(file, line, what)); };
    if (ini.problem) {
        warn(ini.problem->line, ini.problem->what);
    }
    for (const IniSection& section : ini.sections) {
        if (section.problem) {
            warn(section.problem->line, section.problem->what + "; the section changes nothing");
            continue;
        }
        bool matched = false;
        for (const IniEntry& entry : section.entries) {
            RepoConfig scratch;
            const std::string what = complaint(set_repo_option(scratch, entry.key, entry.value), entry, section.name);
            if (!what.empty()) {
                warn(entry.line, what);
            }
            for (auto& [id, draft] : drafts) {
                if (::fnmatch(section.name.c_str(), id.c_str(), 0) == 0) {
                    matched = true;
                    (void)set_repo_option(draft.config, entry.key, entry.value, place(file, entry.line));
                }
            }
        }
        if (!matched && !section.entries.empty()) {
            warn(section.line, "no repository matches " + in_quotes(section.name));
        }
    }
}

Result<void> check_repo_url(const std::string& url) {
    if (download::is_ftp_url(url)) {
        return {};
    }
    if (download::is_file_url(url)) {
        const auto path = download::path_of_file_url(url);
        return path ? Result<void>{} : std::unexpected(path.error());
    }
    const auto parsed = parse_url(url);
    return parsed ? Result<void>{} : std::unexpected(parsed.error());
}

std::string located(std::string_view file, unsigned line, std::string_view what) {
    return printable(std::string{file} + ":" + std::to_string(line) + ": " + std::string{what});
}

Result<void> read_main_section(const IniFile& ini, std::string_view file, MainOptions& options, std::vector<std::string>& warnings) {
    if (ini.problem) {
        return bad_config(located(file, ini.problem->line, ini.problem->what));
    }
    for (const IniSection& section : ini.sections) {
        if (section.problem) {
            return bad_config(located(file, section.problem->line, section.problem->what));
        }
        if (section.name != "main") {
            continue;
        }
        for (const IniEntry& entry : section.entries) {
            const auto fate = set_main_option(options, entry.key, entry.value, place(file, entry.line));
            const std::string what = complaint(fate, entry, section.name);
            if (!fate) {
                return bad_config(located(file, entry.line, what));
            }
            if (!what.empty()) {
                warnings.push_back(located(file, entry.line, what));
            }
        }
    }
    return {};
}

void read_repo_sections(const IniFile& ini, std::string_view file, ConfigFile kind, const RepoConfig& defaults, RepoDrafts& drafts,
                        std::vector<std::string>& warnings) {
    if (ini.problem) {
        warnings.push_back(located(file, ini.problem->line, ini.problem->what));
    }
    SectionReader reader{file, drafts, warnings};
    for (const IniSection& section : ini.sections) {
        if (section.name != "main") {
            reader.read(section, defaults);
        } else if (kind == ConfigFile::repos) {
            warnings.push_back(located(file, section.line, "[main] belongs to the main configuration file and is ignored here"));
        }
    }
}

Result<void> finish_urls(RepoDraft& draft, const Variables& variables) {
    UrlCheck check{.variables = variables, .draft = draft};
    RepoConfig& repo = draft.config;
    std::vector<std::string> urls;
    for (const std::string& text : repo.baseurl) {
        std::string url = check.url(text, "baseurl");
        while (url.ends_with('/')) {
            url.pop_back();
        }
        if (!url.empty()) {
            urls.push_back(std::move(url));
        }
    }
    repo.baseurl = std::move(urls);
    if (!repo.mirrorlist.empty()) {
        repo.mirrorlist = check.url(repo.mirrorlist, "mirrorlist");
    }
    if (!repo.metalink.empty()) {
        repo.metalink = check.url(repo.metalink, "metalink");
    }
    for (std::string& key : repo.gpgkey) {
        key = check.expanded(key);
    }
    check.wants_releasever = expand_connection(repo.connection, variables) || check.wants_releasever;
    if (check.wants_releasever && repo.enabled) {
        return std::unexpected(Error{.code = RepoErrc::bad_config,
                                     .phase = Phase::parsing,
                                     .cause = "cannot tell $releasever, which the repository '" + repo.id + "' (" + printable(repo.origin) +
                                              ") uses: the system has no os-release file with a VERSION_ID",
                                     .next_step = "use --releasever=VERSION, or go on without it: --disablerepo=" + repo.id});
    }
    repo.name = expand(repo.name, variables).text;
    return {};
}

}  // namespace lastack::repo
