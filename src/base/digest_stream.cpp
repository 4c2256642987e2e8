#include "base/digest_stream.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack {

namespace {

struct AlgorithmRow {
    DigestAlgorithm algorithm;
    const char* name;
    std::size_t hex_length;
    const EVP_MD* (*evp)();
};

constexpr std::array<AlgorithmRow, 6> algorithms{{
    {DigestAlgorithm::md5, "md5", 32, EVP_md5},
    {DigestAlgorithm::sha1, "sha1", 40, EVP_sha1},
    {DigestAlgorithm::sha224, "sha224", 56, EVP_sha224},
    {DigestAlgorithm::sha256, "sha256", 64, EVP_sha256},
    {DigestAlgorithm::sha384, "sha384", 96, EVP_sha384},
    {DigestAlgorithm::sha512, "sha512", 128, EVP_sha512},
}};

const AlgorithmRow& row_of(DigestAlgorithm algorithm) { return algorithms[static_cast<std::size_t>(algorithm)]; }

struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, ContextDeleter>;

}  // namespace

const char* to_string(DigestAlgorithm algorithm) noexcept { return row_of(algorithm).name; }

Result<Digest> parse_digest(std::string_view algorithm, std::string_view hex) {
    const auto fail = [&](std::string cause) {
        return std::unexpected(Error{.code = Errc::invalid_argument, .phase = Phase::parsing, .cause = std::move(cause)});
    };
    const std::string name = to_lower(algorithm) == "sha" ? "sha1" : to_lower(algorithm);
    for (const AlgorithmRow& row : algorithms) {
        if (name != row.name) {
            continue;
        }
        if (hex.size() != row.hex_length) {
            return fail("a " + name + " digest has " + std::to_string(row.hex_length) + " digits, not " + std::to_string(hex.size()));
        }
        const std::string folded = to_lower(hex);
        if (folded.find_first_not_of("0123456789abcdef") != std::string::npos) {
            return fail("the " + name + " digest holds a character that is no hex digit");
        }
        return Digest{.algorithm = row.algorithm, .hex = folded};
    }
    return fail("unknown digest algorithm '" + printable(algorithm.substr(0, 32)) + "'");
}

struct DigestStream::Impl {
    std::vector<DigestAlgorithm> algorithms;
    std::vector<Context> contexts;
};

DigestStream::DigestStream(std::vector<DigestAlgorithm> wanted) : impl_{std::make_unique<Impl>()} {
    impl_->algorithms = std::move(wanted);
    for (std::size_t i = 0; i < impl_->algorithms.size(); ++i) {
        impl_->contexts.emplace_back(EVP_MD_CTX_new());
    }
    reset();
}

DigestStream::~DigestStream() = default;
DigestStream::DigestStream(DigestStream&&) noexcept = default;
DigestStream& DigestStream::operator=(DigestStream&&) noexcept = default;

void DigestStream::reset() {
    for (std::size_t i = 0; i < impl_->contexts.size(); ++i) {
        EVP_DigestInit_ex(impl_->contexts[i].get(), row_of(impl_->algorithms[i]).evp(), nullptr);
    }
}

void DigestStream::update(std::span<const std::byte> bytes) {
    for (const Context& context : impl_->contexts) {
        EVP_DigestUpdate(context.get(), bytes.data(), bytes.size());
    }
}

std::vector<Digest> DigestStream::finish() {
    std::vector<Digest> out;
    for (std::size_t i = 0; i < impl_->contexts.size(); ++i) {
        std::array<unsigned char, EVP_MAX_MD_SIZE> value{};
        unsigned length = 0;
        EVP_DigestFinal_ex(impl_->contexts[i].get(), value.data(), &length);
        out.push_back({.algorithm = impl_->algorithms[i], .hex = to_hex(std::span{value}.first(length))});
    }
    return out;
}

Digest digest_of(DigestAlgorithm algorithm, std::span<const std::byte> bytes) {
    DigestStream stream{{algorithm}};
    stream.update(bytes);
    return stream.finish().front();
}

Digest digest_of(DigestAlgorithm algorithm, std::string_view bytes) { return digest_of(algorithm, std::as_bytes(std::span{bytes})); }

Result<bool> file_matches(const std::filesystem::path& path, std::optional<std::uint64_t> size, const std::vector<Digest>& digests) {
    // O_NONBLOCK: a FIFO put in the file's place must not hang us; fstat then tells what it is.
    auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    struct stat info{};
    if (fstat(file->get(), &info) != 0) {
        return std::unexpected(system_error(errno, "cannot read " + path.string()));
    }
    if (!S_ISREG(info.st_mode) || (size && static_cast<std::uint64_t>(info.st_size) != *size)) {
        return false;
    }
    std::vector<DigestAlgorithm> wanted;
    for (const Digest& digest : digests) {
        wanted.push_back(digest.algorithm);
    }
    DigestStream stream{std::move(wanted)};
    std::vector<std::byte> buffer(std::size_t{256} << 10);
    for (std::uint64_t offset = 0; !digests.empty();) {
        auto n = read_at(file->get(), buffer, offset, path);
        if (!n) {
            return std::unexpected(std::move(n.error()));
        }
        if (*n == 0) {
            break;
        }
        stream.update(std::span{buffer}.first(*n));
        offset += *n;
    }
    return stream.finish() == digests;
}

}  // namespace lastack
