#include "repo/zchunk_assembly.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "repo/error.hpp"
#include "repo/zchunk_header.hpp"
#include "repo/zchunk_plan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t block_size = std::size_t{256} << 10;
constexpr std::size_t requests_at_once = 3;

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = std::move(cause)});
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

// Until it has its final name, it is removed with this.
class NewFile {
public:
    explicit NewFile(const fs::path& final_name) : name_{final_name.string() + ".XXXXXX"}, file_{::mkostemp(name_.data(), O_CLOEXEC)} {}
    ~NewFile() {
        if (file_.valid() && !name_.empty()) {
            ::unlink(name_.c_str());
        }
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    [[nodiscard]] bool valid() const { return file_.valid(); }
    [[nodiscard]] int fd() const { return file_.get(); }
    [[nodiscard]] const std::string& name() const { return name_; }

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
    std::string name_;
    FileDescriptor file_;
};

Result<ZchunkHeader> header_of(int fd, const fs::path& path) {
    std::vector<std::byte> bytes(max_zchunk_lead);
    auto got = read_at(fd, bytes, 0, path);
    if (!got) {
        return std::unexpected(std::move(got.error()));
    }
    const auto size = zchunk_header_size(std::span{bytes}.first(*got));
    if (!size) {
        return std::unexpected(size.error());
    }
    if (!*size) {
        return bad("the zchunk header ends too early");
    }
    bytes.resize(static_cast<std::size_t>(**size));
    got = read_at(fd, bytes, 0, path);
    return got ? parse_zchunk_header(std::span{bytes}.first(*got)) : std::unexpected(std::move(got.error()));
}

class Assembly {
public:
    Assembly(Client& client, const ZchunkJob& job, const std::stop_token& stop) : client_{client}, job_{job}, stop_{stop} {}

    Result<ZchunkSaving> run() {
        if (!job_.file.size || !job_.file.header_size || job_.file.header_digests.empty()) {
            return bad("repomd.xml does not say enough of the zchunk file to fetch parts of it");
        }
        auto old_file = open_file(job_.old_file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        if (!old_file) {
            return std::unexpected(std::move(old_file.error()));
        }
        auto old_header = header_of(old_file->get(), job_.old_file);
        if (!old_header) {
            return std::unexpected(std::move(old_header.error()));
        }
        auto text = fetch_header();
        if (!text) {
            return std::unexpected(std::move(text.error()));
        }
        auto header = parse_zchunk_header(bytes_of(*text));
        if (!header) {
            return std::unexpected(std::move(header.error()));
        }
        if (auto announced = check_announced(*header); !announced) {
            return std::unexpected(std::move(announced.error()));
        }
        const ZchunkPlan plan = plan_zchunk(*old_header, *header);
        saving_ = {.fetched = header->size + plan.ranges_size, .copied = header->file_size - header->size - plan.ranges_size};
        // A download as a whole can be resumed and goes faster per byte.
        constexpr std::uint64_t least_saved = 5;  // a fifth of the file
        if (saving_.copied < header->file_size / least_saved) {
            return bad("the zchunk file has too little in common with the one at hand");
        }
        return build(*header, *text, plan, old_file->get());
    }

private:
    Result<std::string> fetch_header() {
        const std::uint64_t size = *job_.file.header_size;
        if (size > max_zchunk_header) {
            return bad("the zchunk header has " + std::to_string(size) + " bytes; at most " + std::to_string(max_zchunk_header) +
                       " are accepted");
        }
        auto parts = fetch({{{.first = 0, .last = size - 1}}});
        return parts ? Result<std::string>{std::move(parts->front().front())} : std::unexpected(std::move(parts.error()));
    }

    // Whether the header is the one that repomd.xml speaks of.
    [[nodiscard]] Result<void> check_announced(const ZchunkHeader& header) const {
        if (header.file_size != *job_.file.size) {
            return bad("the zchunk header speaks of a file of " + std::to_string(header.file_size) + " bytes, not " +
                       std::to_string(*job_.file.size));
        }
        if (std::ranges::find(job_.file.header_digests, header.digest) == job_.file.header_digests.end()) {
            return bad("the zchunk header's checksum is not the one of repomd.xml");
        }
        return {};
    }

    // The parts of each batch.
    Result<std::vector<std::vector<std::string>>> fetch(std::vector<std::vector<ByteRange>> batches) {
        std::vector<FetchRequest> requests;
        for (auto& batch : batches) {
            requests.push_back({.urls = job_.urls,
                                .label = job_.file.type,
                                .size_limit = max_metadata_size,
                                .ranges = std::move(batch),
                                .options = job_.options});
        }
        std::vector<std::vector<std::string>> parts;
        for (auto& answer : client_.fetch(std::move(requests), stop_)) {
            if (!answer) {
                return std::unexpected(std::move(answer.error()));
            }
            parts.push_back(std::move(answer->parts));
        }
        return parts;
    }

    Result<ZchunkSaving> build(const ZchunkHeader& header, std::string_view text, const ZchunkPlan& plan, int old_fd) {
        NewFile file{job_.to};
        if (!file.valid()) {
            return std::unexpected(system_error(errno, "cannot write " + job_.to.string()));
        }
        auto done = write_at(file.fd(), bytes_of(text), 0);
        for (std::size_t i = 0; done && i < plan.copies.size(); ++i) {
            done = stop_.stop_requested() ? cancelled() : copy(header, plan.copies[i], old_fd, file.fd());
        }
        if (done) {
            done = fetch_ranges(plan.ranges, file.fd());
        }
        for (std::size_t i = 0; done && i < plan.missing.size(); ++i) {
            done = walk(header, plan.missing[i], file.fd(), plan.missing[i].offset, file.name(), nullptr);
        }
        if (done) {
            done = check_whole(file);
        }
        if (done) {
            done = file.publish(job_.to);
        }
        return done ? Result<ZchunkSaving>{saving_} : std::unexpected(std::move(done.error()));
    }

    static Result<void> cancelled() {
        return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::verifying, .cause = "cancelled"});
    }

