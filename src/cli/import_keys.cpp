#include "cli/import_keys.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/prompt.hpp"
#include "package/error.hpp"
#include "repo/error.hpp"
#include "repo/openpgp_armour.hpp"
#include "repo/repo_keyring.hpp"
#include "repo/request_options.hpp"
#include "repo/time_budget.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <string>
#include <unistd.h>
#include <vector>

namespace lastack::cli {

namespace {

constexpr std::string_view file_scheme = "file://";

std::unexpected<Error> refused(std::string cause, std::string next_step = {}) {
    return std::unexpected(Error{.code = package::PackageErrc::key_refused,
                                 .phase = Phase::verifying,
                                 .cause = std::move(cause),
                                 .next_step = std::move(next_step)});
}

bool is_local(std::string_view url) { return url.starts_with(file_scheme) || url.starts_with('/'); }

class KeyImport {
public:
    KeyImport(Session& session, const repo::RepoConfig& repo, package::Transaction* transaction)
        : session_{session}, repo_{repo}, transaction_{transaction}, keyring_{repo::persist_directory(session.config().main), repo} {}

    Result<void> run() {
        if (repo_.gpgkey.empty()) {
            const bool packages = transaction_ != nullptr;
            return std::unexpected(
                Error{.code = packages ? std::error_code(package::PackageErrc::unknown_key) : repo::RepoErrc::unknown_key,
                      .phase = Phase::verifying,
                      .cause = std::string(packages ? "the packages" : "the metadata") + " of repository '" + repo_.id +
                               (packages ? "' are" : "' is") + " signed, but it names no gpgkey to import",
                      .next_step =
                          "set gpgkey=URL for the repository" + std::string(packages ? ", or import the key with rpmkeys --import" : "")});
        }
        const auto accepted = keyring_.load();
        if (!accepted) {
            return std::unexpected(accepted.error());
        }
        for (const repo::Certificate& key : *accepted) {
            accepted_.insert(key.primary.fingerprint);
        }
        for (const std::string& url : repo_.gpgkey) {
            if (auto imported = import_from(url); !imported) {
                imported.error().url = imported.error().url.empty() ? redact_url(url) : imported.error().url;
                return imported;
            }
        }
        return {};
    }

private:
    Result<void> import_from(const std::string& url) {
        session_.say("Retrieving key from " + printable(redact_url(url)) + "\n");
        auto armoured = retrieve(url);
        if (!armoured) {
            armoured.error().cause = "the key of repository '" + repo_.id + "' cannot be had: " + armoured.error().cause;
            return std::unexpected(std::move(armoured.error()));
        }
        auto keys = usable_keys(*armoured);
        if (!keys) {
            return std::unexpected(std::move(keys.error()));
        }
        const auto installed = transaction_ == nullptr ? std::set<std::string>{} : installed_keys(*keys);
        std::vector<repo::Certificate> unseen;
        std::ranges::copy_if(*keys, std::back_inserter(unseen), [&](const repo::Certificate& key) {
            const auto& fingerprint = key.primary.fingerprint;
            return !accepted_.contains(fingerprint) && !(is_local(url) && installed.contains(fingerprint));
        });
        if (auto allowed = ask_for(unseen, url); !allowed) {
            return allowed;
        }
        return keep(*keys, installed, url);
    }

    Result<std::string> retrieve(const std::string& url) {
        if (url.starts_with(file_scheme)) {
            return read_file(url.substr(file_scheme.size()), repo::max_armoured_size);
        }
        if (url.starts_with('/')) {
            return read_file(url, repo::max_armoured_size);
        }
        // Keys often lie at another place than the packages, which must not learn the password for these.
        std::vector<std::string> own = repo_.baseurl;
        own.push_back(repo_.mirrorlist);
        own.push_back(repo_.metalink);
        auto options = repo::request_options_elsewhere(repo_, session_.config().main.user_agent, {url}, own);
        options.time_budget = repo::time_budget(repo_, repo::Content::document);
        auto fetched =
            session_.client().fetch({{.urls = {url}, .size_limit = repo::max_armoured_size, .options = options}}, session_.stop());
        if (!fetched.front()) {
            return std::unexpected(std::move(fetched.front().error()));
        }
        return std::move(fetched.front()->body);
    }

