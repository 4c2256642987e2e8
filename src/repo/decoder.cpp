#include "repo/decoder.hpp"

#include "repo/bzip2_decoder.hpp"
#include "repo/error.hpp"
#include "repo/zchunk_decoder.hpp"

#include <array>
#include <lzma.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <zlib.h>
#include <zstd.h>

namespace lastack::repo {

namespace {

constexpr std::size_t buffer_size = std::size_t{128} << 10;
constexpr std::uint64_t xz_memory_limit = std::uint64_t{256} << 20;
constexpr int zstd_window_log = 27;  // 128 MiB: the most that `zstd -19` and createrepo_c make without being asked for more

std::unexpected<Error> bad(std::string cause) {
    return std::unexpected(Error{.code = RepoErrc::bad_metadata, .phase = Phase::verifying, .cause = std::move(cause)});
}

constexpr auto truncated = "the compressed file ends too early";
constexpr auto trailing = "bytes follow the end of the compressed data";

class PlainDecoder final : public Decoder {
public:
    Result<void> feed(std::span<const std::byte> in, const Sink& sink) override { return sink(in); }
    Result<void> finish(const Sink&) override { return {}; }
};

class GzipDecoder final : public Decoder {
public:
    GzipDecoder() : out_(buffer_size) {
        constexpr int gzip_only = 16 + MAX_WBITS;
        ready_ = inflateInit2(&stream_, gzip_only) == Z_OK;
    }
    ~GzipDecoder() override { inflateEnd(&stream_); }
    GzipDecoder(const GzipDecoder&) = delete;
    GzipDecoder& operator=(const GzipDecoder&) = delete;

    Result<void> feed(std::span<const std::byte> in, const Sink& sink) override {
        if (!ready_) {
            return bad("zlib cannot be set up");
        }
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<uInt>(in.size());
        bool output_full = false;
        while (stream_.avail_in > 0 || output_full) {
            if (ended_) {
                // A further gzip member may follow (RFC 1952 section 2.2); its header tells it from garbage.
                inflateReset(&stream_);
                ended_ = false;
                first_member_ = false;
            }
            stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
            stream_.avail_out = static_cast<uInt>(out_.size());
            const int status = inflate(&stream_, Z_NO_FLUSH);
            if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) {
                const bool at_header = stream_.total_out == 0 && !first_member_;
                return bad(at_header ? trailing : std::string{"damaged gzip data: "} + (stream_.msg != nullptr ? stream_.msg : "unknown"));
            }
            output_full = stream_.avail_out == 0;
            if (auto done = sink(std::span{out_}.first(out_.size() - stream_.avail_out)); !done) {
                return done;
            }
            ended_ = status == Z_STREAM_END;
            output_full = output_full && !ended_;
        }
        return {};
    }

    Result<void> finish(const Sink&) override { return ended_ ? Result<void>{} : bad(truncated); }

private:
    z_stream stream_{};
    std::vector<std::byte> out_;
    bool ready_ = false;
    bool ended_ = false;
    bool first_member_ = true;
};

class ZstdDecoder final : public Decoder {
public:
    ZstdDecoder() : context_{ZSTD_createDCtx()}, out_(buffer_size) {
        if (context_ != nullptr) {
            ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, zstd_window_log);
        }
    }

    Result<void> feed(std::span<const std::byte> in, const Sink& sink) override {
        if (context_ == nullptr) {
            return bad("zstd cannot be set up");
        }
        ZSTD_inBuffer input{in.data(), in.size(), 0};
        bool output_full = false;
        while (input.pos < input.size || output_full) {
            ZSTD_outBuffer output{out_.data(), out_.size(), 0};
            const bool between_frames = wanted_ == 0 && frames_ > 0;
            const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &input);
            if (ZSTD_isError(status) != 0) {
                return bad(between_frames ? trailing : std::string{"damaged zstd data: "} + ZSTD_getErrorName(status));
            }
            wanted_ = status;
            frames_ += status == 0 ? 1 : 0;
            output_full = output.pos == output.size && status != 0;
            if (auto done = sink(std::span{out_}.first(output.pos)); !done) {
                return done;
            }
        }
        return {};
    }

    Result<void> finish(const Sink&) override { return wanted_ == 0 && frames_ > 0 ? Result<void>{} : bad(truncated); }

private:
    struct Deleter {
        void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Deleter> context_;
    std::vector<std::byte> out_;
    std::size_t wanted_ = 1;
    std::size_t frames_ = 0;
};

class XzDecoder final : public Decoder {
public:
    XzDecoder() : out_(buffer_size) { ready_ = lzma_stream_decoder(&stream_, xz_memory_limit, LZMA_CONCATENATED) == LZMA_OK; }
    ~XzDecoder() override { lzma_end(&stream_); }
    XzDecoder(const XzDecoder&) = delete;
    XzDecoder& operator=(const XzDecoder&) = delete;

    Result<void> feed(std::span<const std::byte> in, const Sink& sink) override { return run(in, LZMA_RUN, sink); }
    Result<void> finish(const Sink& sink) override { return run({}, LZMA_FINISH, sink); }

private:
    Result<void> run(std::span<const std::byte> in, lzma_action action, const Sink& sink) {
        if (!ready_) {
            return bad("liblzma cannot be set up");
        }
        stream_.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
        stream_.avail_in = in.size();
        while (true) {
            stream_.next_out = reinterpret_cast<std::uint8_t*>(out_.data());
            stream_.avail_out = out_.size();
            const lzma_ret status = lzma_code(&stream_, action);
            if (auto done = sink(std::span{out_}.first(out_.size() - stream_.avail_out)); !done) {
                return done;
            }
            if (status == LZMA_STREAM_END) {
                return {};
            }
            if (status == LZMA_BUF_ERROR && action == LZMA_RUN) {
                return {};
            }
            if (status != LZMA_OK) {
                return bad(sentence(status));
            }
            if (action == LZMA_RUN && stream_.avail_in == 0 && stream_.avail_out > 0) {
                return {};
            }
        }
    }

    static std::string sentence(lzma_ret status) {
        switch (status) {
            case LZMA_BUF_ERROR:
                return truncated;
            case LZMA_MEMLIMIT_ERROR:
                return "the xz data wants more than 256 MiB of memory";
            case LZMA_FORMAT_ERROR:
                return trailing;  // the beginning was recognised by its magic
            case LZMA_OPTIONS_ERROR:
                return "the xz data uses options that are not supported";
            default:
                return "damaged xz data";
        }
    }

    lzma_stream stream_ = LZMA_STREAM_INIT;
    std::vector<std::byte> out_;
    bool ready_ = false;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_decoder(std::span<const std::byte> first) {
    const std::string_view magic{reinterpret_cast<const char*>(first.data()), first.size()};
    using namespace std::string_view_literals;
    if (magic.starts_with("\x1F\x8B"sv)) {
        return std::make_unique<GzipDecoder>();
    }
    if (magic.starts_with("\x28\xB5\x2F\xFD"sv)) {
        return std::make_unique<ZstdDecoder>();
    }
    if (magic.starts_with("\xFD"
                          "7zXZ\0"sv)) {
        return std::make_unique<XzDecoder>();
    }
    if (magic.starts_with("BZh"sv)) {
        return make_bzip2_decoder();
    }
    if (magic.starts_with("\0ZCK1"sv) || magic.starts_with("\0ZHR1"sv)) {
        return make_zchunk_decoder();
    }
    return std::make_unique<PlainDecoder>();
}

}  // namespace lastack::repo
