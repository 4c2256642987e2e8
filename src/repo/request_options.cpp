#include "repo/request_options.hpp"

#include "base/url.hpp"

#include <algorithm>

namespace lastack::repo {

RequestOptions request_options(const RepoConfig& repo, std::string_view user_agent) {
    return {.timeout = repo.timeout,
            .retries = repo.retries,
            .minrate = repo.minrate,
            .keepalive = repo.keepalive,
            .user_agent = std::string{user_agent},
            .connection = repo.connection};
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
