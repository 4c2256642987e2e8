#include "repo/zchunk_decoder.hpp"

#include "base/digest_stream.hpp"
#include "repo/error.hpp"
#include "repo/zchunk_header.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <zstd.h>

namespace lastack::repo {

namespace {

constexpr std::size_t buffer_size = std::size_t{128} << 10;
constexpr int window_log = 27;

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = std::move(cause)});
}

// One chunk after the other, each a frame.
class Frames {
public:
    Frames() : context_{ZSTD_createDCtx()}, out_(buffer_size) {
        if (context_ != nullptr) {
            ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log);
        }
    }

    [[nodiscard]] bool ready() const { return context_ != nullptr; }
    bool use_dictionary(std::span<const std::byte> bytes) {
        return ZSTD_isError(ZSTD_DCtx_loadDictionary(context_.get(), bytes.data(), bytes.size())) == 0;
    }
    void begin() {
        ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only);
        ended_ = false;
    }
    [[nodiscard]] bool ended() const { return ended_; }

    Result<void> feed(std::span<const std::byte> in, const Decoder::Sink& sink) {
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        bool output_full = false;
        while (input.pos < input.size || output_full) {
            if (ended_) {
                return bad("bytes follow the end of a chunk");
            }
            ZSTD_outBuffer output{out_.data(), out_.size(), 0};
            const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
            if (ZSTD_isError(status) != 0) {
                return bad(std::string{"damaged zstd data in a chunk: "} + ZSTD_getErrorName(status));
            }
            ended_ = status == 0;
            output_full = output.pos == output.size && !ended_;
            if (auto done = sink(std::span{out_}.first(output.pos)); !done) {
                return done;
            }
        }
        return {};
    }

private:
    struct Deleter {
        void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Deleter> context_;
    std::vector<std::byte> out_;
    bool ended_ = false;
};

class ZchunkDecoder final : public Decoder {
public:
    Result<void> feed(std::span<const std::byte> in, const Sink& sink) override {
        while (!in.empty()) {
            auto taken = header_ ? feed_body(in, sink) : feed_header(in);
            if (!taken) {
                return std::unexpected(std::move(taken.error()));
            }
            in = in.subspan(*taken);
        }
        return {};
    }

    Result<void> finish(const Sink&) override {
        return header_ && next_ > header_->pieces.size() ? Result<void>{} : bad("the compressed file ends too early");
    }

private:
    // How many bytes of `in` were used; the same for feed_body.
    Result<std::size_t> feed_header(std::span<const std::byte> in) {
        const auto size = zchunk_header_size(collected_);
        if (!size) {
            return std::unexpected(size.error());
        }
        const std::uint64_t wanted = size->value_or(std::min(max_zchunk_lead, collected_.size() + 1));
        const auto piece = in.first(static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), wanted - collected_.size())));
        collected_.insert(collected_.end(), piece.begin(), piece.end());
        if (*size && collected_.size() == wanted) {
            auto parsed = parse_zchunk_header(collected_);
            if (!parsed) {
                return std::unexpected(std::move(parsed.error()));
            }
            header_ = std::move(*parsed);
            collected_ = {};
            if (!frames_.ready()) {
                return bad("zstd cannot be set up");
            }
            begin_piece();
        }
        return piece.size();
    }

    // Piece 0 is the dictionary.
    [[nodiscard]] const ZchunkPiece& piece() const { return next_ == 0 ? header_->dictionary : header_->pieces[next_ - 1]; }

    void begin_piece() {
        if (next_ == 0 && piece().size == 0) {
            ++next_;
        }
        read_ = 0;
        written_ = 0;
        digest_ = DigestStream{{header_->piece_algorithm}};
        frames_.begin();
    }

    Result<std::size_t> feed_body(std::span<const std::byte> in, const Sink& sink) {
        if (next_ > header_->pieces.size()) {
            return bad("bytes follow the end of the compressed data");
        }
        const auto bytes = in.first(static_cast<std::size_t>(std::min<std::uint64_t>(in.size(), piece().size - read_)));
        read_ += bytes.size();
        digest_.update(bytes);
        if (auto done = decode(bytes, sink); !done) {
            return std::unexpected(std::move(done.error()));
        }
        if (read_ == piece().size) {
            if (auto done = end_piece(); !done) {
                return std::unexpected(std::move(done.error()));
            }
        }
        return bytes.size();
    }

    Result<void> decode(std::span<const std::byte> bytes, const Sink& sink) {
        const Sink counted = [&](std::span<const std::byte> open) -> Result<void> {
            written_ += open.size();
            if (written_ > piece().open_size) {
                return bad("a chunk is larger than announced when decompressed");
            }
            if (next_ == 0) {
                collected_.insert(collected_.end(), open.begin(), open.end());
                return {};
            }
            return sink(open);
        };
        return header_->compression == ZchunkCompression::none ? counted(bytes) : frames_.feed(bytes, counted);
    }

    Result<void> end_piece() {
        if (!is_digest_of(piece(), digest_.finish().front().hex)) {
            return bad("the checksum of a chunk does not match");
        }
        if (written_ != piece().open_size || (header_->compression == ZchunkCompression::zstd && !frames_.ended())) {
            return bad("a chunk is smaller than announced when decompressed");
        }
        if (next_ == 0 && !frames_.use_dictionary(collected_)) {
            return bad("the dictionary cannot be used");
        }
        collected_ = {};
        if (++next_ <= header_->pieces.size()) {
            begin_piece();
        }
        return {};
    }

    std::vector<std::byte> collected_;  // the header, then the dictionary
    std::optional<ZchunkHeader> header_;
    Frames frames_;
    DigestStream digest_{{DigestAlgorithm::sha256}};
    std::size_t next_ = 0;
    std::uint64_t read_ = 0;
    std::uint64_t written_ = 0;
};

}  // namespace

std::unique_ptr<Decoder> make_zchunk_decoder() { return std::make_unique<ZchunkDecoder>(); }

}  // namespace lastack::repo