    // Expired and revoked ones are told of and left out.
    Result<std::vector<repo::Certificate>> usable_keys(const std::string& armoured) {
        auto all = repo::parse_key_file(armoured);
        std::string why = all ? std::string() : all.error();
        std::vector<repo::Certificate> usable;
        for (repo::Certificate& key : all ? *all : usable) {
            const std::string refusal = repo::refusal_of(key, std::time(nullptr));
            if (refusal.empty()) {
                usable.push_back(std::move(key));
                continue;
            }
            why = "key " + key.primary.fingerprint + " " + refusal;
            session_.warn("repository '" + repo_.id + "': " + why + " and is not imported");
        }
        if (usable.empty()) {
            return std::unexpected(Error{.code = repo::RepoErrc::bad_key,
                                         .phase = Phase::verifying,
                                         .cause = "the key of repository '" + repo_.id + "' cannot be used: " + printable(why),
                                         .next_step = "ask whoever runs the repository for its new key"});
        }
        return usable;
    }

    std::set<std::string> installed_keys(const std::vector<repo::Certificate>& keys) {
        std::set<std::string> installed;
        for (const repo::Certificate& key : keys) {
            const auto seen = transaction_->inspect_keys(repo::armour_key(key.packets));
            if (seen && seen->size() == 1 && seen->front().installed) {
                installed.insert(key.primary.fingerprint);
            }
        }
        return installed;
    }

    Result<void> ask_for(const std::vector<repo::Certificate>& keys, const std::string& url) {
        if (keys.empty()) {
            return {};
        }
        const auto& main = session_.config().main;
        if (!main.assumeyes && !main.assumeno && ::isatty(STDIN_FILENO) != 1) {
            return refused("Refusing to automatically import keys when running unattended.", "Use \"-y\" to override.");
        }
        for (const repo::Certificate& key : keys) {
            const std::string user = key.user_ids.empty() ? "" : key.user_ids.front();
            session_.print(fmt::format("Importing GPG key 0x{}:\n Userid     : \"{}\"\n Fingerprint: {}\n From       : {}\n",
                                       key.primary.key_id().substr(8), printable(user), key.primary.fingerprint,
                                       printable(redact_url(url))));
        }
        session_.close_connections();
        Answer answer = main.assumeyes ? Answer::yes : Answer::no;
        if (main.assumeno) {
            answer = Answer::no;
        } else if (!main.assumeyes) {
            answer = ask("Is this ok [y/N]: ", Offer::yes_no, session_.signals().descriptor());
        }
        if (answer == Answer::stopped) {
            return std::unexpected(Error{.code = Errc::cancelled, .cause = "cancelled"});
        }
        return answer == Answer::yes ? Result<void>{} : refused("the key was not imported: Didn't install any keys");
    }

    Result<void> keep(const std::vector<repo::Certificate>& keys, const std::set<std::string>& installed, const std::string& url) {
        for (const repo::Certificate& key : keys) {
            if (transaction_ != nullptr && !installed.contains(key.primary.fingerprint)) {
                if (auto imported = transaction_->import_keys(repo::armour_key(key.packets)); !imported) {
                    return imported;
                }
            }
            if (auto kept = keyring_.add(key, url); !kept) {
                return kept;
            }
            accepted_.insert(key.primary.fingerprint);
        }
        return {};
    }

    Session& session_;
    const repo::RepoConfig& repo_;
    package::Transaction* transaction_;  // null: the keys are for metadata
    repo::RepoKeyring keyring_;
    std::set<std::string> accepted_;
};

}  // namespace

Result<void> import_repository_keys(Session& session, const repo::RepoConfig& repo) { return KeyImport{session, repo, nullptr}.run(); }

Result<void> import_package_keys(Session& session, package::Transaction& transaction, const repo::RepoConfig& repo) {
    return KeyImport{session, repo, &transaction}.run();
}

}  // namespace lastack::cli
