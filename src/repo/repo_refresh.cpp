#include "repo/repo_refresh.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "repo/error.hpp"
#include "repo/metadata_check.hpp"
#include "repo/repomd_age.hpp"
#include "repo/request_options.hpp"
#include "repo/zchunk_assembly.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace lastack::repo {

namespace {

Error not_cached(std::string cause) {
    return {.code = RepoErrc::not_cached,
            .phase = Phase::none,
            .cause = std::move(cause),
            .next_step = "run the command once without -C, or 'lastack makecache'"};
}

constexpr std::string_view zchunk_suffix = "_zck";
constexpr std::int64_t unchecked_too_long = std::int64_t{14} * 24 * 3600;

// The <data> that holds what is wanted: groups come under a name for each compression.
const RepomdFile* find_type(const Repomd& repomd, std::string_view type) {
    if (type != "comps") {
        return repomd.find(type);
    }
    for (const char* name : {"group_zst", "group_xz", "group_gz", "group_bz2", "group"}) {
        if (const RepomdFile* file = repomd.find(name)) {
            return file;
        }
    }
    return nullptr;
}

// The same content in zchunk, under the plain type: nobody further on needs to know. Only where repomd.xml says enough to fetch parts of
// it.
std::optional<RepomdFile> find_zchunk(const Repomd& repomd, std::string_view type) {
    const RepomdFile* const found = repomd.find(std::string{type == "comps" ? "group" : type} + std::string{zchunk_suffix});
    if (found == nullptr || !found->size || !found->header_size || found->header_digests.empty()) {
        return std::nullopt;
    }
    RepomdFile file = *found;
    file.type.resize(file.type.size() - zchunk_suffix.size());
    return file;
}

std::vector<RepomdFile> wanted_files(const Repomd& repomd, const std::vector<std::string>& types, bool zchunk) {
    std::vector<RepomdFile> files;
    const auto add = [&](std::string_view type) {
        const RepomdFile* const plain = find_type(repomd, type);
        const auto chunked = zchunk ? find_zchunk(repomd, type) : std::nullopt;
        if (plain == nullptr && !chunked) {
            return;
        }
        const RepomdFile& file = chunked ? *chunked : *plain;
        if (std::ranges::find(files, file.type, &RepomdFile::type) == files.end()) {
            files.push_back(file);
        }
    };
    add("primary");
    std::ranges::for_each(types, add);
    return files;
}

}  // namespace

Result<ReadyRepo> RepoRefresh::run() {
    if (auto looked = look_into_cache(); !looked) {
        return std::unexpected(std::move(looked.error()));
    }
    if (run_.request.expiry == Expiry::never) {
        return use_cached(Network::forbidden);
    }
    if (is_current()) {
        warn_when_waived();
        auto current = use_cached(Network::allowed);
        if (current || is_local_failure(current.error().code)) {
            return current;
        }
        // A file is missing and the servers have it no more: what they have now is asked for.
    }
    auto fresh = refresh();
    if (fresh || run_.request.expiry == Expiry::ignore || is_local_failure(fresh.error().code)) {
        return fresh;
    }
    return use_in_spite_of(fresh.error());
}

Result<void> RepoRefresh::look_into_cache() {
    auto opened = RepoDirectory::open(run_.request.cache.repo_directory(config_.id));
    if (!opened) {
        return std::unexpected(std::move(opened.error()));
    }
    directory_ = std::move(*opened);
    cached_ = directory_->load();
    if (auto taken = take_over_shared(); !taken) {
        return taken;
    }
    if (cached_ && !config_.allow_weak_digests && needs_weak_digests(cached_->repomd)) {
        cached_.reset();  // they were allowed when it came
    }
    if (cached_ && cached_->state && cached_->state->source != source_of(config_)) {
        cached_.reset();  // the files are those of another place: neither a date nor an etag of theirs says anything about this one
    }
    const bool ours = cached_ && cached_->state;
    sources_.emplace(config_, run_.request.config.main, *directory_, ours ? RepoSources::Known::last_time : RepoSources::Known::nothing);
    if (ours) {
        sources_->prefer(cached_->state->url);
    }
    return {};
}

