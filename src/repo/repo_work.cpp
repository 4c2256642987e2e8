#include "repo/repo_work.hpp"

#include "base/digest_stream.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "download/mirror_list.hpp"
#include "repo/error.hpp"
#include "repo/mirrorlist.hpp"
#include "repo/request_options.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

constexpr unsigned most_refusals = 8;  // servers with an unusable repomd.xml that are passed over
constexpr auto repomd_path = "/repodata/repomd.xml";

std::string source_of(const RepoConfig& config) {
    std::string text = config.mirrorlist + "\n";
    for (const std::string& url : config.baseurl) {
        text += url + "\n";
    }
    return digest_of(DigestAlgorithm::sha256, text).hex;
}

std::optional<std::int64_t> seconds_of(const std::optional<std::chrono::seconds>& expire) {
    return expire ? std::optional<std::int64_t>{expire->count()} : std::nullopt;
}

std::string date_of(const Repomd& repomd) {
    std::string text = "revision " + (repomd.revision.empty() ? "unknown" : printable(std::string_view{repomd.revision}.substr(0, 40)));
    if (const auto time = repomd.primary().timestamp) {
        text += ", timestamp " + std::to_string(*time);
    }
    return text;
}

// The base whose repomd.xml answered as `url`, which has no secrets and no default port; the end after a redirect.
std::vector<std::string>::iterator find_base(std::vector<std::string>& bases, const std::string& url) {
    return std::ranges::find_if(bases, [&](const std::string& base) {
        const auto asked = parse_url(base + repomd_path);
        return asked && asked->str() == url;
    });
}

}  // namespace

void RepoWork::fail(Error error) {
    if (!error_) {
        error_ = std::move(error);
    }
}

void RepoWork::prepare(const std::filesystem::path& directory, Expiry expiry, std::int64_t now, std::stop_token stop) {
    bases_ = config_->baseurl;
    source_ = source_of(*config_);
    auto opened = RepoDirectory::open(directory);
    if (!opened) {
        return fail(std::move(opened.error()));
    }
    directory_ = std::move(*opened);
    cached_ = directory_->load();
    if (cached_ && cached_->state && cached_->state->source != source_) {
        cached_.reset();  // the files are those of another place: neither a date nor an etag of theirs says anything about this one
    }
    const bool current = cached_ && cached_->state && is_current(*cached_->state, seconds_of(config_->metadata_expire), now);
    if (!current || expiry == Expiry::ignore) {
        return;
    }
    if (!config_->mirrorlist.empty()) {
        add_mirrors(directory_->cached_mirrorlist().value_or(""));
    }
    const auto intact = directory_->ensure_primary(cached_->repomd, std::move(stop));
    if (!intact) {
        return fail(intact.error());
    }
    ready_ = *intact && !bases_.empty();
    if (ready_) {
        prefer(cached_->state->url);
    } else {
        bases_ = config_->baseurl;
    }
}

FetchRequest RepoWork::mirrorlist_request() const {
    return {.urls = {config_->mirrorlist},
            .label = config_->id + "/mirrorlist",
            .size_limit = download::max_mirror_list_size,
            .options = request_options(*config_, main_->user_agent)};
}

void RepoWork::add_mirrors(std::string_view mirrorlist) {
    auto urls = parse_mirrorlist(mirrorlist);
    if (!urls) {
        return;
    }
    for (std::string& url : *urls) {
        if (std::ranges::find(bases_, url) == bases_.end()) {
            bases_.push_back(std::move(url));
        }
    }
}

void RepoWork::take_mirrorlist(Result<FetchResult> answer) {
    Error problem;
    if (!answer) {
        problem = std::move(answer.error());
    } else if (const auto urls = parse_mirrorlist(answer->body)) {
        add_mirrors(answer->body);
        if (auto kept = directory_->publish_mirrorlist(answer->body); !kept) {
            fail(std::move(kept.error()));
        }
        return;
    } else {
        problem = {.code = RepoErrc::no_urls,
                   .phase = Phase::parsing,
                   .url = redact_url(config_->mirrorlist),
                   .cause = urls.error().cause,
                   .next_step = "set a baseurl for it"};
    }
    if (problem.code == Errc::cancelled) {
        return fail(std::move(problem));
    }
    // An old list of mirrors is better than none: what they serve is checked all the same.
    add_mirrors(directory_->cached_mirrorlist().value_or(""));
    if (bases_.empty()) {
        fail(std::move(problem));
    }
}

void RepoWork::settle_urls() {
    if (!open()) {
        return;
    }
    if (bases_.empty()) {
        return fail({.code = RepoErrc::no_urls,
                     .phase = Phase::none,
                     .cause = "it has no usable baseurl and no mirrorlist",
                     .next_step = "set baseurl=http://HOST/PATH in " + config_->origin});
    }
    untried_ = bases_;
}

FetchRequest RepoWork::repomd_request() const {
    FetchRequest request{
        .label = config_->id + "/repomd.xml", .size_limit = max_repomd_size, .options = request_options(*config_, main_->user_agent)};
    for (const std::string& base : untried_) {
        request.urls.push_back(base + repomd_path);
    }
    if (cached_ && cached_->state) {
        request.if_none_match = cached_->state->etag;
        request.if_modified_since = cached_->state->last_modified;
    }
    return request;
}

