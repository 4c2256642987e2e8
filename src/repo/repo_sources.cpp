#include "repo/repo_sources.hpp"

#include "base/digest_stream.hpp"
#include "base/url.hpp"
#include "download/mirror_list.hpp"
#include "repo/error.hpp"
#include "repo/mirrorlist.hpp"
#include "repo/request_options.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

using List = RepoDirectory::List;

// As yum and dnf: a mirrorlist whose URL speaks of a metalink is one.
bool names_metalink(const RepoConfig& config) { return !config.metalink.empty() || config.mirrorlist.contains("metalink"); }

bool is_weak(const Digest& digest) { return digest.algorithm == DigestAlgorithm::md5 || digest.algorithm == DigestAlgorithm::sha1; }

Error bad_metalink(const std::string& url, std::string cause) {
    return {.code = RepoErrc::bad_metalink,
            .phase = Phase::parsing,
            .url = url,
            .cause = std::move(cause),
            .next_step = "ask who runs the metalink, or set a baseurl in its place"};
}

bool fits(std::string_view text, std::optional<std::uint64_t> size, const std::vector<Digest>& digests) {
    return !digests.empty() && (!size || *size == text.size()) &&
           std::ranges::all_of(digests, [&](const Digest& digest) { return digest_of(digest.algorithm, text) == digest; });
}

}  // namespace

std::string source_of(const RepoConfig& config) {
    std::string text = config.mirrorlist + "\n";
    for (const std::string& url : config.baseurl) {
        text += url + "\n";
    }
    return digest_of(DigestAlgorithm::sha256, config.metalink.empty() ? text : text + "metalink " + config.metalink + "\n").hex;
}

std::vector<std::string>::iterator find_base(std::vector<std::string>& bases, const std::string& url) {
    return std::ranges::find_if(bases, [&](const std::string& base) {
        const std::string text = base + repomd_path;
        const auto asked = parse_url(text, Schemes::http_and_ftp);
        return asked ? asked->str() == url : text == url;
    });
}

RepoSources::RepoSources(const RepoConfig& config, const MainConfig& main, const RepoDirectory& directory, Known known)
    : config_{config},
      main_{main},
      directory_{directory},
      kind_{names_metalink(config) ? List::metalink : List::mirrorlist},
      url_{config.metalink.empty() ? config.mirrorlist : config.metalink},
      bases_{config.baseurl} {
    if (has_list() && known == Known::last_time) {
        if (const auto text = directory_.cached_list(kind_)) {
            // Another list takes its place when this one cannot be read any more. What it says of repomd.xml held when it came.
            (void)read_list(*text, "the cached list");
            metalink_.reset();
        }
    }
}

bool RepoSources::list_expired(const RefreshState* state, std::int64_t now) const {
    return has_list() && (!listed_ || state == nullptr || !is_current(state->list_checked_at, config_.mirrorlist_expire, now));
}

FetchRequest RepoSources::list_request() const {
    return {.urls = {url_},
            .label = config_.id + (is_metalink() ? "/metalink" : "/mirrorlist"),
            .size_limit = is_metalink() ? download::max_metalink_size : download::max_mirror_list_size,
            .options = document_options(config_, main_.user_agent)};
}

Result<void> RepoSources::take_list(const FetchResult& answer) {
    if (auto read = read_list(answer.body, answer.url); !read) {
        return read;
    }
    return directory_.publish_list(kind_, answer.body);
}

Result<void> RepoSources::read_list(std::string_view text, const std::string& name) {
    if (is_metalink()) {
        return read_metalink(text, name);
    }
    const auto urls = parse_mirrorlist(text);
    if (!urls) {
        return std::unexpected(Error{.code = RepoErrc::no_urls,
                                     .phase = Phase::parsing,
                                     .url = redact_url(url_),
                                     .cause = urls.error().cause,
                                     .next_step = "set a baseurl for it"});
    }
    set_mirrors(*urls);
    return {};
}

Result<void> RepoSources::read_metalink(std::string_view text, const std::string& name) {
    auto metalink = download::parse_metalink(text, name);
    if (!metalink) {
        return std::unexpected(bad_metalink(redact_url(url_), metalink.error().cause));
    }
    const auto file = std::ranges::find(metalink->files, "repomd.xml", &download::MetalinkFile::name);
    if (file == metalink->files.end()) {
        return std::unexpected(bad_metalink(redact_url(url_), "it does not name repomd.xml"));
    }
    const bool strong = std::ranges::any_of(file->digests, [](const Digest& digest) { return !is_weak(digest); });
    if (file->digests.empty() || (!strong && !config_.allow_weak_digests)) {
        return std::unexpected(bad_metalink(
            redact_url(url_), file->digests.empty() ? "it has no hash of repomd.xml" : "it has no hash of repomd.xml but md5 and sha1"));
    }
    std::vector<std::string> mirrors;
    for (std::string_view url : file->urls) {
        if (url.ends_with(repomd_path)) {
            url.remove_suffix(std::string_view{repomd_path}.size());
            mirrors.emplace_back(url);
        }
    }
    if (mirrors.empty() && config_.baseurl.empty()) {
        return std::unexpected(bad_metalink(redact_url(url_), "it has no URL that ends in /repodata/repomd.xml"));
    }
    metalink_ = std::move(*file);
    set_mirrors(mirrors);
    return {};
}

void RepoSources::set_mirrors(const std::vector<std::string>& mirrors) {
    bases_ = config_.baseurl;
    for (const std::string& mirror : mirrors) {
        if (std::ranges::find(bases_, mirror) == bases_.end()) {
            bases_.push_back(mirror);
        }
    }
    listed_ = true;
}

void RepoSources::prefer(const std::string& answering_url) {
    if (const auto found = find_base(bases_, answering_url); found != bases_.end()) {
        std::rotate(bases_.begin(), found, found + 1);
    }
}

Result<void> RepoSources::check(std::string_view text) const {
    if (!metalink_ || is_newest(text) || std::ranges::any_of(metalink_->alternates, [&](const download::MetalinkAlternate& alternate) {
            const bool strong = std::ranges::any_of(alternate.digests, [](const Digest& digest) { return !is_weak(digest); });
            return (strong || config_.allow_weak_digests) && fits(text, alternate.size, alternate.digests);
        })) {
        return {};
    }
    return std::unexpected(Error{.code = RepoErrc::bad_repomd,
                                 .phase = Phase::verifying,
                                 .cause =
                                     "its repomd.xml is none of those that the metalink knows (size or digest differ): a mirror that is "
                                     "behind, or an attack",
                                 .next_step = "try again later"});
}

bool RepoSources::is_newest(std::string_view text) const { return metalink_ && fits(text, metalink_->size, metalink_->digests); }

}  // namespace lastack::repo
