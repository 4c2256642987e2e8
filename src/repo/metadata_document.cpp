#include "repo/metadata_document.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "repo/decoder.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <fcntl.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lastack::repo {

namespace {

constexpr std::size_t read_size = std::size_t{128} << 10;

Error bad(const MetadataFile& file, const std::string& cause) {
    return {.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = file.path.filename().string() + ": " + cause};
}

std::vector<DigestAlgorithm> algorithms_of(const std::vector<Digest>& digests) {
    std::vector<DigestAlgorithm> algorithms;
    std::ranges::transform(digests, std::back_inserter(algorithms), &Digest::algorithm);
    return algorithms;
}

// What comes out of the decoder: counted, digested, and read until something is wrong with it.
class Checked {
public:
    Checked(const MetadataFile& file, MetadataDocument& document)
        : file_{file}, document_{document}, digests_{algorithms_of(file.file.open_digests)} {}

    Result<void> take(std::span<const std::byte> bytes) {
        const std::uint64_t most = file_.file.open_size.value_or(max_open_metadata_size);
        if (bytes.size() > most - size_) {
            return std::unexpected(bad(file_, "it is larger than " + std::to_string(most) + " bytes when decompressed"));
        }
        size_ += bytes.size();
        digests_.update(bytes);
        if (read_) {
            read_ = document_.feed(bytes);
        }
        return {};
    }

    Result<void> end() {
        if (file_.file.open_size && size_ != *file_.file.open_size) {
            return std::unexpected(
                bad(file_, "it has " + std::to_string(size_) + " bytes when decompressed, not " + std::to_string(*file_.file.open_size)));
        }
        if (digests_.finish() != file_.file.open_digests) {
            return std::unexpected(bad(file_, "its open-checksum does not match"));
        }
        return read_ ? document_.end() : read_;
    }

private:
    const MetadataFile& file_;
    MetadataDocument& document_;
    DigestStream digests_;
    std::uint64_t size_ = 0;
    Result<void> read_;
};

}  // namespace

Result<void> read_document(const MetadataFile& file, MetadataDocument& document, std::stop_token stop) {
    const auto from = open_file(file.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!from) {
        return std::unexpected(from.error());
    }
    Checked checked{file, document};
    const Decoder::Sink sink = [&](std::span<const std::byte> bytes) { return checked.take(bytes); };
    std::vector<std::byte> buffer(read_size);
    std::unique_ptr<Decoder> decoder;
    for (std::uint64_t offset = 0;;) {
        if (stop.stop_requested()) {
            return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::verifying, .cause = "cancelled"});
        }
        const auto got = read_at(from->get(), buffer, offset, file.path);
        if (!got) {
            return std::unexpected(got.error());
        }
        offset += *got;
        const auto bytes = std::span{buffer}.first(*got);
        if (!decoder) {
            auto made = make_decoder(bytes.first(std::min(bytes.size(), magic_size)));
            if (!made) {
                return std::unexpected(bad(file, made.error().cause));
            }
            decoder = std::move(*made);
        }
        auto done = bytes.empty() ? decoder->finish(sink) : decoder->feed(bytes, sink);
        if (!done) {
            const bool named = done.error().cause.starts_with(file.path.filename().string());
            return named ? done : std::unexpected(bad(file, done.error().cause));
        }
        if (bytes.empty()) {
            return checked.end();
        }
    }
}

}  // namespace lastack::repo
