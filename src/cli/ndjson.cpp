#include "cli/ndjson.hpp"

#include "base/url.hpp"
#include "cli/error_name.hpp"
#include "cli/json_text.hpp"

#include <fmt/format.h>

namespace lastack::cli {

namespace {

std::string or_null(const std::string& text) { return text.empty() ? "null" : json_string(text); }

// One word per phase; the sentences for people are to_string's.
const char* phase_word(Phase phase) {
    switch (phase) {
        case Phase::none:
            return "null";
        case Phase::resolving:
            return R"("resolving")";
        case Phase::connecting:
            return R"("connecting")";
        case Phase::tunnelling:
            return R"("tunnelling")";
        case Phase::securing:
            return R"("securing")";
        case Phase::sending:
            return R"("sending")";
        case Phase::waiting:
            return R"("waiting")";
        case Phase::receiving:
            return R"("receiving")";
        case Phase::verifying:
            return R"("verifying")";
        case Phase::writing:
            return R"("writing")";
        case Phase::parsing:
            return R"("parsing")";
        case Phase::solving:
            return R"("solving")";
        case Phase::transaction:
            return R"("transaction")";
    }
    return "null";
}

std::string error_json(const Error& error) {
    return fmt::format(
        R"({{"code":{},"phase":{},"url":{},"mirror":{},"address":{},"http_status":{},"offset":{},"cause":{},"next_step":{}}})",
        json_string(error_name(error.code)), phase_word(error.phase), or_null(error.url), or_null(error.mirror), or_null(error.address),
        error.http_status > 0 ? std::to_string(error.http_status) : "null", error.offset,
        json_string(error.cause.empty() ? error.code.message() : error.cause), or_null(error.next_step));
}

}  // namespace

void GetSummary::count(const Result<DownloadResult>& result) {
    if (result) {
        const bool there = result->outcome == DownloadOutcome::already_there;
        ++done;
        already_there += there ? 1 : 0;
        bytes += result->size;
        fetched += there ? 0 : result->fetched;
    } else if (result.error().code == Errc::cancelled) {
        ++cancelled;
    } else {
        ++failed;
    }
}

std::string result_json(std::size_t index, const DownloadRequest& request, const Result<DownloadResult>& result,
                        std::chrono::milliseconds took) {
    const std::string url = request.urls.empty() ? std::string{} : redact_url(request.urls.front());
    const std::string head =
        fmt::format(R"("type":"result","index":{},"url":{},"path":{})", index, json_string(url), json_string(request.path.string()));
    if (!result) {
        return fmt::format(R"({{{},"status":"{}","took_ms":{},"error":{}}})", head,
                           result.error().code == Errc::cancelled ? "cancelled" : "failed", took.count(), error_json(result.error()));
    }
    return fmt::format(R"({{{},"status":"{}","served_by":{},"size":{},"fetched":{},"took_ms":{}}})", head,
                       result->outcome == DownloadOutcome::already_there ? "already_there" : "downloaded", or_null(result->url),
                       result->size, result->fetched, took.count());
}

std::string summary_json(const GetSummary& summary, std::chrono::milliseconds took, int status, bool interrupted) {
    return fmt::format(
        R"({{"type":"summary","files":{},"done":{},"already_there":{},"failed":{},"cancelled":{},"bytes":{},"fetched":{},"took_ms":{},)"
        R"("interrupted":{},"exit_status":{}}})",
        summary.files, summary.done, summary.already_there, summary.failed, summary.cancelled, summary.bytes, summary.fetched, took.count(),
        interrupted, status);
}

}  // namespace lastack::cli
