#include "base/file.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/command.hpp"
#include "cli/get_plan.hpp"
#include "cli/get_sources.hpp"
#include "cli/ndjson.hpp"
#include "cli/progress.hpp"
#include "download/error.hpp"

#include <fmt/format.h>

#include <map>

namespace lastack::cli {

namespace {

using std::chrono::milliseconds;

milliseconds since(TimePoint begun) { return std::chrono::duration_cast<milliseconds>(Clock::now() - begun); }

// An object the moment a file ends.
class JsonLines final : public ProgressObserver {
public:
    JsonLines(Session& session, const std::vector<DownloadRequest>& requests) : session_{session}, requests_{requests} {}

    void started(std::size_t index, std::string_view /*label*/, std::optional<std::uint64_t> /*total*/) override {
        begun_.insert_or_assign(index, Clock::now());
    }
    void advanced(std::size_t /*index*/, std::uint64_t /*received*/, std::optional<std::uint64_t> /*total*/) override {}
    void finished(std::size_t index, const Result<DownloadResult>& result) override {
        const auto begun = begun_.find(index);
        const milliseconds took = begun == begun_.end() ? milliseconds{} : since(begun->second);
        session_.print(result_json(index, requests_.at(index), result, took) + "\n");
        begun_.erase(index);
    }
    void tick() override {}

private:
    Session& session_;
    const std::vector<DownloadRequest>& requests_;
    std::map<std::size_t, TimePoint> begun_;
};

Result<RequestOptions> request_options(const Session& session) {
    const GetOptions& get = session.arguments().get;
    const repo::MainConfig& config = session.config().main;
    auto connection = connection_of(get, config.connection);
    if (!connection) {
        return std::unexpected(std::move(connection.error()));
    }
    RequestOptions options{.timeout = config.timeout,
                           .retries = config.retries,
                           .minrate = config.minrate,
                           .keepalive = config.keepalive,
                           .user_agent = config.user_agent,
                           .connection = std::move(*connection)};
    if (auto applied = apply_words(get, options); !applied) {
        return std::unexpected(std::move(applied.error()));
    }
    return options;
}

// Those that documents name; the directory of the others must exist.
Result<void> make_directories_of(const std::vector<WantedFile>& files, const std::filesystem::path& directory) {
    for (const WantedFile& file : files) {
        if (file.path.has_parent_path()) {
            if (auto made = make_directories(directory / file.path.parent_path()); !made) {
                return made;
            }
        }
    }
    return {};
}

Result<std::vector<DownloadRequest>> planned(Session& session) {
    const auto options = request_options(session);
    if (!options) {
        return std::unexpected(options.error());
    }
    if (!session.arguments().get.rate_limit.empty()) {
        const auto rate = parse_rate(session.arguments().get.rate_limit);
        if (!rate) {
            return std::unexpected(rate.error());
        }
        session.limit_rate(*rate);
    }
    auto files = files_of(session.arguments());
    if (!files) {
        return std::unexpected(std::move(files.error()));
    }
    const auto listed = read_sources(session, *options);
    if (!listed) {
        return std::unexpected(listed.error());
    }
    files->insert(files->end(), listed->begin(), listed->end());
    auto requests = plan_downloads(*files, session.arguments(), *options);
    if (requests) {
        if (auto made = make_directories_of(*listed, session.arguments().directory); !made) {
            return std::unexpected(std::move(made.error()));
        }
    }
    return requests;
}

// After Ctrl-C: what is kept of the files that did not come to their end.
std::string kept_text(const std::vector<DownloadRequest>& requests, const std::vector<Result<DownloadResult>>& results) {
    constexpr std::size_t most_names = 5;
    std::size_t partial = 0;
    std::string names;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        std::filesystem::path part = requests[i].path;
        part += ".part";
        std::error_code none;
        if (results[i] || !std::filesystem::exists(part, none)) {
            continue;
        }
        if (++partial <= most_names) {
            names += "\n  " + printable(part.string());
        }
    }
    if (partial == 0) {
        return "No partial file is left.\n";
    }
    if (partial > most_names) {
        names += fmt::format("\n  ... and {} more", partial - most_names);
    }
    return fmt::format("{} kept; the same command goes on where {} stopped:{}\n",
                       partial == 1 ? "1 partial file is" : fmt::format("{} partial files are", partial), partial == 1 ? "it" : "they",
                       names);
}

}  // namespace

int run_get(Session& session) {
    const Arguments& arguments = session.arguments();
    const auto requests = planned(session);
    if (!requests) {
        const int status = session.fail(requests.error());
        const std::error_code code = requests.error().code;
        return code == Errc::invalid_argument || code == download::DownloadErrc::bad_list ? exit_status::usage : status;
    }
    session.signals().end_at_second_stop();
    const TimePoint begun = Clock::now();
    std::unique_ptr<ProgressObserver> progress;
    if (arguments.get.json) {
        progress = std::make_unique<JsonLines>(session, *requests);
    } else if (!session.quiet()) {
        progress = make_progress(stdout, requests->size(), 0);
    }
    const auto results = session.client().download(*requests, progress.get(), session.stop(), LastBatch::yes);
    progress.reset();
    session.close_connections();

    GetSummary summary{.files = results.size()};
    for (const auto& result : results) {
        summary.count(result);
        if (!result && result.error().code != Errc::cancelled) {
            session.fail(result.error());
        }
    }
    const bool interrupted = session.stop().stop_requested() && summary.cancelled > 0;
    const int status = summary.failed + summary.cancelled > 0 ? exit_status::failed : exit_status::done;
    if (summary.failed > 0 && results.size() > 1) {
        session.fail_as(fmt::format("{} of {} files failed", summary.failed, results.size()));
    }
    if (interrupted) {
        session.stopped();
        session.fail_as(fmt::format("{} of {} files are done. {}", summary.done, results.size(), kept_text(*requests, results)));
    }
    if (arguments.get.json) {
        session.print(summary_json(summary, since(begun), status, interrupted) + "\n");
    }
    return status;
}

}  // namespace lastack::cli
