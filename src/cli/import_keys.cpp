#include "cli/import_keys.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/prompt.hpp"
#include "package/error.hpp"
#include "repo/request_options.hpp"

#include <fmt/format.h>

#include <unistd.h>

namespace lastack::cli {

namespace {

constexpr std::uint64_t key_limit = std::uint64_t{1} << 20;
constexpr std::string_view file_scheme = "file://";

Result<std::string> retrieve(Session& session, const repo::RepoConfig& repo, const std::string& url) {
    if (url.starts_with(file_scheme)) {
        return read_file(url.substr(file_scheme.size()), key_limit);
    }
    if (url.starts_with('/')) {
        return read_file(url, key_limit);
    }
    // Keys often lie at another place than the packages, which must not learn the password for these.
    std::vector<std::string> own = repo.baseurl;
    own.push_back(repo.mirrorlist);
    const auto options = repo::request_options_elsewhere(repo, session.config().main.user_agent, {url}, own);
    auto fetched = session.client().fetch({{.urls = {url}, .size_limit = key_limit, .options = options}}, session.stop());
    if (!fetched.front()) {
        return std::unexpected(std::move(fetched.front().error()));
    }
    return std::move(fetched.front()->body);
}

std::unexpected<Error> refused(std::string cause, std::string next_step) {
    return std::unexpected(Error{.code = package::PackageErrc::key_refused,
                                 .phase = Phase::verifying,
                                 .cause = std::move(cause),
                                 .next_step = std::move(next_step)});
}

}  // namespace

Result<void> import_keys(Session& session, package::Transaction& transaction, const repo::RepoConfig& repo) {
    if (repo.gpgkey.empty()) {
        return std::unexpected(Error{.code = package::PackageErrc::unknown_key,
                                     .phase = Phase::verifying,
                                     .cause = "the packages of repository '" + repo.id + "' are signed, but it names no gpgkey to import",
                                     .next_step = "set gpgkey=URL for the repository, or import the key with rpmkeys --import"});
    }
    const auto& overrides = session.config().main;
    if (!overrides.assumeyes && !overrides.assumeno && ::isatty(STDIN_FILENO) != 1) {
        return refused("Refusing to automatically import keys when running unattended.", "Use \"-y\" to override.");
    }
    for (const std::string& url : repo.gpgkey) {
        session.say("Retrieving key from " + printable(redact_url(url)) + "\n");
        auto armoured = retrieve(session, repo, url);
        if (!armoured) {
            armoured.error().cause = "the key of repository '" + repo.id + "' cannot be had: " + armoured.error().cause;
            return std::unexpected(std::move(armoured.error()));
        }
        auto keys = transaction.inspect_keys(*armoured);
        if (!keys) {
            keys.error().url = redact_url(url);
            return std::unexpected(std::move(keys.error()));
        }
        for (const package::KeyInfo& key : *keys) {
            const std::string shown_id = key.key_id.size() > 8 ? key.key_id.substr(key.key_id.size() - 8) : key.key_id;
            session.print(fmt::format("Importing GPG key 0x{}:\n Userid     : \"{}\"\n Fingerprint: {}\n From       : {}\n",
                                      to_lower(shown_id), printable(key.user_id), printable(key.fingerprint), printable(redact_url(url))));
        }
        session.close_connections();
        Answer answer = overrides.assumeyes ? Answer::yes : Answer::no;
        if (overrides.assumeno) {
            answer = Answer::no;
        } else if (!overrides.assumeyes) {
            answer = ask("Is this ok [y/N]: ", Offer::yes_no, session.signals().descriptor());
        }
        if (answer == Answer::stopped) {
            return std::unexpected(Error{.code = Errc::cancelled, .cause = "cancelled"});
        }
        if (answer != Answer::yes) {
            return refused("the key was not imported: Didn't install any keys", "");
        }
        if (auto imported = transaction.import_keys(*armoured); !imported) {
            return imported;
        }
    }
    return {};
}

}  // namespace lastack::cli
