#include "repo/change_config.hpp"

#include "base/file.hpp"
#include "base/file_replacement.hpp"
#include "base/nearest_name.hpp"
#include "base/text.hpp"
#include "repo/config_files.hpp"
#include "repo/error.hpp"
#include "repo/option_table.hpp"
#include "repo/repo_sections.hpp"

#include <algorithm>
#include <fnmatch.h>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

std::unexpected<Error> failure(RepoErrc code, std::string_view cause, std::string next_step) {
    return std::unexpected(Error{.code = code, .phase = Phase::parsing, .cause = printable(cause), .next_step = std::move(next_step)});
}

bool is_glob(std::string_view text) { return text.find_first_of("*?[") != std::string_view::npos; }

bool matches(const std::string& glob, const std::string& id) { return glob == id || ::fnmatch(glob.c_str(), id.c_str(), 0) == 0; }

std::unexpected<Error> no_such_repo(const std::string& wanted, const std::vector<std::string_view>& ids,
                                    const std::vector<std::string>& warnings) {
    const std::string what = is_glob(wanted) ? "no repository matches '" + wanted + "'" : "there is no repository '" + wanted + "'";
    const auto dropped = std::ranges::find_if(
        warnings, [&](const std::string& text) { return text.ends_with("the repository '" + wanted + "' is left out"); });
    if (dropped != warnings.end()) {
        return failure(RepoErrc::unknown_repo, what + " that could be used: " + *dropped, "correct that line");
    }
    const auto nearest = nearest_name(wanted, ids);
    return failure(RepoErrc::unknown_repo, what,
                   nearest ? "did you mean '" + printable(*nearest) + "'?" : "`lastack repolist --all` lists them");
}

// The file of "FILE:LINE"; empty where it is none.
fs::path file_of(std::string_view origin) {
    const auto colon = origin.rfind(':');
    return colon == std::string_view::npos ? fs::path{} : fs::path{origin.substr(0, colon)};
}

// A file as somebody named it, and what is to be changed in it.
struct FileEdits {
    fs::path named;
    bool by_user = false;  // -c, --repo-file
    std::vector<KeyEdit> edits;
};

Result<EditedConfig> edited(const fs::path& path, const std::string& text, const std::vector<KeyEdit>& edits) {
    auto result = edit_config(text, edits);
    if (!result) {
        return failure(RepoErrc::bad_config, located(path.string(), result.error().line, result.error().what), "correct that line first");
    }
    return std::move(*result);
}

// Empty when it does not exist.
Result<std::string> text_of(const fs::path& path) {
    auto text = read_file(path, max_config_file);
    if (!text && text.error().code == Errc::not_found) {
        return std::string{};
    }
    return text;
}

class Change {
public:
    Change(const Overrides& overrides, const std::optional<fs::path>& repo_file) : overrides_{overrides}, repo_file_{repo_file} {}

    Result<ConfigChanges> perform(const std::vector<ConfigRequest>& requests) {
        requests_ = requests;
        if (auto checked = check_options(); !checked) {
            return std::unexpected(std::move(checked.error()));
        }
        for (const ConfigRequest& request : requests) {
            if (auto planned = request.scope.empty() ? plan_main(request) : plan_repos(request); !planned) {
                return std::unexpected(std::move(planned.error()));
            }
        }
        for (const auto step : {&Change::check_what_is_unset, &Change::check_urls, &Change::find_targets, &Change::look_ahead,
                                &Change::stage, &Change::commit}) {
            if (auto done = (this->*step)(); !done) {
                return std::unexpected(std::move(done.error()));
            }
        }
        find_overruling();
        return std::move(result_);
    }

private:
    struct Target {
        FileEdits file;
        std::unique_ptr<FileReplacement> replacement;
    };

    [[nodiscard]] fs::path root() const { return overrides_.installroot.value_or("/"); }

    Result<const Config*> config() {
        if (!config_) {
            auto loaded = load_config_to_change(overrides_);
            if (!loaded) {
                return std::unexpected(std::move(loaded.error()));
            }
            config_ = std::move(*loaded);
        }
        return &*config_;
    }

    FileEdits& file_named(const fs::path& path, bool by_user) {
        const auto known = std::ranges::find(files_, path, &FileEdits::named);
        return known != files_.end() ? *known : files_.emplace_back(FileEdits{.named = path, .by_user = by_user, .edits = {}});
    }

    Result<void> plan_main(const ConfigRequest& request) {
        fs::path file = overrides_.config_file ? *overrides_.config_file : find_main_config(root());
        main_file_ = file.empty() ? root() / "etc/lastack/lastack.conf" : file;
        file_named(main_file_, overrides_.config_file.has_value())
            .edits.push_back({.section = "main", .key = request.key, .value = request.value});
        return {};
    }

    Result<void> plan_repos(const ConfigRequest& request) {
        if (repo_file_) {
            return plan_sections_of_file(request);
        }
        const auto loaded = config();
        if (!loaded) {
            return std::unexpected(loaded.error());
        }
        const auto repos = repos_matching(**loaded, request.scope);
        if (!repos) {
            return std::unexpected(repos.error());
        }
        for (const RepoConfig* repo : *repos) {
            file_named(file_of(repo->origin), file_of(repo->origin) == overrides_.config_file)
                .edits.push_back({.section = repo->id, .key = request.key, .value = request.value});
        }
        return {};
    }