    Result<void> copy(const ZchunkHeader& header, const ZchunkCopy& copied, int old_fd, int new_fd) {
        std::uint64_t to = copied.piece.offset;
        return walk(header, copied.piece, old_fd, copied.old_offset, job_.old_file, [&](std::span<const std::byte> bytes) {
            auto written = write_at(new_fd, bytes, to);
            to += bytes.size();
            return written;
        });
    }

    // Reads a chunk, hands its bytes on, and says whether they are those that the header speaks of.
    Result<void> walk(const ZchunkHeader& header, const ZchunkPiece& piece, int fd, std::uint64_t offset, const fs::path& path,
                      const std::function<Result<void>(std::span<const std::byte>)>& take) {
        DigestStream digest{{header.piece_algorithm}};
        for (std::uint64_t done = 0; done < piece.size;) {
            const auto room = std::span{block_}.first(static_cast<std::size_t>(std::min<std::uint64_t>(block_.size(), piece.size - done)));
            const auto got = read_at(fd, room, offset + done, path);
            if (!got) {
                return std::unexpected(got.error());
            }
            if (*got != room.size()) {
                return bad("the zchunk file ends too early");
            }
            digest.update(room);
            if (auto taken = take ? take(room) : Result<void>{}; !taken) {
                return taken;
            }
            done += room.size();
        }
        return is_digest_of(piece, digest.finish().front().hex) ? Result<void>{} : bad("the checksum of a chunk does not match");
    }

    Result<void> fetch_ranges(const std::vector<ByteRange>& ranges, int fd) {
        auto batches = batches_of(ranges);
        for (auto begin = batches.begin(); begin != batches.end();) {
            const auto end = begin + std::min(static_cast<std::ptrdiff_t>(requests_at_once), batches.end() - begin);
            const std::vector<std::vector<ByteRange>> asked{begin, end};
            auto parts = fetch(asked);
            if (!parts) {
                return std::unexpected(std::move(parts.error()));
            }
            for (std::size_t i = 0; i < asked.size(); ++i) {
                for (std::size_t k = 0; k < asked[i].size(); ++k) {
                    if (auto written = write_at(fd, bytes_of((*parts)[i][k]), asked[i][k].first); !written) {
                        return written;
                    }
                }
            }
            begin = end;
        }
        return {};
    }

    Result<void> check_whole(const NewFile& file) const {
        const auto matches = file_matches(file.name(), job_.file.size, job_.file.digests);
        if (!matches) {
            return std::unexpected(matches.error());
        }
        return *matches ? Result<void>{} : bad("the file put together from chunks does not have the checksum of repomd.xml");
    }

    Client& client_;
    const ZchunkJob& job_;
    std::stop_token stop_;
    std::vector<std::byte> block_ = std::vector<std::byte>(block_size);
    ZchunkSaving saving_;
};

}  // namespace

Result<ZchunkSaving> assemble_zchunk(Client& client, const ZchunkJob& job, std::stop_token stop) {
    return Assembly{client, job, stop}.run();
}

}  // namespace lastack::repo
