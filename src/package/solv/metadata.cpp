#include "package/solv/metadata.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "package/error.hpp"
#include "package/nevra_match.hpp"
#include "repo/decoder.hpp"
#include "repo/repomd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <utility>
#include <vector>

namespace lastack::package::solv {
namespace {

constexpr std::size_t prolog_limit = 64 * 1024;  // comments and processing instructions before the root element
constexpr std::size_t read_size = 256 * 1024;
constexpr unsigned group_limit = 16;  // of one rich dependency: libsolv's normal form may double with each (18 take seconds)

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

Result<void> decode_into(int out, const std::filesystem::path& path) {
    const auto in = open_file(path, O_RDONLY);
    if (!in) {
        return std::unexpected{in.error()};
    }
    std::uint64_t written = 0;
    const repo::Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> Result<void> {
        if (bytes.size() > repo::max_open_metadata_size - written) {
            return std::unexpected{bad_metadata(path, "too large when decompressed")};
        }
        auto done = write_at(out, bytes, written);
        written += bytes.size();
        return done;
    };
    std::vector<std::byte> buffer(read_size);
    std::unique_ptr<repo::Decoder> decoder;
    for (std::uint64_t offset = 0;;) {
        const auto got = read_at(in->get(), buffer, offset, path);
        if (!got) {
            return std::unexpected{got.error()};
        }
        offset += *got;
        const auto bytes = std::span{buffer}.first(*got);
        if (!decoder) {
            auto made = repo::make_decoder(bytes.first(std::min(bytes.size(), repo::magic_size)));
            if (!made) {
                return std::unexpected{std::move(made.error())};
            }
            decoder = std::move(*made);
        }
        auto done = bytes.empty() ? decoder->finish(sink) : decoder->feed(bytes, sink);
        if (!done || bytes.empty()) {
            return done;
        }
    }
}

// The decompressed file, in memory.
Result<File> open_metadata(const std::filesystem::path& path) {
    FileDescriptor memory{::memfd_create("metadata", MFD_CLOEXEC)};
    if (!memory.valid()) {
        return std::unexpected{system_error(errno, path.string())};
    }
    if (auto decoded = decode_into(memory.get(), path); !decoded) {
        return std::unexpected{std::move(decoded.error())};
    }
    File file{fdopen(memory.get(), "r")};
    if (!file) {
        return std::unexpected{system_error(errno, path.string())};
    }
    (void)memory.release();
    std::rewind(file.get());
    return file;
}

// Skips `open`...`close` at the begin; false when it is not there or does not end.
bool skip(std::string_view& text, std::string_view open, std::string_view close) {
    const auto end = text.starts_with(open) ? text.find(close, open.size()) : std::string_view::npos;
    if (end == std::string_view::npos) {
        return false;
    }
    text.remove_prefix(end + close.size());
    return true;
}

// Metadata has no document type; one can only be there to define entities. UTF-16 fails here too, so nothing is hidden by an encoding.
const char* prolog_fault(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
        text.remove_prefix(3);
    }
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
        if (skip(text, "<?", "?>") || skip(text, "<!--", "-->")) {
            continue;
        }
        if (text.starts_with("<!")) {
            return "a document type is not allowed";
        }
        return text.size() > 1 && text[0] == '<' && text[1] > ' ' ? nullptr : "not XML in UTF-8";
    }
}

// Counts the groups of each rich dependency: parentheses that begin one in an <rpm:entry>. Prose may hold as many as it likes. An
// attribute cannot hold a '<', so what stands between two of them belongs to one element; a parenthesis can be a character reference.
class GroupCounter {
public:
    // False when an entry has too many.
    bool feed(std::string_view bytes) {
        for (const char c : bytes) {
            if (c == '<') {
                tag_.clear();
                groups_ = 0;
            } else if (tag_.size() <= entry_tag.size()) {
                tag_ += c;
            } else if (tag_.starts_with(entry_tag) && begins_group(c) && ++groups_ > group_limit) {
                return false;
            }
            before_last_ = std::exchange(last_, c);
        }
        return true;
    }

private:
    static constexpr std::string_view entry_tag = "rpm:entry";

    // The other parentheses belong to a name: "perl(Foo)". A reference is "&#40;" or "&#x28;" with any number of zeros.
    [[nodiscard]] bool begins_group(char c) const {
        if (c == ';') {
            return (before_last_ == '4' && last_ == '0') || (before_last_ == '2' && last_ == '8');
        }
        return c == '(' && std::string_view{" \t\r\n(\"';"}.contains(last_);
    }

    std::string tag_;
    unsigned groups_ = 0;
    char before_last_ = 0;
    char last_ = 0;
};

Result<void> inspect(std::FILE* file, const std::filesystem::path& path) {
    std::array<char, prolog_limit> buffer{};
    GroupCounter groups;
    for (bool first = true;; first = false) {
        const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), file);
        const std::string_view bytes{buffer.data(), count};
        if (const char* fault = first ? prolog_fault(bytes) : nullptr; fault != nullptr) {
            return std::unexpected{bad_metadata(path, fault)};
        }
        if (!groups.feed(bytes)) {
            return std::unexpected{bad_metadata(path, "a dependency has more than 16 groups")};
        }
        if (count < buffer.size()) {
            break;
        }
    }
    if (std::ferror(file) != 0) {
        return std::unexpected{system_error(EIO, path.string())};
    }
    std::rewind(file);
    return {};
}

Result<void> read_one(PackagePool& pool, ::Repo* repo, const std::filesystem::path& path, int flags) {
    auto file = open_metadata(path);
    if (!file) {
        return std::unexpected{std::move(file.error())};
    }
    if (auto inspected = inspect(file->get(), path); !inspected) {
        return inspected;
    }
    if (repo_add_rpmmd(repo, file->get(), nullptr, flags) != 0) {
        return std::unexpected{bad_metadata(path, pool_errstr(pool.get()))};
    }
    return {};
}

}  // namespace

Result<void> read_metadata(PackagePool& pool, ::Repo* repo, const std::filesystem::path& primary, const std::filesystem::path& filelists) {
    if (auto read = read_one(pool, repo, primary, 0); !read) {
        return read;
    }
    // Extending keeps what primary said and only adds files to packages it named.
    return filelists.empty() ? Result<void>{} : read_one(pool, repo, filelists, REPO_EXTEND_SOLVABLES);
}

unsigned hide_unacceptable(PackagePool& pool, const ::Repo* repo) {
    unsigned count = 0;
    for (Id id = repo->start; id < repo->end; ++id) {
        if (pool.at(id)->repo == repo && !is_acceptable(pool.nevra(id))) {
            pool.hide(id);
            ++count;
        }
    }
    return count;
}

}  // namespace lastack::package::solv