    Result<void> plan_sections_of_file(const ConfigRequest& request) {
        auto text = read_file(*repo_file_, max_config_file);
        if (!text) {
            return failure(RepoErrc::bad_config, text.error().cause, {});
        }
        const IniFile ini = parse_ini(*text);
        std::vector<std::string_view> ids;
        for (const IniSection& section : ini.sections) {
            if (section.name != "main" && !section.name.empty() && std::ranges::find(ids, section.name) == ids.end()) {
                ids.emplace_back(section.name);
            }
        }
        bool matched = false;
        for (const std::string_view id : ids) {
            if (matches(request.scope, std::string{id})) {
                matched = true;
                file_named(*repo_file_, true).edits.push_back({.section = std::string{id}, .key = request.key, .value = request.value});
            }
        }
        if (!matched) {
            auto error = no_such_repo(request.scope, ids, {}).error();
            error.cause += " in " + printable(repo_file_->string());
            return std::unexpected(std::move(error));
        }
        return {};
    }

    // What is unset may be no option at all, where it stands in the file.
    bool stands_somewhere(const ConfigRequest& request) const {
        return std::ranges::any_of(files_, [&](const FileEdits& file) {
            const auto text = read_file(file.named, max_config_file);
            const auto result = text ? edit_config(*text, file.edits) : std::unexpected(IniProblem{});
            return result && std::ranges::any_of(result->changes, [&](const KeyChange& change) {
                       return change.key == request.key && change.old_value && (change.section == "main") == request.scope.empty();
                   });
        });
    }

    Result<void> check_options() {
        for (const ConfigRequest& request : requests_) {
            const auto use = check_config_request(request);
            if (!use && request.value) {
                return std::unexpected(use.error());
            }
            if (use && *use == OptionUse::none) {
                result_.warnings.push_back("option '" + request.key + "' has no effect " +
                                           (request.scope.empty() ? "in [main]" : "in a repository"));
            }
        }
        return {};
    }

    Result<void> check_what_is_unset() {
        for (const ConfigRequest& request : requests_) {
            if (const auto use = check_config_request(request); !use && !stands_somewhere(request)) {
                return std::unexpected(use.error());
            }
        }
        return {};
    }

    Result<void> check_urls() {
        for (const ConfigRequest& request : requests_) {
            if (auto checked = check_config_urls(request, config_ ? config_->variables : Variables{}); !checked) {
                return checked;
            }
        }
        return {};
    }

    // By what is written in the end: two names may lead to one file.
    Result<void> find_targets() {
        for (FileEdits& file : files_) {
            auto target = target_of(file);
            if (!target) {
                return std::unexpected(std::move(target.error()));
            }
            Target& known = targets_[*target];
            if (known.file.named.empty()) {
                known.file = std::move(file);
            } else {
                std::ranges::move(file.edits, std::back_inserter(known.file.edits));
            }
        }
        return {};
    }

    Result<fs::path> target_of(const FileEdits& file) const {
        std::error_code error;
        const fs::path real_root = fs::canonical(config_ && !file.by_user ? config_->main.installroot : root(), error);
        if (error) {
            return failure(RepoErrc::bad_config, "the installroot " + root().string() + " cannot be used: " + error.message(), {});
        }
        const bool is_new = !fs::exists(fs::symlink_status(file.named, error)) && error == std::errc::no_such_file_or_directory;
        if (is_new && file.by_user) {
            return failure(RepoErrc::bad_config, "there is no file " + file.named.string(), {});
        }
        error.clear();
        fs::path target = is_new ? fs::weakly_canonical(file.named, error) : fs::canonical(file.named, error);
        if (error) {
            return std::unexpected(system_error(error.value(), "cannot change " + printable(file.named.string())));
        }
        if (!file.by_user && std::ranges::mismatch(real_root, target).in1 != real_root.end()) {
            return failure(RepoErrc::bad_config,
                           file.named.string() + " is " + target.string() + ", which lies outside of the installroot " + root().string(),
                           "name it with -c FILE or --repo-file=FILE if it shall be changed");
        }
        if (!is_new && !fs::is_regular_file(target, error)) {
            return failure(RepoErrc::bad_config, target.string() + " is not a regular file", {});
        }
        return target;
    }

    // Where nothing changes nothing is written, nor is the right to write needed.
    Result<void> look_ahead() {
        for (auto it = targets_.begin(); it != targets_.end();) {
            const auto text = text_of(it->first);
            if (!text) {
                return std::unexpected(text.error());
            }
            const auto result = edited(it->first, *text, it->second.file.edits);
            if (!result) {
                return std::unexpected(result.error());
            }
            if (result->text == *text) {
                tell(it->first, *result);
                it = targets_.erase(it);
            } else {
                ++it;
            }
        }
        return {};
    }

