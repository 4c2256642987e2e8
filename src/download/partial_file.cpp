#include "download/partial_file.hpp"

#include "base/text.hpp"
#include "download/caller_check.hpp"
#include "download/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::download {

namespace {

constexpr std::string_view journal_head = "lastack-partial 1";
constexpr std::string_view journal_end = "end";
constexpr std::uint64_t journal_limit = std::uint64_t{64} << 10;

std::vector<DigestAlgorithm> algorithms_of(const Expectation& expectation) {
    std::vector<DigestAlgorithm> algorithms;
    for (const Digest& digest : expectation.digests) {
        algorithms.push_back(digest.algorithm);
    }
    return algorithms;
}

std::filesystem::path with_suffix(const std::filesystem::path& path, const char* suffix) { return path.string() + suffix; }

}  // namespace

std::string write_journal(const Journal& journal) {
    // Values are URLs, digests and validated header fields: none holds a line break.
    std::string text{journal_head};
    text += "\nurl " + journal.source.url + "\n";
    if (!journal.source.validator.empty()) {
        text += "validator " + journal.source.validator + "\n";
    }
    if (journal.source.first > 0) {
        text += "first " + std::to_string(journal.source.first) + "\n";
    }
    if (journal.expectation.size) {
        text += "size " + std::to_string(*journal.expectation.size) + "\n";
    }
    for (const Digest& digest : journal.expectation.digests) {
        text += std::string{"digest "} + to_string(digest.algorithm) + " " + digest.hex + "\n";
    }
    text += std::string{journal_end} + "\n";
    return text;
}

std::optional<Journal> parse_journal(std::string_view text) {
    Journal journal;
    bool first = true;
    while (true) {
        const auto end = text.find('\n');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        if (std::exchange(first, false)) {
            if (line != journal_head) {
                return std::nullopt;
            }
            continue;
        }
        if (line == journal_end) {
            return text.empty() ? std::optional{journal} : std::nullopt;
        }
        const auto space = line.find(' ');
        const std::string_view name = line.substr(0, space);
        const std::string_view value = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
        if (name == "url") {
            journal.source.url = value;
        } else if (name == "validator") {
            journal.source.validator = value;
        } else if (name == "first") {
            const auto offset = parse_decimal(value);
            if (!offset) {
                return std::nullopt;
            }
            journal.source.first = *offset;
        } else if (name == "size") {
            journal.expectation.size = parse_decimal(value);
            if (!journal.expectation.size) {
                return std::nullopt;
            }
        } else if (name == "digest") {
            const auto gap = value.find(' ');
            auto digest = parse_digest(value.substr(0, gap), gap == std::string_view::npos ? std::string_view{} : value.substr(gap + 1));
            if (!digest) {
                return std::nullopt;
            }
            journal.expectation.digests.push_back(std::move(*digest));
        } else {
            return std::nullopt;
        }
    }
}

PartialFile::PartialFile(std::filesystem::path path, Expectation expectation, Extent extent)
    : path_{std::move(path)},
      part_{with_suffix(path_, ".part")},
      journal_{with_suffix(path_, ".part.journal")},
      expectation_{std::move(expectation)},
      extent_{extent},
      digests_{extent == Extent::whole ? algorithms_of(expectation_) : std::vector<DigestAlgorithm>{}} {}

Result<void> PartialFile::lock() {
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        return std::unexpected(Error{.code = Errc::locked,
                                     .phase = Phase::writing,
                                     .cause = part_.string() + " is being written by another process",
                                     .next_step = "wait for it to end"});
    }
    return {};
}