// An ordinary user's cache begins with what the system's knows, and follows it where that is newer.
Result<void> RepoRefresh::take_over_shared() {
    const auto copy = run_.objects.shared().load(config_.id);
    if (!copy) {
        return {};
    }
    const RefreshState& theirs = *copy->generation.state;
    const bool newer = !cached_ || !cached_->state || cached_->state->checked_at < theirs.checked_at;
    if (!newer || theirs.source != source_of(config_) ||
        !check_age(copy->generation.repomd, cached_ ? &*cached_ : nullptr, config_, now_)) {
        return {};
    }
    using enum RepoDirectory::List;
    for (const auto& [list, text] : {std::pair{mirrorlist, &copy->mirrorlist}, std::pair{metalink, &copy->metalink}}) {
        if (*text) {
            if (auto done = directory_->publish_list(list, **text); !done) {
                return done;
            }
        }
    }
    if (auto done = directory_->publish(copy->generation.text, copy->signature, theirs); !done) {
        return done;
    }
    cached_ = copy->generation;
    return {};
}

bool RepoRefresh::is_current() const {
    if (run_.request.expiry == Expiry::ignore || !cached_ || !cached_->state || sources_->bases().empty()) {
        return false;
    }
    return !is_unverified() && is_within_expiry() && check_max_age(cached_->repomd, config_, now_);
}

bool RepoRefresh::is_within_expiry() const {
    const std::int64_t checked_at = cached_->state->checked_at;
    if (is_expiry_waived()) {
        return repo::is_current(checked_at, std::nullopt, now_);
    }
    // A change of the future says nothing: a clock was wrong.
    const bool reconfigured = config_.check_config_file_age && config_.configured_at > checked_at && config_.configured_at <= now_;
    return !reconfigured && repo::is_current(checked_at, config_.metadata_expire, now_);
}

bool RepoRefresh::is_expiry_waived() const { return run_.of_one_age && is_waived(config_.metadata_expire_filter, run_.request.timeliness); }

// Nobody's signature is known, and one is demanded.
bool RepoRefresh::is_unverified() const {
    return run_.request.trust != nullptr && config_.repo_gpgcheck && (!cached_->state || cached_->state->signed_by.empty());
}

Result<ReadyRepo> RepoRefresh::refresh() {
    RepomdSearch search{config_, run_.request, *sources_, cached_ ? &*cached_ : nullptr, now_};
    auto found = search.find();
    if (!found) {
        return std::unexpected(std::move(found.error()));
    }
    auto files = collect(found->repomd, Network::allowed);
    if (!files) {
        return std::unexpected(std::move(files.error()));
    }
    if (auto published = publish(*found); !published) {
        return std::unexpected(std::move(published.error()));
    }
    warn_when_stale(*found);
    return ready(found->repomd, found->state, std::move(*files));
}

Result<ReadyRepo> RepoRefresh::use_cached(Network network) {
    if (!cached_) {
        return std::unexpected(not_cached("none of its metadata is in the cache"));
    }
    if (is_unverified()) {
        return std::unexpected(not_cached("its cached metadata was never verified, and repo_gpgcheck=1 demands that"));
    }
    auto files = collect(cached_->repomd, network);
    if (!files) {
        return std::unexpected(std::move(files.error()));
    }
    return ready(cached_->repomd, cached_->state.value_or(RefreshState{}), std::move(*files));
}

