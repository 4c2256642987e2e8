#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/command.hpp"
#include "cli/progress.hpp"

#include <set>

namespace lastack::cli {

namespace {

// The last segment of the URL's path: a name in the directory of the download, never a way out of it.
std::string file_name(const Url& url) {
    const std::string_view path = url.path();
    std::string name{path.substr(path.rfind('/') + 1)};
    if (name.empty() || name == "." || name == "..") {
        return "index.html";
    }
    return name;
}

}  // namespace

int run_get(Session& session) {
    const Arguments& arguments = session.arguments();
    const repo::MainConfig& config = session.config().main;
    const auto connection = connection_of(arguments.get, config.connection);
    if (!connection) {
        session.fail(connection.error());
        return exit_status::usage;
    }
    std::vector<DownloadRequest> requests;
    std::set<std::filesystem::path> names;
    for (const std::string& operand : arguments.operands) {
        auto url = parse_url(operand);
        if (!url) {
            session.fail(url.error());
            return exit_status::usage;
        }
        DownloadRequest request{.urls = {operand},
                                .path = arguments.directory / (arguments.output.empty() ? file_name(*url) : arguments.output.string())};
        request.options = {.timeout = config.timeout,
                           .retries = config.retries,
                           .minrate = config.minrate,
                           .keepalive = config.keepalive,
                           .user_agent = config.user_agent,
                           .connection = *connection};
        if (!names.insert(request.path).second) {
            session.fail("two of the URLs would be written to " + request.path.string() + "; get them one by one with -o");
            return exit_status::usage;
        }
        requests.push_back(std::move(request));
    }
    const auto progress = session.quiet() ? nullptr : make_progress(stdout, requests.size(), 0);
    const auto results = session.client().download(requests, progress.get(), session.stop(), LastBatch::yes);
    session.close_connections();
    int status = exit_status::done;
    for (const auto& result : results) {
        if (!result && result.error().code != Errc::cancelled) {
            status = session.fail(result.error());
        }
    }
    return session.stop().stop_requested() ? session.stopped() : status;
}

}  // namespace lastack::cli
