#include "repo/request_options.hpp"

#include "base/url.hpp"
#include "repo/time_budget.hpp"

#include <algorithm>

namespace lastack::repo {

namespace {

// Only a list that somebody wrote by hand has an order that means something; mirrors that a server named are ranked.
bool keeps_order(const RepoConfig& repo) {
    return repo.failovermethod == FailoverMethod::priority && repo.baseurl.size() > 1 && repo.mirrorlist.empty() && repo.metalink.empty();
}

}  // namespace

RequestOptions request_options(const RepoConfig& repo, std::string_view user_agent) {
    RequestOptions options{.timeout = repo.timeout,
                           .retries = repo.retries,
                           .minrate = repo.minrate,
                           .time_budget = time_budget(repo, Content::package),
                           .keepalive = repo.keepalive,
                           .user_agent = std::string{user_agent},
                           .connection = repo.connection};
    if (const auto rate = rate_of(repo.throttle, repo.bandwidth); rate > 0) {
        options.rate_limit = rate;
    }
    if (keeps_order(repo)) {
        options.mirrors.order = MirrorOrder::listed;
    }
    if (repo.http_caching == HttpCaching::none) {
        options.no_cache = true;
    }
    return options;
}

RequestOptions metadata_options(const RepoConfig& repo, std::string_view user_agent) {
    RequestOptions options = request_options(repo, user_agent);
    options.time_budget = time_budget(repo, Content::metadata);
    if (repo.http_caching != HttpCaching::all) {
        options.no_cache = true;
    }
    return options;
}

RequestOptions document_options(const RepoConfig& repo, std::string_view user_agent) {
    RequestOptions options = metadata_options(repo, user_agent);
    options.time_budget = time_budget(repo, Content::document);
    return options;
}

RequestOptions request_options_elsewhere(const RepoConfig& repo, std::string_view user_agent, const std::vector<std::string>& urls,
                                         const std::vector<std::string>& own) {
    RequestOptions options = request_options(repo, user_agent);
    const auto is_own = [&](const std::string& text) {
        const auto url = parse_url(text);
        return url && std::ranges::any_of(own, [&](const std::string& each) {
                   const auto base = parse_url(each);
                   return base && base->origin == url->origin;
               });
    };
    const bool has_credentials = !options.connection.username.empty() || !options.connection.password.empty();
    if (has_credentials && !std::ranges::all_of(urls, is_own)) {
        options.connection.username.clear();
        options.connection.password.clear();
    }
    return options;
}

}  // namespace lastack::repo