// Older metadata than was wanted is better than none, as long as the user is told.
Result<ReadyRepo> RepoRefresh::use_in_spite_of(const Error& error) {
    if (!cached_ || !check_max_age(cached_->repomd, config_, now_)) {
        return std::unexpected(error);
    }
    auto old = use_cached(Network::forbidden);
    if (!old) {
        return std::unexpected(is_local_failure(old.error().code) ? old.error() : error);
    }
    const std::int64_t checked_at = old->state.checked_at;
    const std::string age =
        checked_at > 0 && checked_at <= now_ ? "checked " + duration_text(now_ - checked_at) + " ago" : "of unknown age";
    warnings_.push_back("repository '" + config_.id + "' could not be refreshed, its cached metadata (" + age +
                        ") is used: " + describe(error));
    return old;
}

// Where the file is: in our cache or in the system's. What its index holds was verified when that was made, and the index is verified when
// it is used; who asks every server has the file itself read as well.
Result<std::optional<std::filesystem::path>> RepoRefresh::find(const RepomdFile& file) const {
    using Look = ObjectStore::Look;
    const Indexer* const indexer = run_.request.indexer;
    const bool trusts_index = indexer != nullptr && run_.request.expiry != Expiry::ignore;
    const auto ours = run_.objects.path_of(file);
    const auto look = [&](const std::filesystem::path& path) {
        return trusts_index && indexer->has({.file = file, .path = path}) ? Look::size : Look::whole;
    };
    auto here = ObjectStore::is_here(ours, file, look(ours));
    if (!here || *here) {
        return here ? Result<std::optional<std::filesystem::path>>{ours} : std::unexpected(std::move(here.error()));
    }
    const auto shared = run_.objects.shared_path_of(file);
    // Beside the system's no index can be put, so that a file without one is better fetched once more.
    if (shared && (indexer == nullptr || file.type != "primary" || indexer->has({.file = file, .path = *shared}))) {
        if (const auto there = ObjectStore::is_here(*shared, file, look(*shared)); there && *there) {
            return *shared;
        }
    }
    return std::nullopt;
}

// The files of one generation, all of them or none; what is read for the first time is indexed.
Result<std::vector<MetadataFile>> RepoRefresh::collect(const Repomd& repomd, Network network) {
    const auto wanted = wanted_files(repomd, run_.request.types, run_.request.config.main.zchunk);
    const auto claim = run_.objects.claim(wanted);
    std::vector<RepomdFile> missing;
    std::vector<MetadataFile> files;
    for (const RepomdFile& file : wanted) {
        const auto here = find(file);
        if (!here) {
            return std::unexpected(here.error());
        }
        if (!*here) {
            missing.push_back(file);
        }
        files.push_back({.file = file, .path = here->value_or(run_.objects.path_of(file))});
    }
    if (!missing.empty() && network == Network::forbidden) {
        return std::unexpected(not_cached("its metadata '" + printable(missing.front().type) + "' is not in the cache"));
    }
    if (auto downloaded = download(missing); !downloaded) {
        return std::unexpected(std::move(downloaded.error()));
    }
    const bool known = missing.empty() && cached_ && cached_->repomd == repomd;
    if (auto usable = read(files, known); !usable) {
        return std::unexpected(std::move(usable.error()));
    }
    return files;
}

Result<void> RepoRefresh::download(const std::vector<RepomdFile>& files) {
    std::vector<DownloadRequest> requests;
    for (const RepomdFile& file : files) {
        DownloadRequest request{.path = run_.objects.path_of(file),
                                .label = config_.id + "/" + printable(file.type),
                                .size = file.size,
                                .size_limit = max_metadata_size,
                                .digests = file.digests,
                                .options = metadata_options(config_, run_.request.config.main.user_agent)};
        for (const std::string& base : sources_->bases()) {
            if (auto url = join_url(base, file.href)) {
                request.urls.push_back(std::move(*url));
            }
        }
        if (assembled(file, request.urls)) {
            refreshed_ = true;
            continue;
        }
        requests.push_back(std::move(request));
    }
    if (requests.empty()) {
        return {};
    }
    const auto progress = run_.progress.part(requests.size());
    for (const auto& answer : run_.request.client.download(std::move(requests), progress.get(), run_.request.stop)) {
        if (!answer) {
            return std::unexpected(answer.error());
        }
    }
    refreshed_ = true;
    return {};
}

