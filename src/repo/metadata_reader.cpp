#include "repo/metadata_reader.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "repo/decoder.hpp"
#include "repo/error.hpp"
#include "repo/xml_check.hpp"
#include "repo/xml_prolog.hpp"

#include <algorithm>
#include <fcntl.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lastack::repo {

namespace {

constexpr std::size_t read_size = std::size_t{64} << 10;
// What a decoder is given at once. A decoder cannot be stopped in the middle of its input, and four bytes of zstd can stand for 128 KiB:
// this bounds what is held of a bomb at 16 MiB.
constexpr std::size_t feed_size = 512;

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = std::move(cause)});
}

std::vector<DigestAlgorithm> algorithms_of(const std::vector<Digest>& digests) {
    std::vector<DigestAlgorithm> algorithms;
    std::ranges::transform(digests, std::back_inserter(algorithms), &Digest::algorithm);
    return algorithms;
}

// What the decoded bytes must be.
class Check {
public:
    Check(RepomdFile file, WellFormed well_formed)
        : file_{std::move(file)}, is_xml_{file_.type != "modules"}, digests_{algorithms_of(file_.open_digests)} {
        if (is_xml_ && well_formed == WellFormed::checked_here) {
            xml_.emplace();
        }
    }

    [[nodiscard]] const std::string& type() const { return file_.type; }

    Result<void> take(std::span<const std::byte> bytes) {
        const std::uint64_t most = std::min(file_.open_size.value_or(max_open_metadata_size), max_open_metadata_size);
        if (bytes.size() > most - size_) {
            return bad("it is larger than " + std::to_string(most) + " bytes when decompressed");
        }
        size_ += bytes.size();
        digests_.update(bytes);
        if (is_xml_ && !prolog_.feed(bytes)) {
            return bad(std::string{prolog_.cause()});
        }
        if (xml_) {
            xml_->feed(bytes);
        }
        return {};
    }

    Result<void> finish() {
        if (file_.open_size && size_ != *file_.open_size) {
            return bad("it has " + std::to_string(size_) + " bytes when decompressed, not " + std::to_string(*file_.open_size));
        }
        if (is_xml_ && !prolog_.complete()) {
            return bad(std::string{prolog_.cause()});
        }
        if (digests_.finish() != file_.open_digests) {
            return bad("its open-checksum does not match");
        }
        // Told last: other bytes than announced are the reason for what they look like.
        std::string cause = xml_ ? xml_->finish() : "";
        return cause.empty() ? Result<void>{} : bad(std::move(cause));
    }

private:
    RepomdFile file_;
    bool is_xml_;
    DigestStream digests_;
    XmlProlog prolog_;
    std::optional<XmlCheck> xml_;
    std::uint64_t size_ = 0;
};

}  // namespace

struct MetadataReader::Impl {
    Impl(FileDescriptor opened, const MetadataFile& file, WellFormed well_formed, std::stop_token token)
        : fd{std::move(opened)}, path{file.path}, check{file.file, well_formed}, stop{std::move(token)}, in(read_size) {}

    FileDescriptor fd;
    std::filesystem::path path;
    Check check;
    std::stop_token stop;
    std::unique_ptr<Decoder> decoder;
    std::vector<std::byte> in;
    std::span<const std::byte> undecoded;  // of `in`
    std::uint64_t offset = 0;
    std::vector<std::byte> out;  // decoded and checked
    std::size_t taken = 0;       // of `out`
    bool ended = false;
    std::optional<Error> failure;

    Result<void> fill() {
        const auto got = read_at(fd.get(), in, offset, path);
        if (!got) {
            return std::unexpected(got.error());
        }
        offset += *got;
        undecoded = std::span{in}.first(*got);
        if (!decoder) {
            auto made = make_decoder(undecoded.first(std::min(undecoded.size(), magic_size)));
            if (!made) {
                return std::unexpected(std::move(made.error()));
            }
            decoder = std::move(*made);
        }
        return {};
    }

    Result<void> decode() {
        out.clear();
        taken = 0;
        if (stop.stop_requested()) {
            return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::verifying, .cause = "cancelled"});
        }
        const Decoder::Sink sink = [this](std::span<const std::byte> bytes) -> Result<void> {
            auto checked = check.take(bytes);
            if (checked) {
                out.insert(out.end(), bytes.begin(), bytes.end());
            }
            return checked;
        };
        if (undecoded.empty()) {
            if (auto filled = fill(); !filled) {
                return filled;
            }
        }
        if (undecoded.empty()) {
            ended = true;
            auto finished = decoder->finish(sink);
            return finished ? check.finish() : finished;
        }
        const auto piece = undecoded.first(std::min(undecoded.size(), feed_size));
        undecoded = undecoded.subspan(piece.size());
        return decoder->feed(piece, sink);
    }

    Error named(Error error) const {
        if (error.code == RepoErrc::bad_metadata) {
            error.cause = "the metadata '" + check.type() + "': " + error.cause;
        }
        return error;
    }
};

MetadataReader::MetadataReader(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
MetadataReader::~MetadataReader() = default;
MetadataReader::MetadataReader(MetadataReader&&) noexcept = default;
MetadataReader& MetadataReader::operator=(MetadataReader&&) noexcept = default;

Result<MetadataReader> MetadataReader::open(const MetadataFile& file, WellFormed well_formed, std::stop_token stop) {
    auto opened = open_file(file.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened) {
        return std::unexpected(std::move(opened.error()));
    }
    return MetadataReader{std::make_unique<Impl>(std::move(*opened), file, well_formed, std::move(stop))};
}

Result<std::size_t> MetadataReader::read(std::span<std::byte> buffer) {
    Impl& impl = *impl_;
    while (!impl.failure && !impl.ended && impl.taken == impl.out.size()) {
        if (auto decoded = impl.decode(); !decoded) {
            impl.failure = impl.named(std::move(decoded.error()));
        }
    }
    if (impl.failure) {
        return std::unexpected(*impl.failure);
    }
    const auto bytes = std::span{impl.out}.subspan(impl.taken).first(std::min(buffer.size(), impl.out.size() - impl.taken));
    std::ranges::copy(bytes, buffer.begin());
    impl.taken += bytes.size();
    return bytes.size();
}

}  // namespace lastack::repo
