#include "package/fetch.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "package/error.hpp"
#include "repo/request_options.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace lastack::package {
namespace {

constexpr std::size_t shown_href = 200;

Error refusal(PackageErrc code, const Package& package, const std::string& why) {
    return Error{.code = code,
                 .phase = Phase::parsing,
                 .cause = "package " + printable(package.nevra.str()) + " of repository " + printable(package.repo_id) + ": " + why,
                 .next_step = "the repository's metadata is broken: ask its maintainer, or disable it with --disablerepo"};
}

std::string shown(std::string_view href) {
    // "//user:password@host" is a reference too; it needs a scheme to be seen as one.
    return printable(redact_url((href.starts_with("//") ? "http:" : "") + std::string{href.substr(0, shown_href)}));
}

Error bad_location(const Package& package, const std::string& why) {
    return refusal(PackageErrc::bad_location, package, "the location '" + shown(package.location) + "' " + why);
}

// The last segment as the name of a file in the cache.
Result<std::string> file_name(const Package& package) {
    const std::string_view location = package.location;
    const std::string_view name = location.substr(location.rfind('/') + 1);
    if (name.empty() || name.front() == '-' || name.front() == '.' || name.contains('%') || name.size() > 255 || !name.ends_with(".rpm")) {
        return std::unexpected{bad_location(package, "does not end in the name of an rpm file")};
    }
    if (std::ranges::any_of(
            name, [](char c) { return static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7f || c == '\\'; })) {
        return std::unexpected{bad_location(package, "holds a character that is not allowed in a file's name")};
    }
    return std::string{name};
}

// xml:base replaces the repository's own URLs. It may point to another host, as mirrors of add-on repositories do, but then nothing secret
// goes there: user information in it is refused, and the repository's user name and password stay behind.
Result<std::vector<std::string>> bases_of(const Package& package, const repo::ReadyRepo& repo) {
    if (package.base.empty()) {
        return repo.base_urls;
    }
    const auto refused = [&](const std::string& why) {
        return std::unexpected{bad_location(package, "has the base '" + shown(package.base) + "', " + why)};
    };
    const auto given = parse_url(package.base);
    if (given && !given->user_info.empty()) {
        return refused("which holds a user's name");
    }
    std::vector<std::string> bases;
    for (const auto& repository : repo.base_urls) {
        const auto own = parse_url(repository + "/");
        const auto resolved = given ? given : (own ? resolve_url(*own, package.base) : own);
        if (!resolved) {
            return refused(resolved.error().cause);
        }
        if (!resolved->user_info.empty()) {
            return refused("which holds a user's name");
        }
        // A reference without a host stays below its repository; ".." has been resolved away by now.
        if (!given && own && (resolved->origin != own->origin || !resolved->target.starts_with(own->target))) {
            return refused("which leaves the repository");
        }
        if (own && own->origin.scheme == "https" && resolved->origin.scheme == "http") {
            return refused("which would give up https");
        }
        if (resolved->target.contains('?')) {
            return refused("which holds a query");
        }
        std::string text = resolved->str();
        if (!given && own && !own->user_info.empty()) {
            text.insert(text.find("://") + 3, own->user_info + "@");
        }
        if (std::ranges::find(bases, text) == bases.end()) {
            bases.push_back(std::move(text));
        }
    }
    return bases;
}

Result<std::vector<std::string>> urls_of(const Package& package, const repo::ReadyRepo& repo) {
    auto bases = bases_of(package, repo);
    if (!bases) {
        return bases;
    }
    if (bases->empty()) {
        return std::unexpected{bad_location(package, "has no repository URL to start from")};
    }
    for (std::string& url : *bases) {
        auto joined = join_url(url, package.location);
        if (!joined) {
            return std::unexpected{refusal(PackageErrc::bad_location, package, "the location " + joined.error().cause)};
        }
        url = *std::move(joined);
    }
    return bases;
}

Result<DownloadRequest> request_for(const Package& package, const repo::ReadyRepo& repo, std::string_view user_agent) {
    auto urls = urls_of(package, repo);
    if (!urls) {
        return std::unexpected{std::move(urls.error())};
    }
    auto name = file_name(package);
    if (!name) {
        return std::unexpected{std::move(name.error())};
    }
    if (!package.digest) {
        return std::unexpected{refusal(PackageErrc::no_digest, package, "the metadata has no usable checksum")};
    }
    // Two files of one digest can be made to order: as good as none.
    if (repo::is_weak(package.digest->algorithm) && !repo.config.allow_weak_digests) {
        return std::unexpected{
            refusal(PackageErrc::no_digest, package, "the metadata has no checksum stronger than SHA-1 (allow_weak_digests=1 accepts it)")};
    }
    if (package.download_size > largest_package) {
        return std::unexpected{
            refusal(PackageErrc::bad_metadata, package, "a size of " + std::to_string(package.download_size) + " bytes cannot be")};
    }
    auto options = package.base.empty() ? repo::request_options(repo.config, user_agent)
                                        : repo::request_options_elsewhere(repo.config, user_agent, *urls, repo.base_urls);
    DownloadRequest request{.urls = *std::move(urls),
                            .path = repo.packages / *name,
                            .label = *name,
                            .size_limit = largest_package,
                            .digests = {*package.digest},
                            .options = std::move(options)};
    if (package.download_size > 0) {
        request.size = package.download_size;
    }
    return request;
}

}  // namespace

Result<FetchPlan> plan_fetch(const Solution& solution, const std::vector<repo::ReadyRepo>& repos, std::string_view user_agent) {
    FetchPlan plan;
    std::map<std::filesystem::path, std::size_t> taken;
    for (std::size_t i = 0; i < solution.steps.size(); ++i) {
        const Step& step = solution.steps[i];
        if (step.action == Action::remove) {
            continue;
        }
        const auto repo = std::ranges::find(repos, step.package.repo_id, [](const repo::ReadyRepo& ready) { return ready.config.id; });
        if (repo == repos.end()) {
            return std::unexpected{Error{.code = Errc::invalid_argument,
                                         .phase = Phase::solving,
                                         .cause = "repository " + printable(step.package.repo_id) + " is not ready"}};
        }
        auto request = request_for(step.package, *repo, user_agent);
        if (!request) {
            return std::unexpected{std::move(request.error())};
        }
        if (const auto [other, is_new] = taken.try_emplace(request->path, i); !is_new) {
            return std::unexpected{
                bad_location(step.package, "has the file name of package " + printable(solution.steps[other->second].package.nevra.str()))};
        }
        plan.bytes += step.package.download_size;
        plan.requests.push_back(*std::move(request));
        plan.step_of_request.push_back(i);
    }
    return plan;
}

}  // namespace lastack::package