// A zchunk file of which an earlier one is here needs only the chunks that differ. Whatever goes wrong with that, the whole file is the
// answer to it.
bool RepoRefresh::assembled(const RepomdFile& file, const std::vector<std::string>& urls) const {
    if (!file.header_size || !cached_) {
        return false;
    }
    const RepomdFile* const old_file = cached_->repomd.find(file.type + std::string{zchunk_suffix});
    if (old_file == nullptr) {
        return false;
    }
    const ZchunkJob job{.urls = urls,
                        .file = file,
                        .old_file = run_.objects.path_of(*old_file),
                        .to = run_.objects.path_of(file),
                        .options = metadata_options(config_, run_.request.config.main.user_agent)};
    return assemble_zchunk(run_.request.client, job, run_.request.stop).has_value();
}

Result<void> RepoRefresh::read(const std::vector<MetadataFile>& files, bool known) {
    const RefreshRequest& request = run_.request;
    Result<void> done;
    if (request.indexer != nullptr) {
        run_.indexing.acquire();
        done = request.indexer->build(config_, files, request.stop);
        run_.indexing.release();
    } else if (!known) {
        for (std::size_t i = 0; i < files.size() && done; ++i) {
            done = check_metadata(files[i], request.stop);
        }
    }
    if (!done && done.error().code == RepoErrc::bad_metadata) {
        forget_unusable(files);
    }
    if (!done && done.error().url.empty() && !is_local_failure(done.error().code)) {
        const auto url = join_url(sources_->bases().empty() ? "" : sources_->bases().front(), files.front().file.href);
        done.error().url = url ? redact_url(*url) : "";
    }
    return done;
}

// Just what was announced, and of no use: kept, each new one would take its place beside it. What the generation at hand needs stays.
void RepoRefresh::forget_unusable(const std::vector<MetadataFile>& files) const {
    for (const MetadataFile& unusable : files) {
        const auto same = [&](const RepomdFile& file) { return run_.objects.path_of(file) == unusable.path; };
        if (!cached_ || std::ranges::none_of(cached_->repomd.files, same)) {
            std::error_code ignored;
            std::filesystem::remove(unusable.path, ignored);
        }
    }
}

Result<void> RepoRefresh::publish(const FoundRepomd& found) {
    if (!found.changed && found.signature.empty()) {
        return directory_->publish_state(found.state);
    }
    published_ = refreshed_ = true;
    return directory_->publish(found.text, found.signature, found.state);
}

void RepoRefresh::warn_when_stale(const FoundRepomd& found) {
    if (!found.changed && is_stale(found.repomd, now_)) {
        warnings_.push_back("repository '" + config_.id + "' has not changed for " +
                            duration_text(now_ - date_of(found.repomd).value_or(now_)) + " (" + age_text(found.repomd) +
                            "): its server may hold updates back; set max_age to refuse what is too old");
    }
}

// metadata_expire_filter may go on for ever.
void RepoRefresh::warn_when_waived() {
    const std::int64_t age = now_ - cached_->state->checked_at;
    if (is_expiry_waived() && age > unchecked_too_long) {
        warnings_.push_back("repository '" + config_.id + "' was checked " + duration_text(age) +
                            " ago, and metadata_expire_filter has this command use that: newer metadata comes with 'lastack makecache'");
    }
}

ReadyRepo RepoRefresh::ready(const Repomd& repomd, const RefreshState& state, std::vector<MetadataFile> files) const {
    return {.config = config_,
            .base_urls = sources_->bases(),
            .files = std::move(files),
            .packages = directory_->packages(),
            .repomd = repomd,
            .state = state,
            .refreshed = refreshed_};
}

}  // namespace lastack::repo
