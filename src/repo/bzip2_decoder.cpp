#include "repo/bzip2_decoder.hpp"

#include "repo/error.hpp"

#include <bzlib.h>
#include <string>
#include <utility>
#include <vector>

namespace lastack::repo {

namespace {

constexpr std::size_t buffer_size = std::size_t{128} << 10;

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = std::move(cause)});
}

class Bzip2Decoder final : public Decoder {
public:
    Bzip2Decoder() : out_(buffer_size) { begin(); }
    ~Bzip2Decoder() override { BZ2_bzDecompressEnd(&stream_); }
    Bzip2Decoder(const Bzip2Decoder&) = delete;
    Bzip2Decoder& operator=(const Bzip2Decoder&) = delete;

    Result<void> feed(std::span<const std::byte> in, const Sink& sink) override {
        stream_.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<unsigned>(in.size());
        bool output_full = false;
        while (stream_.avail_in > 0 || output_full) {
            if (ended_) {
                begin_next();
            }
            if (!ready_) {
                return bad("bzip2 cannot be set up");
            }
            stream_.next_out = reinterpret_cast<char*>(out_.data());
            stream_.avail_out = static_cast<unsigned>(out_.size());
            const int status = BZ2_bzDecompress(&stream_);
            if (status != BZ_OK && status != BZ_STREAM_END) {
                return bad(sentence(status));
            }
            ended_ = status == BZ_STREAM_END;
            output_full = stream_.avail_out == 0 && !ended_;
            if (auto done = sink(std::span{out_}.first(out_.size() - stream_.avail_out)); !done) {
                return done;
            }
        }
        return {};
    }

    Result<void> finish(const Sink&) override { return ended_ ? Result<void>{} : bad("the compressed file ends too early"); }

private:
    void begin() { ready_ = BZ2_bzDecompressInit(&stream_, 0, 0) == BZ_OK; }

    // What follows a stream is a further one (pbzip2 writes many) or garbage, which its first bytes tell.
    void begin_next() {
        char* const next_in = stream_.next_in;
        const unsigned avail_in = stream_.avail_in;
        BZ2_bzDecompressEnd(&stream_);
        stream_ = {};
        begin();
        stream_.next_in = next_in;
        stream_.avail_in = avail_in;
        ended_ = false;
        first_ = false;
    }

    [[nodiscard]] std::string sentence(int status) const {
        if (status == BZ_DATA_ERROR_MAGIC && !first_) {
            return "bytes follow the end of the compressed data";
        }
        return status == BZ_MEM_ERROR ? "no memory to decompress bzip2 data" : "damaged bzip2 data";
    }

    bz_stream stream_{};
    std::vector<std::byte> out_;
    bool ready_ = false;
    bool ended_ = false;
    bool first_ = true;
};

}  // namespace

std::unique_ptr<Decoder> make_bzip2_decoder() { return std::make_unique<Bzip2Decoder>(); }

}  // namespace lastack::repo
