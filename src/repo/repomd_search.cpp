#include "repo/repomd_search.hpp"

#include "base/digest_stream.hpp"
#include "repo/error.hpp"
#include "repo/repomd_age.hpp"
#include "repo/request_options.hpp"

#include <chrono>
#include <utility>

namespace lastack::repo {

namespace {

constexpr unsigned most_refusals = 8;  // servers with an unusable repomd.xml that are passed over
constexpr std::uint64_t max_signature_size = std::uint64_t{1} << 20;
constexpr auto patience_with_list = std::chrono::seconds{2};  // when a mirror known from before has answered already

Result<FetchResult> fetch_one(const RefreshRequest& run, FetchRequest request) {
    std::vector<FetchRequest> requests;
    requests.push_back(std::move(request));
    return std::move(run.client.fetch(std::move(requests), run.stop).front());
}

}  // namespace

Result<FoundRepomd> RepomdSearch::find() {
    list_checked_at_ = cached_ != nullptr && cached_->state ? cached_->state->list_checked_at : 0;
    auto found = sources_.is_metalink() ? find_by_metalink() : find_by_mirrors();
    if (found) {
        found->state.list_checked_at = list_checked_at_;
    }
    return found;
}

// A metalink says what repomd.xml is the newest: when that is ours, no mirror is asked.
Result<FoundRepomd> RepomdSearch::find_by_metalink() {
    if (auto fetched = fetch_list(); !fetched) {
        return std::unexpected(std::move(fetched.error()));
    }
    if (cached_ != nullptr && cached_->state && sources_.is_newest(cached_->text)) {
        FoundRepomd found = unchanged();
        if (auto timely = check_max_age(found.repomd, config_, now_); !timely) {
            return std::unexpected(std::move(timely.error()));
        }
        if (auto trusted = trust(found.text, found.state.url)) {
            found.state.signed_by = std::move(trusted->fingerprint);
            found.signature = std::move(trusted->signature);
            return found;
        }
    }
    return ask_mirrors();
}

// The mirrors of last time are asked while a new list is on its way; the new ones only when none of those will do.
Result<FoundRepomd> RepomdSearch::find_by_mirrors() {
    const RefreshState* state = cached_ != nullptr && cached_->state ? &*cached_->state : nullptr;
    if (sources_.bases().empty() && sources_.has_list()) {
        auto fetched = fetch_list();
        return fetched ? ask_mirrors() : Result<FoundRepomd>{std::unexpected(std::move(fetched.error()))};
    }
    Transfer<FetchResult> list;
    if (sources_.list_expired(state, now_)) {
        list = run_.client.start(sources_.list_request());
    }
    auto found = ask_mirrors();
    if (!found && (is_local_failure(found.error().code) || !sources_.has_list())) {
        return found;
    }
    if (found && list.valid() && list.wait_for(patience_with_list)) {
        // A list that cannot be had or read: the old one served us well, and the next run asks again.
        if (take_list(list.get(run_.stop))) {
            sources_.prefer(found->state.url);
        }
    }
    if (found) {
        return found;
    }
    const auto taken = list.valid() ? take_list(list.get(run_.stop)) : fetch_list();
    return taken ? ask_mirrors() : found;
}

Result<void> RepomdSearch::fetch_list() { return take_list(fetch_one(run_, sources_.list_request())); }

Result<void> RepomdSearch::take_list(const Result<FetchResult>& answer) {
    if (!answer) {
        return std::unexpected(answer.error());
    }
    auto taken = sources_.take_list(*answer);
    list_checked_at_ = taken ? now_ : list_checked_at_;
    return taken;
}

// One request that goes to the best mirror, and on to the next when that one does not answer. More than one only when a server sent what
// cannot be used, or what a second one should confirm.
Result<FoundRepomd> RepomdSearch::ask_mirrors() {
    if (sources_.bases().empty()) {
        return std::unexpected(Error{.code = RepoErrc::no_urls,
                                     .phase = Phase::none,
                                     .cause = "it has no usable baseurl, mirrorlist or metalink",
                                     .next_step = "set baseurl=http://HOST/PATH in " + config_.origin});
    }
    untried_ = sources_.bases();
    refused_ = 0;
    std::optional<FoundRepomd> stale;
    while (!untried_.empty() && refused_ < most_refusals) {
        auto answer = fetch_one(run_, request());
        if (!answer && (answer.error().code == Errc::cancelled || (!stale && !refusal_))) {
            return std::unexpected(std::move(answer.error()));
        }
        if (!answer) {
            break;  // what a server said wrongly tells more than that the next one did not answer
        }
        const std::string url = answer->url;
        auto found = judge(*answer);
        if (!found && is_local_failure(found.error().code)) {
            return found;
        }
        if (!found) {
            refuse(std::move(found.error()), url);
            continue;
        }
        if (!stale && needs_second_opinion(*found)) {
            pass_over(url);
            stale = std::move(*found);
            continue;
        }
        if (stale && !is_older(stale->repomd, found->repomd)) {
            break;
        }
        sources_.prefer(found->state.url);
        return found;
    }
    if (stale) {
        sources_.prefer(stale->state.url);
        return std::move(*stale);
    }
    return std::unexpected(*refusal_);
}

FetchRequest RepomdSearch::request() const {
    FetchRequest request{.label = config_.id + "/repomd.xml",
                         .size_limit = max_repomd_size,
                         .options = document_options(config_, run_.config.main.user_agent)};
    for (const std::string& base : untried_) {
        request.urls.push_back(base + repomd_path);
    }
    if (cached_ != nullptr && cached_->state) {
        request.if_none_match = cached_->state->etag;
        request.if_modified_since = cached_->state->last_modified;
    }
    return request;
}

FoundRepomd RepomdSearch::unchanged() const {
    FoundRepomd found{.text = cached_->text, .repomd = cached_->repomd, .state = *cached_->state};
    found.state.checked_at = now_;
    return found;
}

Result<FoundRepomd> RepomdSearch::judge(FetchResult& answer) const {
    FoundRepomd found;
    const bool same = cached_ != nullptr && cached_->state && (answer.not_modified || answer.body == cached_->text);
    if (same) {
        found = unchanged();
        found.state.etag = answer.etag.empty() ? found.state.etag : answer.etag;
        found.state.last_modified = answer.last_modified.empty() ? found.state.last_modified : answer.last_modified;
    } else {
        auto repomd = parse_repomd(answer.body, answer.url, config_.allow_weak_digests ? WeakDigests::allowed : WeakDigests::refused);
        if (!repomd) {
            return std::unexpected(std::move(repomd.error()));
        }
        found = {.text = std::move(answer.body), .repomd = std::move(*repomd)};
        const std::string sha256 = digest_of(DigestAlgorithm::sha256, found.text).hex;
        found.changed = cached_ == nullptr || cached_->sha256 != sha256;
        found.state = {.checked_at = now_,
                       .repomd_sha256 = sha256,
                       .source = source_of(config_),
                       .etag = answer.etag,
                       .last_modified = answer.last_modified};
    }
    found.state.url = answer.url;
    if (auto known = sources_.check(found.text); !known) {
        return std::unexpected(std::move(known.error()));
    }
    if (auto timely = found.changed ? check_age(found.repomd, cached_, config_, now_) : check_max_age(found.repomd, config_, now_);
        !timely) {
        return std::unexpected(std::move(timely.error()));
    }
    auto trusted = trust(found.text, answer.url);
    if (!trusted) {
        return std::unexpected(std::move(trusted.error()));
    }
    found.state.signed_by = std::move(trusted->fingerprint);
    found.signature = std::move(trusted->signature);
    return found;
}

Result<TrustState> RepomdSearch::trust(const std::string& text, const std::string& url) const {
    if (run_.trust == nullptr) {
        return TrustState{};
    }
    if (cached_ != nullptr && cached_->state && text == cached_->text && !cached_->state->signed_by.empty()) {
        return TrustState{.fingerprint = cached_->state->signed_by};
    }
    const FetchSignature fetch = [&]() -> Result<std::string> {
        auto bases = sources_.bases();
        const auto base = find_base(bases, url);  // with the credentials that `url` does not show
        auto answer = fetch_one(run_, {.urls = {(base == bases.end() ? url : *base + repomd_path) + ".asc"},
                                       .label = config_.id + "/repomd.xml.asc",
                                       .size_limit = max_signature_size,
                                       .options = document_options(config_, run_.config.main.user_agent)});
        return answer ? Result<std::string>{std::move(answer->body)} : std::unexpected(std::move(answer.error()));
    };
    return run_.trust->check(config_, text, fetch, run_.stop);
}

// Nothing but the mirror itself says that this is the newest, and it is not new (docs/design/mirrors.md).
bool RepomdSearch::needs_second_opinion(const FoundRepomd& found) const {
    return found.changed && !sources_.is_metalink() && found.state.signed_by.empty() && untried_.size() > 1 && is_stale(found.repomd, now_);
}

void RepomdSearch::refuse(Error error, const std::string& answering_url) {
    if (error.url.empty()) {
        error.url = answering_url;
    }
    if (!refusal_) {
        refusal_ = std::move(error);
    }
    ++refused_;
    pass_over(answering_url);
}

void RepomdSearch::pass_over(const std::string& answering_url) {
    const auto answering = find_base(untried_, answering_url);
    untried_.erase(answering == untried_.end() ? untried_.begin() : answering);
}

}  // namespace lastack::repo
