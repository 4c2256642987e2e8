#include "repo/repo_sections.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/ftp_client.hpp"
#include "download/local_file.hpp"
#include "repo/error.hpp"
#include "repo/nearest_option.hpp"
#include "repo/set_connection_option.hpp"

#include <fnmatch.h>
#include <utility>

namespace lastack::repo {

namespace {

std::string in_quotes(std::string_view text) { return "'" + std::string{text} + "'"; }

std::string suggestion(std::string_view key, std::string_view section) {
    const auto nearest = nearest_option(key, section == "main" ? OptionPlace::main : OptionPlace::repository);
    return nearest.empty() ? "" : "; did you mean " + in_quotes(nearest) + "?";
}

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
            return "unknown option " + in_quotes(first_word(entry.key)) + " in [" + std::string{section} + "]" +
                   suggestion(entry.key, section);
    }
    return {};
}

std::unexpected<Error> bad_config(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_config,
                                 .phase = Phase::parsing,
                                 .cause = std::move(cause),
                                 .next_step = "correct that line, or use another file with -c FILE"});
}

// Where something stands in a file or in one that it includes.
class Places {
public:
    Places(const IniFile& ini, std::string_view file) : ini_{ini}, file_{file} {}

    template <typename Item>
    std::string of(const Item& item) const {
        return std::string{ini_.name_of(item.file, file_)} + ":" + std::to_string(item.line);
    }
    template <typename Item>
    std::string located(const Item& item, std::string_view what) const {
        return repo::located(ini_.name_of(item.file, file_), item.line, what);
    }

private:
    const IniFile& ini_;
    std::string_view file_;
};

class SectionReader {
public:
    SectionReader(const Places& places, RepoDrafts& drafts, std::vector<std::string>& warnings)
        : places_{places}, drafts_{drafts}, warnings_{warnings} {}

    void read(const IniSection& section, const RepoConfig& defaults) {
        if (!section.name.empty() && !is_repo_id(section.name)) {
            warn(section, "the repository id " + in_quotes(section.name) +
                              " is not usable (letters, digits, '.', '_', ':', '-', not beginning with '.', not 'objects' or 'lock'); "
                              "it is left out");
            return;
        }
        RepoDraft draft;
        draft.config = defaults;
        draft.config.id = section.name;
        draft.config.name = section.name;
        draft.config.origin = places_.of(section);
        for (const IniEntry& entry : section.entries) {
            set(draft, section, entry);
        }
        if (section.problem) {
            drop(draft, section, *section.problem, section.problem->what);
        }
        if (!section.name.empty()) {
            add(std::move(draft), section);
        }
    }

private:
    void set(RepoDraft& draft, const IniSection& section, const IniEntry& entry) {
        const auto fate = set_repo_option(draft.config, entry.key, entry.value, places_.of(entry));
        const std::string what = complaint(fate, entry, section.name);
        if (!fate) {
            drop(draft, section, entry, what);
        } else if (*fate == OptionFate::no_effect) {
            draft.notes.push_back(places_.located(entry, what));
        } else if (!what.empty()) {
            warn(entry, what);
        }
    }

    template <typename Item>
    void drop(RepoDraft& draft, const IniSection& section, const Item& at, const std::string& what) {
        warn(at, what + (section.name.empty() ? "; it is left out" : "; the repository " + in_quotes(section.name) + " is left out"));
        if (draft.dropped_for.empty()) {
            draft.dropped_for = warnings_.back();
        }
    }

    void add(RepoDraft draft, const IniSection& section) {
        if (const auto earlier = drafts_.find(section.name); earlier != drafts_.end()) {
            warn(section,
                 "the repository " + in_quotes(section.name) + " is defined again; this replaces " + earlier->second.config.origin);
        }
        drafts_.insert_or_assign(section.name, std::move(draft));
    }

    template <typename Item>
    void warn(const Item& at, const std::string& what) {
        warnings_.push_back(places_.located(at, what));
    }

    const Places& places_;
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
    const Places places{ini, file};
    const auto warn = [&](const auto& at, const std::string& what) { warnings.push_back(places.located(at, what)); };
    if (ini.problem) {
        warn(*ini.problem, ini.problem->what);
    }
    for (const IniSection& section : ini.sections) {
        if (section.problem) {
            warn(*section.problem, section.problem->what + "; the section changes nothing");
            continue;
        }
        bool matched = false;
        for (const IniEntry& entry : section.entries) {
            RepoConfig scratch;
            const std::string what = complaint(set_repo_option(scratch, entry.key, entry.value), entry, section.name);
            if (!what.empty()) {
                warn(entry, what);
            }
            for (auto& [id, draft] : drafts) {
                if (::fnmatch(section.name.c_str(), id.c_str(), 0) == 0) {
                    matched = true;
                    (void)set_repo_option(draft.config, entry.key, entry.value, places.of(entry));
                }
            }
        }
        if (!matched && !section.entries.empty()) {
            warn(section, "no repository matches " + in_quotes(section.name));
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
    const Places places{ini, file};
    if (ini.problem) {
        return bad_config(places.located(*ini.problem, ini.problem->what));
    }
    for (const IniSection& section : ini.sections) {
        if (section.problem) {
            return bad_config(places.located(*section.problem, section.problem->what));
        }
        if (section.name != "main") {
            continue;
        }
        for (const IniEntry& entry : section.entries) {
            const auto fate = set_main_option(options, entry.key, entry.value, places.of(entry));
            const std::string what = complaint(fate, entry, section.name);
            if (!fate) {
                return bad_config(places.located(entry, what));
            }
            if (!what.empty()) {
                warnings.push_back(places.located(entry, what));
            }
        }
    }
    return {};
}

void read_repo_sections(const IniFile& ini, std::string_view file, ConfigFile kind, const RepoConfig& defaults, RepoDrafts& drafts,
                        std::vector<std::string>& warnings) {
    const Places places{ini, file};
    if (ini.problem) {
        warnings.push_back(places.located(*ini.problem, ini.problem->what));
    }
    SectionReader reader{places, drafts, warnings};
    for (const IniSection& section : ini.sections) {
        if (section.name != "main") {
            reader.read(section, defaults);
        } else if (kind == ConfigFile::repos) {
            warnings.push_back(places.located(section, "[main] belongs to the main configuration file and is ignored here"));
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