    Result<void> stage() {
        for (auto& [path, target] : targets_) {
            if (auto made = make_directories(path.parent_path()); !made) {
                return made;
            }
            auto replacement = FileReplacement::of(path);
            if (!replacement) {
                return std::unexpected(std::move(replacement.error()));
            }
            target.replacement = std::make_unique<FileReplacement>(std::move(*replacement));
            // Read again now that nobody else changes it.
            const auto text = text_of(path);
            if (!text) {
                return std::unexpected(text.error());
            }
            const auto result = edited(path, *text, target.file.edits);
            if (!result) {
                return std::unexpected(result.error());
            }
            if (auto staged = target.replacement->stage(result->text); !staged) {
                return staged;
            }
            if (target.file.named == main_file_) {
                if (auto usable = check_main_file(*target.replacement); !usable) {
                    return usable;
                }
            }
            tell(path, *result);
        }
        return {};
    }

    // A main configuration that cannot be used would stop every command, this one too.
    Result<void> check_main_file(const FileReplacement& replacement) const {
        Overrides overrides = overrides_;
        overrides.config_file = replacement.staged();
        const auto loaded = load_config_to_change(overrides);
        if (loaded) {
            return {};
        }
        std::string cause = loaded.error().cause;
        const std::string staged = printable(replacement.staged().string());
        if (const auto at = cause.find(staged); at != std::string::npos) {
            cause.replace(at, staged.size(), printable(replacement.path().string()));
        }
        return failure(RepoErrc::bad_config, "the configuration could not be used any more: " + cause, "nothing was changed");
    }

    Result<void> commit() {
        std::string done;
        for (auto& [path, target] : targets_) {
            if (auto committed = target.replacement->commit(); !committed) {
                committed.error().next_step += done.empty() ? "" : "; already changed: " + done;
                return committed;
            }
            done += (done.empty() ? "" : ", ") + printable(path.string());
            target.replacement.reset();
        }
        return {};
    }

    void tell(const fs::path& path, const EditedConfig& text) {
        for (const KeyChange& change : text.changes) {
            result_.changes.push_back({.file = path, .key = change});
        }
    }

    // Drop-ins, overrides, and lines of other files: read as every command reads them.
    void find_overruling() {
        const auto now = load_config_to_change(overrides_);
        for (const ConfigChange& change : result_.changes) {
            warn_of_readers(change);
            const OptionRecords* records = now ? records_of(*now, change.key.section) : nullptr;
            const auto record = records != nullptr ? records->find(canonical_option(change.key.key)) : OptionRecords::const_iterator{};
            if (records == nullptr || record == records->end() || !change.key.new_value || record->second.value == *change.key.new_value) {
                continue;
            }
            std::error_code ignored;
            if (const fs::path other = file_of(record->second.origin); !other.empty() && !fs::equivalent(other, change.file, ignored)) {
                result_.overruled.push_back(printable(record->second.origin + ": " + change.key.key + " of [" + change.key.section +
                                                      "] is set here too, and this wins over " + change.file.string()));
            }
        }
    }

    static const OptionRecords* records_of(const Config& config, const std::string& section) {
        if (section == "main") {
            return &config.main.records;
        }
        const auto repo = std::ranges::find(config.repos, section, &RepoConfig::id);
        return repo == config.repos.end() ? nullptr : &repo->records;
    }

    void warn_of_readers(const ConfigChange& change) {
        struct stat info{};
        if (change.key.key.ends_with("password") && change.key.new_value && !change.key.new_value->empty() &&
            ::stat(change.file.c_str(), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
            result_.warnings.push_back(change.file.string() + " holds a password, and every user of this machine can read it");
        }
    }

    const Overrides& overrides_;
    const std::optional<fs::path>& repo_file_;
    std::optional<Config> config_;
    fs::path main_file_;
    std::vector<ConfigRequest> requests_;
    std::vector<FileEdits> files_;
    std::map<fs::path, Target> targets_;  // in one order for all processes
    ConfigChanges result_;
};

}  // namespace

Result<Config> load_config_to_change(Overrides overrides) {
    auto config = load_config(overrides);
    if (!config && !overrides.releasever) {
        // A repository that wants $releasever where nobody can tell it must not keep its own line from being changed.
        overrides.releasever = "0";
        if (auto again = load_config(overrides)) {
            return again;
        }
    }
    return config;
}

Result<std::vector<const RepoConfig*>> repos_matching(const Config& config, const std::string& id_or_glob) {
    std::vector<const RepoConfig*> found;
    std::vector<std::string_view> ids;
    for (const RepoConfig& repo : config.repos) {
        ids.emplace_back(repo.id);
        if (matches(id_or_glob, repo.id)) {
            found.push_back(&repo);
        }
    }
    if (found.empty()) {
        return no_such_repo(id_or_glob, ids, config.warnings);
    }
    return found;
}

Result<ConfigChanges> change_config(const Overrides& overrides, const std::vector<ConfigRequest>& requests,
                                    const std::optional<fs::path>& repo_file) {
    return Change{overrides, repo_file}.perform(requests);
}

}  // namespace lastack::repo
