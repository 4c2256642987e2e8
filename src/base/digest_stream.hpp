// Digests computed as bytes arrive, several in one pass.
#pragma once

#include "lastack/digest.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace lastack {

class DigestStream {
public:
    explicit DigestStream(std::vector<DigestAlgorithm> algorithms);
    ~DigestStream();
    DigestStream(DigestStream&&) noexcept;
    DigestStream& operator=(DigestStream&&) noexcept;

    void update(std::span<const std::byte> bytes);
    void reset();                                // as if newly made
    [[nodiscard]] std::vector<Digest> finish();  // in the order given; call once per reset

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

// Digest of bytes in memory.
[[nodiscard]] Digest digest_of(DigestAlgorithm algorithm, std::span<const std::byte> bytes);
[[nodiscard]] Digest digest_of(DigestAlgorithm algorithm, std::string_view bytes);

// Reads a whole file; true when size (if given) and every digest match, false when not or when it is not a regular file.
// Blocks on disk: never on the reactor. Errors: Errc::io_failed and kin, Errc::not_found when it does not exist.
[[nodiscard]] Result<bool> file_matches(const std::filesystem::path& path, std::optional<std::uint64_t> size,
                                        const std::vector<Digest>& digests);

}  // namespace lastack
