#include "cli/get_sources.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "cli/get_list.hpp"
#include "download/manifest.hpp"
#include "download/metalink.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <poll.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace lastack::cli {

namespace {

constexpr std::size_t longest_list = std::size_t{64} << 20;
constexpr const char* standard_input = "-";

// To its end, or until a stop is asked for: nobody else would wake a read.
Result<std::string> read_standard_input(Session& session, std::size_t limit) {
    std::string text;
    std::array<char, 65536> buffer{};
    while (text.size() <= limit) {
        std::array<pollfd, 2> wanted{
            {{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}, {.fd = session.signals().descriptor(), .events = POLLIN, .revents = 0}}};
        if (::poll(wanted.data(), wanted.size(), -1) < 0) {
            continue;
        }
        if (wanted[1].revents != 0) {
            return std::unexpected(Error{.code = Errc::cancelled});
        }
        const ssize_t count = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (count == 0) {
            return text;
        }
        if (count < 0 && errno != EINTR && errno != EAGAIN) {
            return std::unexpected(Error{.code = Errc::io_failed, .cause = "standard input: " + std::generic_category().message(errno)});
        }
        text.append(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    return std::unexpected(Error{.code = Errc::invalid_argument, .cause = "the list on standard input is too long"});
}

Result<std::string> read_document(Session& session, const std::string& where, std::size_t limit) {
    return where == standard_input ? read_standard_input(session, limit) : read_file(where, limit);
}

std::string shown(const std::string& where) { return where == standard_input ? "standard input" : where; }

bool is_url(std::string_view where) { return where.find("://") != std::string_view::npos; }

Result<std::string> fetch_document(Session& session, const std::string& url, RequestOptions options, std::size_t limit) {
    options.range.reset();  // of the files
    std::vector<FetchRequest> requests{{.urls = {url}, .label = "metalink", .size_limit = limit, .options = std::move(options)}};
    auto answers = session.client().fetch(std::move(requests), session.stop());
    if (!answers.front()) {
        return std::unexpected(std::move(answers.front().error()));
    }
    return std::move(answers.front()->body);
}

Result<std::vector<WantedFile>> read_list(Session& session, const std::string& where) {
    const auto text = read_document(session, where, longest_list);
    if (!text) {
        return std::unexpected(text.error());
    }
    return parse_get_list(*text, shown(where));
}

Result<std::vector<WantedFile>> read_metalink(Session& session, const std::string& where, const RequestOptions& options) {
    const std::size_t limit = download::max_metalink_size;
    const auto text = is_url(where) ? fetch_document(session, where, options, limit) : read_document(session, where, limit);
    if (!text) {
        return std::unexpected(text.error());
    }
    auto metalink = download::parse_metalink(*text, is_url(where) ? redact_url(where) : shown(where));
    if (!metalink) {
        return std::unexpected(std::move(metalink.error()));
    }
    std::vector<WantedFile> files;
    for (download::MetalinkFile& file : metalink->files) {
        files.push_back({.urls = std::move(file.urls),
                         .path = std::move(file.name),
                         .size = file.size,
                         .digests = download::digests_to_check(file.digests),
                         .servers = ServersOf::document});
    }
    return files;
}

Result<std::vector<WantedFile>> read_manifest(Session& session, const std::string& where) {
    const auto text = read_document(session, where, download::max_manifest_size);
    if (!text) {
        return std::unexpected(text.error());
    }
    auto listed = download::parse_manifest(*text, shown(where));
    if (!listed) {
        return std::unexpected(std::move(listed.error()));
    }
    std::vector<WantedFile> files;
    for (download::ManifestFile& file : *listed) {
        files.push_back(
            {.urls = std::move(file.urls), .path = std::move(file.path), .size = file.size, .digests = std::move(file.digests)});
    }
    return files;
}

}  // namespace

Result<std::vector<WantedFile>> read_sources(Session& session, const RequestOptions& options) {
    const GetOptions& get = session.arguments().get;
    std::vector<WantedFile> files;
    const auto add = [&files](Result<std::vector<WantedFile>> more) -> Result<void> {
        if (!more) {
            return std::unexpected(std::move(more.error()));
        }
        std::ranges::move(*more, std::back_inserter(files));
        return {};
    };
    Result<void> added;
    for (auto list = get.lists.begin(); list != get.lists.end() && added; ++list) {
        added = add(read_list(session, *list));
    }
    for (auto metalink = get.metalinks.begin(); metalink != get.metalinks.end() && added; ++metalink) {
        added = add(read_metalink(session, *metalink, options));
    }
    for (auto manifest = get.manifests.begin(); manifest != get.manifests.end() && added; ++manifest) {
        added = add(read_manifest(session, *manifest));
    }
    if (!added) {
        return std::unexpected(std::move(added.error()));
    }
    return files;
}

}  // namespace lastack::cli
