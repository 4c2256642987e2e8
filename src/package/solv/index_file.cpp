#include "package/solv/index_file.hpp"

#include "base/file.hpp"
#include "package/solv/metadata.hpp"
#include "package/solv/package_pool.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fcntl.h>
#include <lzma.h>
#include <malloc.h>
#include <memory>
#include <span>
#include <stdio_ext.h>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace lastack::package::solv {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t header_size = 1024;
constexpr std::size_t read_size = std::size_t{64} << 10;
constexpr int format = 3;  // of the header and of what is left out of the metadata: any change there is a new format

struct FileCloser {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

struct PoolFreer {
    void operator()(::Pool* pool) const noexcept { pool_free(pool); }
};

constexpr std::string_view left_out_line = "left out ";
constexpr std::string_view checksum_line = "holds crc64 ";

// Everything that an index depends on. One is read only if its header is, byte for byte, what we would write.
std::string header_of(const repo::MetadataFile& source, unsigned left_out, std::uint64_t checksum) {
    std::string text = std::string{left_out_line} + std::to_string(left_out) + "\nlastack index of packages, format " +
                       std::to_string(format) + "\nlibsolv " + solv_toolversion + "\n";
    for (const Digest& digest : source.file.digests) {
        text += "made of " + std::string{to_string(digest.algorithm)} + " " + digest.hex + "\n";
    }
    text += std::string{checksum_line} + std::to_string(checksum) + "\n";
    text.resize(header_size, '\n');
    return text;
}

std::uint64_t crc64(std::span<const std::byte> bytes, std::uint64_t before) {
    return ::lzma_crc64(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), before);
}

// Of all that is not compared by itself: the count in the header, and what follows it. It tells what a disk or a crash did to the bytes;
// that nobody else wrote them is known from the owner (below).
std::optional<std::uint64_t> checksum_of(int fd, unsigned left_out, const fs::path& path) {
    const std::string count_text = std::to_string(left_out) + "\n";
    std::uint64_t checksum = crc64(std::as_bytes(std::span{count_text}), 0);
    std::array<std::byte, read_size> buffer{};
    for (std::uint64_t offset = header_size;;) {
        const auto count = read_at(fd, buffer, offset, path);
        if (!count) {
            return std::nullopt;
        }
        if (*count == 0) {
            return checksum;
        }
        checksum = crc64(std::span{buffer}.first(*count), checksum);
        offset += *count;
    }
}

// Whoever could write it could put any packages into the pool, and libsolv trusts its own format more than it should.
bool only_ours_to_write(int fd) {
    struct stat info{};
    return ::fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && (info.st_uid == 0 || info.st_uid == ::geteuid()) &&
           (info.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

struct OpenIndex {
    FileDescriptor file;
    unsigned left_out;
    std::uint64_t checksum;
};

// What the header says of itself and of what it was made of is as it should be; what follows it was not looked at.
std::optional<OpenIndex> open_index(const repo::MetadataFile& source) {
    const fs::path path = index_path(source);
    auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file || source.file.digests.empty() || !only_ours_to_write(file->get())) {
        return std::nullopt;
    }
    std::string header(header_size, '\0');
    const auto count = read_at(file->get(), std::as_writable_bytes(std::span{header}), 0, path);
    if (!count || *count != header_size || !header.starts_with(left_out_line)) {
        return std::nullopt;
    }
    const auto number_at = [&header]<class Number>(std::size_t at, Number& number) {
        std::from_chars(header.data() + at, header.data() + header.size(), number);
    };
    OpenIndex index{.file = std::move(*file), .left_out = 0, .checksum = 0};
    const auto at = header.find(checksum_line);
    if (at == std::string::npos) {
        return std::nullopt;
    }
    number_at(left_out_line.size(), index.left_out);
    number_at(at + checksum_line.size(), index.checksum);
    if (header != header_of(source, index.left_out, index.checksum)) {
        return std::nullopt;
    }
    return index;
}

bool is_whole(const OpenIndex& index, const fs::path& path) {
    return checksum_of(index.file.get(), index.left_out, path) == index.checksum;
}

// Texts are read in pages, only those that are shown; and what nothing reads is not kept.
int storage_of(::Repo* repo, Repokey* key, void* data) {
    switch (key->name) {
        case SOLVABLE_SUMMARY:
        case SOLVABLE_URL:
            return KEY_STORAGE_VERTICAL_OFFSET;
        case SOLVABLE_BUILDTIME:
        case SOLVABLE_HEADEREND:
            return KEY_STORAGE_DROPPED;
        default:
            return repo_write_stdkeyfilter(repo, key, data);
    }
}

// Under a name that only the holder of the cache's lock uses: what a killed run left there is taken away.
Result<FileDescriptor> create(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
        return std::unexpected{system_error(errno, "cannot replace " + path.string())};
    }
    return open_file(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW);
}

