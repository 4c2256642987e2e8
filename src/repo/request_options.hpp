// How a repository's servers are asked. Pure.
#pragma once

#include "repo/config.hpp"

#include "lastack/client.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

// For packages from the URLs that the repository's section names, and those of its mirror list.
[[nodiscard]] RequestOptions request_options(const RepoConfig& repo, std::string_view user_agent);

// The same for its metadata, which caches on the way may keep less often (http_caching).
[[nodiscard]] RequestOptions metadata_options(const RepoConfig& repo, std::string_view user_agent);

// As metadata, for what all of that waits for: repomd.xml, its signature, a list of mirrors.
[[nodiscard]] RequestOptions document_options(const RepoConfig& repo, std::string_view user_agent);

// For URLs that something else names (a key's, a package's xml:base): user name and password go along only when all of `urls` are at
// servers of `own`.
[[nodiscard]] RequestOptions request_options_elsewhere(const RepoConfig& repo, std::string_view user_agent,
                                                       const std::vector<std::string>& urls, const std::vector<std::string>& own);

}  // namespace lastack::repo
