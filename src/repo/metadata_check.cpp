#include "repo/metadata_check.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "repo/decoder.hpp"
#include "repo/error.hpp"
#include "repo/xml_check.hpp"
#include "repo/xml_prolog.hpp"

#include <algorithm>
#include <fcntl.h>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lastack::repo {

namespace {

constexpr std::size_t read_size = std::size_t{256} << 10;

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
    explicit Check(const RepomdFile& file) : file_{file}, is_xml_{file.type != "modules"}, digests_{algorithms_of(file.open_digests)} {}

    Result<void> take(std::span<const std::byte> bytes) {
        if (bytes.size() > file_.open_size.value_or(max_open_metadata_size) - size_) {
            return bad("it is larger when decompressed than announced");
        }
        size_ += bytes.size();
        digests_.update(bytes);
        if (!is_xml_) {
            return {};
        }
        if (!prolog_.feed(bytes)) {
            return bad(std::string{prolog_.cause()});
        }
        xml_.feed(bytes);
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
        std::string cause = is_xml_ ? xml_.finish() : "";
        return cause.empty() ? Result<void>{} : bad(std::move(cause));
    }

private:
    const RepomdFile& file_;
    bool is_xml_;
    DigestStream digests_;
    XmlProlog prolog_;
    XmlCheck xml_;
    std::uint64_t size_ = 0;
};

Result<void> read_through(int fd, const MetadataFile& file, Check& check, const std::stop_token& stop) {
    const Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> Result<void> {
        if (stop.stop_requested()) {
            return std::unexpected(Error{.code = Errc::cancelled, .phase = Phase::verifying, .cause = "cancelled"});
        }
        return check.take(bytes);
    };
    std::vector<std::byte> buffer(read_size);
    std::unique_ptr<Decoder> decoder;
    for (std::uint64_t offset = 0;;) {
        const auto got = read_at(fd, buffer, offset, file.path);
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

}  // namespace

Result<void> check_metadata(const MetadataFile& file, const std::stop_token& stop) {
    const auto opened = open_file(file.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened) {
        return std::unexpected(opened.error());
    }
    Check check{file.file};
    auto done = read_through(opened->get(), file, check, stop);
    if (done) {
        done = check.finish();
    }
    if (!done && done.error().code == RepoErrc::bad_metadata) {
        done.error().cause = "the metadata '" + file.file.type + "': " + done.error().cause;
    }
    return done;
}

}  // namespace lastack::repo