void RepoWork::take_repomd(Result<FetchResult> answer, std::int64_t now) {
    if (!answer) {
        // What a server said wrongly tells more than that the next one did not answer.
        const bool keep_refusal = refusal_ && answer.error().code != Errc::cancelled;
        return fail(keep_refusal ? *refusal_ : std::move(answer.error()));
    }
    const std::string url = answer->url;
    if (answer->not_modified && cached_ && cached_->state) {
        accept_cached(*answer, now);
    } else if (auto accepted = accept_served(*answer, now); !accepted) {
        return reject(std::move(accepted.error()), url);
    }
    prefer(url);
}

void RepoWork::accept_cached(const FetchResult& answer, std::int64_t now) {
    served_ = Served{.text = cached_->text, .sha256 = cached_->sha256, .repomd = cached_->repomd, .state = *cached_->state};
    RefreshState& state = served_->state;
    state.checked_at = now;
    state.url = answer.url;
    state.etag = answer.etag.empty() ? state.etag : answer.etag;
    state.last_modified = answer.last_modified.empty() ? state.last_modified : answer.last_modified;
}

Result<void> RepoWork::accept_served(FetchResult& answer, std::int64_t now) {
    auto repomd = parse_repomd(answer.body, answer.url);
    if (!repomd) {
        return std::unexpected(std::move(repomd.error()));
    }
    if (cached_ && is_older(*repomd, cached_->repomd)) {
        return std::unexpected(Error{.code = RepoErrc::bad_repomd,
                                     .phase = Phase::verifying,
                                     .url = answer.url,
                                     .cause = "the server's repomd.xml (" + date_of(*repomd) + ") is older than the one we have (" +
                                              date_of(cached_->repomd) + "): a mirror that is behind, or an attack",
                                     .next_step = "if the repository really went back, run 'lastack clean metadata'"});
    }
    Served served{.text = std::move(answer.body), .sha256 = {}, .repomd = std::move(*repomd), .state = {}};
    served.sha256 = digest_of(DigestAlgorithm::sha256, served.text).hex;
    served.changed = !cached_ || cached_->sha256 != served.sha256;
    served.state = {.checked_at = now,
                    .repomd_sha256 = served.sha256,
                    .source = source_,
                    .url = answer.url,
                    .etag = answer.etag,
                    .last_modified = answer.last_modified};
    served_ = std::move(served);
    return {};
}

void RepoWork::reject(Error error, const std::string& answering_url) {
    if (error.url.empty()) {
        error.url = answering_url;
    }
    if (!refusal_) {
        refusal_ = std::move(error);
    }
    const auto answering = find_base(untried_, answering_url);
    untried_.erase(answering == untried_.end() ? untried_.begin() : answering);
    if (untried_.empty() || ++refused_ == most_refusals) {
        fail(*refusal_);
    }
}

// The server that has this repomd.xml has the files that it names; another may not yet.
void RepoWork::prefer(const std::string& answering_url) {
    if (const auto found = find_base(bases_, answering_url); found != bases_.end()) {
        std::rotate(bases_.begin(), found, found + 1);
    }
}

void RepoWork::look_for_primary(std::stop_token stop) {
    const auto intact = directory_->ensure_primary(served_->repomd, std::move(stop));
    if (!intact) {
        return fail(intact.error());
    }
    needs_download_ = !*intact;
}

DownloadRequest RepoWork::primary_request() const {
    const RepomdFile& file = served_->repomd.primary();
    DownloadRequest request{.path = directory_->downloaded(served_->repomd),
                            .label = config_->id + "/primary",
                            .size = file.size,
                            .size_limit = max_metadata_size,
                            .digests = file.digests,
                            .options = request_options(*config_, main_->user_agent)};
    for (const std::string& base : bases_) {
        if (auto url = join_url(base, file.href)) {
            request.urls.push_back(std::move(*url));
        }
    }
    return request;
}

void RepoWork::take_primary(const Result<DownloadResult>& answer, std::stop_token stop) {
    if (!answer) {
        return fail(answer.error());
    }
    if (auto done = directory_->decompress_primary(served_->repomd, std::move(stop)); !done) {
        if (done.error().url.empty()) {
            done.error().url = answer->url;
        }
        if (done.error().code == RepoErrc::bad_metadata) {
            // Just what was announced, and of no use: kept, each new one would take its place beside it.
            std::error_code ignored;
            std::filesystem::remove(directory_->downloaded(served_->repomd), ignored);
        }
        return fail(std::move(done.error()));
    }
    refreshed_ = true;
}

void RepoWork::publish() {
    if (!open()) {
        return;
    }
    refreshed_ = refreshed_ || served_->changed;
    auto published =
        served_->changed ? directory_->publish(served_->text, served_->repomd, served_->state) : directory_->publish_state(served_->state);
    if (!published) {
        return fail(std::move(published.error()));
    }
    ready_ = true;
}

ReadyRepo RepoWork::result() const {
    return {.config = *config_,
            .base_urls = bases_,
            .primary = directory_->primary(),
            .packages = directory_->packages(),
            .refreshed = refreshed_};
}

}  // namespace lastack::repo
