#include "repo/decompress.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "repo/decoder.hpp"
#include "repo/error.hpp"
#include "repo/xml_check.hpp"
#include "repo/xml_prolog.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = std::move(cause)});
}

std::vector<DigestAlgorithm> algorithms_of(const std::vector<Digest>& digests) {
    std::vector<DigestAlgorithm> algorithms;
    for (const Digest& digest : digests) {
        algorithms.push_back(digest.algorithm);
    }
    return algorithms;
}

// A file under a temporary name that is removed unless it got its final one.
class TemporaryFile {
public:
    static Result<TemporaryFile> make(const fs::path& final_name) {
        std::string name = final_name.string() + ".XXXXXX";
        const int fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd < 0) {
            return std::unexpected(system_error(errno, "cannot write " + final_name.string()));
        }
        return TemporaryFile{FileDescriptor{fd}, std::move(name)};
    }
    TemporaryFile(TemporaryFile&& other) noexcept : file_{std::move(other.file_)}, name_{std::exchange(other.name_, {})} {}
    TemporaryFile& operator=(TemporaryFile&&) = delete;
    ~TemporaryFile() {
        if (!name_.empty()) {
            ::unlink(name_.c_str());
        }
    }

    [[nodiscard]] int fd() const { return file_.get(); }

    Result<void> publish(const fs::path& final_name) {
        constexpr mode_t mode = 0644;
        if (::fchmod(fd(), mode) != 0 || ::fsync(fd()) != 0) {
            return std::unexpected(system_error(errno, "cannot write " + final_name.string()));
        }
        auto renamed = rename_file(name_, final_name);
        if (renamed) {
            name_.clear();
        }
        return renamed;
    }

private:
    TemporaryFile(FileDescriptor file, std::string name) : file_{std::move(file)}, name_{std::move(name)} {}
    FileDescriptor file_;
    std::string name_;
};

// Checks what streams by and writes it.
class Output {
public:
    Output(const Decompression& job, int fd) : job_{job}, fd_{fd}, digests_{algorithms_of(job.open_digests)} {}

    Result<void> take(std::span<const std::byte> bytes) {
        const std::uint64_t most = job_.open_size.value_or(job_.size_limit);
        if (bytes.size() > most - written_) {
            return bad("it is larger than " + std::to_string(most) + " bytes when decompressed");
        }
        if (!prolog_.feed(bytes)) {
            return bad(std::string{prolog_.cause()});
        }
        xml_.feed(bytes);
        digests_.update(bytes);
        auto done = write_at(fd_, bytes, written_);
        written_ += bytes.size();
        return done;
    }

    Result<void> finish() {
        if (job_.open_size && written_ != *job_.open_size) {
            return bad("it has " + std::to_string(written_) + " bytes when decompressed, not " + std::to_string(*job_.open_size));
        }
        if (!prolog_.complete()) {
            return bad(std::string{prolog_.cause()});
        }
        if (digests_.finish() != job_.open_digests) {
            return bad("its open-checksum does not match");
        }
        // Told last: other bytes than announced are the reason for what they look like.
        if (std::string cause = xml_.finish(); !cause.empty()) {
            return bad(std::move(cause));
        }
        return {};
    }

private:
    const Decompression& job_;
    int fd_;
    DigestStream digests_;
    XmlProlog prolog_;
    XmlCheck xml_;
    std::uint64_t written_ = 0;
};

Result<void> decode(int from, const Decompression& job, Output& output, const std::stop_token& stop) {
    const Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> Result<void> {
        if (stop.stop_requested()) {
            return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::verifying, .cause = "cancelled"});
        }
        return bytes.empty() ? Result<void>{} : output.take(bytes);
    };
    std::vector<std::byte> buffer(read_size);
    std::unique_ptr<Decoder> decoder;
    for (std::uint64_t offset = 0;;) {
        const auto got = read_at(from, buffer, offset, job.from);
        if (!got) {
            return std::unexpected(got.error());
        }
        offset += *got;
        const auto bytes = std::span{buffer}.first(*got);
        if (!decoder) {
            auto made = make_decoder(bytes.first(std::min(bytes.size(), magic_size)));
            if (!made) {
                return std::unexpected(std::move(made.error()));
            }
            decoder = std::move(*made);
        }
        if (bytes.empty()) {
            return decoder->finish(sink);
        }
        if (auto done = decoder->feed(bytes, sink); !done) {
            return done;
        }
    }
}

Error with_name(Error error, const fs::path& path) {
    if (error.code == RepoErrc::bad_metadata) {
        error.cause = path.filename().string() + ": " + error.cause;
    }
    return error;
}

}  // namespace

Result<void> decompress_xml(const Decompression& job, std::stop_token stop) {
    const auto from = open_file(job.from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!from) {
        return std::unexpected(from.error());
    }
    auto temporary = TemporaryFile::make(job.to);
    if (!temporary) {
        return std::unexpected(std::move(temporary.error()));
    }
    Output output{job, temporary->fd()};
    auto done = decode(from->get(), job, output, stop);
    if (done) {
        done = output.finish();
    }
    if (!done) {
        return std::unexpected(with_name(std::move(done.error()), job.from));
    }
    return temporary->publish(job.to);
}

}  // namespace lastack::repo