Result<void> write_index(const fs::path& path, ::Repo* repo, const repo::MetadataFile& source, unsigned left_out) {
    auto created = create(path);
    if (!created) {
        return std::unexpected{std::move(created.error())};
    }
    const auto failed = [&] { return std::unexpected{system_error(errno, "cannot write " + path.string())}; };
    const int copy = ::fcntl(created->get(), F_DUPFD_CLOEXEC, 0);
    File file{copy < 0 ? nullptr : ::fdopen(copy, "w")};
    if (!file || std::fseek(file.get(), header_size, SEEK_SET) != 0 ||
        repo_write_filtered(repo, file.get(), &storage_of, nullptr, nullptr) != 0 || std::fclose(file.release()) != 0) {
        return failed();
    }
    const auto checksum = checksum_of(created->get(), left_out, path);
    if (!checksum) {
        return failed();
    }
    const std::string header = header_of(source, left_out, *checksum);
    return write_at(created->get(), std::as_bytes(std::span{header}), 0);
}

}  // namespace

fs::path index_path(const repo::MetadataFile& source) {
    fs::path path = source.path;
    return path += ".solv";
}

bool has_index(const repo::MetadataFile& source) { return open_index(source).has_value(); }

bool has_whole_index(const repo::MetadataFile& source) {
    const auto index = open_index(source);
    return index && is_whole(*index, index_path(source));
}

std::optional<unsigned> load_index(s_Repo* repo, const repo::MetadataFile& source) {
    auto index = open_index(source);
    if (!index || !is_whole(*index, index_path(source))) {
        return std::nullopt;
    }
    std::vector<char> buffer(read_size);
    const File file{::fdopen(index->file.get(), "r")};
    if (!file) {
        return std::nullopt;
    }
    (void)index->file.release();
    (void)::__fsetlocking(file.get(), FSETLOCKING_BYCALLER);  // libsolv reads byte by byte, and each would take the lock
    std::setvbuf(file.get(), buffer.data(), _IOFBF, buffer.size());
    if (std::fseek(file.get(), header_size, SEEK_SET) != 0 || repo_add_solv(repo, file.get(), 0) != 0) {
        repo_empty(repo, 1);
        return std::nullopt;
    }
    return index->left_out;
}

Result<void> make_index(const repo::MetadataFile& source, std::stop_token stop) {
    fs::path temporary = index_path(source);
    temporary += ".new";
    {
        const std::unique_ptr<::Pool, PoolFreer> pool{pool_create()};
        pool_setdisttype(pool.get(), DISTTYPE_RPM);
        ::Repo* repo = repo_create(pool.get(), source.file.type.c_str());
        if (auto read = read_metadata(pool.get(), repo, source, Reading::packages, std::move(stop)); !read) {
            return read;
        }
        const unsigned left_out = remove_unacceptable(pool.get(), repo);
        if (auto written = write_index(temporary, repo, source, left_out); !written) {
            ::unlink(temporary.c_str());
            return written;
        }
    }
    ::malloc_trim(0);  // a pool is large, and what follows is another
    // Not synced: what a crash leaves of it does not have the checksum.
    if (::rename(temporary.c_str(), index_path(source).c_str()) != 0) {
        return std::unexpected{system_error(errno, "cannot write " + index_path(source).string())};
    }
    return {};
}

}  // namespace lastack::package::solv