Result<void> PartialFile::open(Earlier earlier) {
    bool ours = false;
    while (!ours) {
        auto file = open_file(part_, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0644);
        if (!file) {
            return std::unexpected(std::move(file.error()));
        }
        file_ = std::move(*file);
        struct stat info{};
        if (::fstat(file_.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
            return std::unexpected(
                Error{.code = Errc::io_failed, .phase = Phase::writing, .cause = part_.string() + " is not a regular file"});
        }
        if (auto locked = lock(); !locked) {
            return locked;
        }
        // Before we held the lock, another writer may have given the file its final name, or removed it: then it is not ours to write.
        struct stat named{};
        ours = ::lstat(part_.c_str(), &named) == 0 && named.st_dev == info.st_dev && named.st_ino == info.st_ino;
    }
    if (const auto text = read_file(journal_, journal_limit); text && earlier == Earlier::take_up) {
        if (const auto journal = parse_journal(*text); journal && journal->expectation == expectation_) {
            auto taken = take_up(*journal);
            if (!taken) {
                return std::unexpected(std::move(taken.error()));
            }
            if (*taken) {
                return {};
            }
        }
    }
    return start_over({});
}

Result<bool> PartialFile::take_up(const Journal& journal) {
    if ((extent_ == Extent::whole) != (journal.source.first == 0)) {
        return false;
    }
    std::vector<std::byte> buffer(std::size_t{256} << 10);
    digests_.reset();
    size_ = 0;
    while (true) {
        auto n = read_at(file_.get(), buffer, size_, part_);
        if (!n) {
            return std::unexpected(std::move(n.error()));
        }
        if (*n == 0) {
            break;
        }
        digests_.update(std::span{buffer}.first(*n));
        size_ += *n;
    }
    if (size_ == 0 || (expectation_.size && size_ + journal.source.first > *expectation_.size)) {
        return false;
    }
    source_ = journal.source;
    return true;
}

Result<void> PartialFile::start_over(Source source) {
    source_ = std::move(source);
    digests_.reset();
    size_ = 0;
    // Without its journal the rest of an old file would mean nothing, so a kill between these steps is harmless in this order.
    ::unlink(journal_.c_str());
    if (::ftruncate(file_.get(), 0) != 0) {
        return std::unexpected(system_error(errno, "cannot write " + part_.string()));
    }
    if (source_.url.empty()) {
        return {};
    }
    auto file = open_file(journal_, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    const std::string text = write_journal({.expectation = expectation_, .source = source_});
    auto written = write_at(file->get(), std::as_bytes(std::span{text}), 0);
    if (!written) {
        written.error().cause += " to " + journal_.string();
    }
    return written;
}

Result<void> PartialFile::append(std::span<const std::byte> bytes) {
    if (auto written = write_at(file_.get(), bytes, size_); !written) {
        written.error().cause = "writing " + part_.string() + ": " + written.error().cause;
        return written;
    }
    digests_.update(bytes);
    size_ += bytes.size();
    return {};
}

// Bad bytes must not be resumed.
std::unexpected<Error> PartialFile::refuse(Error error) {
    if (auto emptied = start_over({}); !emptied) {
        error.cause += "; " + emptied.error().cause;
    }
    return std::unexpected(std::move(error));
}

Result<void> PartialFile::finish(const Check& check, Sync sync) {
    if (expectation_.size && size_ != *expectation_.size) {
        return std::unexpected(Error{
            .code = DownloadErrc::size_mismatch,
            .phase = Phase::verifying,
            .cause = "the file has " + std::to_string(size_) + " bytes, but " + std::to_string(*expectation_.size) + " were announced"});
    }
    const std::vector<Digest> found = digests_.finish();
    for (std::size_t i = 0; i < found.size(); ++i) {
        if (found[i] == expectation_.digests[i]) {
            continue;
        }
        return refuse({.code = DownloadErrc::digest_mismatch,
                       .phase = Phase::verifying,
                       .cause = std::string{"the "} + to_string(found[i].algorithm) + " digest is " + found[i].hex + ", but " +
                                expectation_.digests[i].hex + " was announced",
                       .next_step = "the mirror may be out of date or broken: try another one or try later"});
    }
    if (auto checked = run_check(check, part_); !checked) {
        return refuse(std::move(checked.error()));
    }
    if (sync == Sync::yes && ::fdatasync(file_.get()) != 0) {
        return std::unexpected(system_error(errno, "cannot write " + part_.string()));
    }
    if (::rename(part_.c_str(), path_.c_str()) != 0) {
        return std::unexpected(system_error(errno, "cannot give " + path_.string() + " its name"));
    }
    ::unlink(journal_.c_str());
    return {};
}

Result<std::size_t> PartialFile::read(std::span<std::byte> buffer, std::uint64_t offset) const {
    return read_at(file_.get(), buffer, offset, part_);
}

void PartialFile::discard_if_empty() noexcept {
    if (size_ == 0) {
        discard();
    }
}

void PartialFile::discard() noexcept {
    if (file_.valid()) {
        ::unlink(part_.c_str());
        ::unlink(journal_.c_str());
    }
}

}  // namespace lastack::download
