#include "package/solv/metadata.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "package/error.hpp"
#include "package/nevra_match.hpp"
#include "package/solv/metadata_filter.hpp"
#include "repo/error.hpp"
#include "repo/metadata_reader.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace lastack::package::solv {
namespace {

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

Error bad_metadata(const std::filesystem::path& path, std::string_view why) {
    return Error{.code = PackageErrc::bad_metadata,
                 .phase = Phase::parsing,
                 .cause = path.string() + ": " + printable(why),
                 .next_step = "the repository's metadata is broken: ask its maintainer, or disable it with --disablerepo"};
}

// The stream as libsolv wants it: a FILE. Its answers cannot carry an error, so that is kept here.
struct Stream {
    repo::MetadataReader reader;
    std::filesystem::path path;
    MetadataFilter filter{};
    bool ended = false;
    std::optional<Error> failure{};

    static ssize_t read(void* cookie, char* buffer, std::size_t size) noexcept {
        return static_cast<Stream*>(cookie)->next({buffer, size});
    }

    ssize_t next(std::span<char> buffer) noexcept {
        // Until something is left of what is read: 0 would be the end.
        while (!failure && !ended) {
            auto count = reader.read(std::as_writable_bytes(buffer));
            if (!count) {
                failure = std::move(count.error());
                break;
            }
            ended = *count == 0;
            const auto kept = filter.feed(buffer.first(*count));
            if (!kept) {
                failure = bad_metadata(path, "a dependency has more than 16 groups");
            } else if (*kept > 0) {
                return static_cast<ssize_t>(*kept);
            }
        }
        if (failure) {
            errno = EIO;
            return -1;
        }
        return 0;
    }
};

}  // namespace

Result<void> read_metadata(::Pool* pool, ::Repo* repo, const repo::MetadataFile& file, Reading reading, std::stop_token stop) {
    auto reader = repo::MetadataReader::open(file, repo::WellFormed::left_to_parser, std::move(stop));
    if (!reader) {
        return std::unexpected{std::move(reader.error())};
    }
    Stream stream{.reader = std::move(*reader), .path = file.path};
    const File input{::fopencookie(&stream, "r", {.read = &Stream::read, .write = nullptr, .seek = nullptr, .close = nullptr})};
    if (!input) {
        return std::unexpected{system_error(errno, file.path.string())};
    }
    const int flags = reading == Reading::extension ? REPO_EXTEND_SOLVABLES : 0;
    const bool parsed = repo_add_rpmmd(repo, input.get(), nullptr, flags) == 0;
    if (stream.failure) {
        Error& failure = *stream.failure;
        return std::unexpected{failure.code == repo::RepoErrc::bad_metadata ? bad_metadata(file.path, failure.cause) : std::move(failure)};
    }
    if (!parsed) {
        return std::unexpected{bad_metadata(file.path, pool_errstr(pool))};
    }
    // libsolv reads to the end; were it not so, the checks that come there would be missing.
    return stream.ended ? Result<void>{} : std::unexpected{bad_metadata(file.path, "it was not read to its end")};
}

unsigned remove_unacceptable(::Pool* pool, ::Repo* repo) {
    unsigned count = 0;
    for (Id id = repo->start; id < repo->end; ++id) {
        if (pool->solvables[id].repo == repo && !is_acceptable(nevra_of(pool, id))) {
            repo_free_solvable(repo, id, 0);
            ++count;
        }
    }
    return count;
}

}  // namespace lastack::package::solv
