// The bytes of one download before they earn their name: PATH.part, and PATH.part.journal that says what they are the beginning of. A kill
// at any moment leaves a pair that the next run resumes, or one that it throws away; PATH itself is never half. Format in
// docs/design/partial-file.md. Blocks on disk: used on the disk workers only, by one job, one call at a time.
#pragma once

#include "base/digest_stream.hpp"
#include "base/file.hpp"

#include "lastack/digest.hpp"
#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lastack::download {

// What the finished file must be.
struct Expectation {
    std::optional<std::uint64_t> size;
    std::vector<Digest> digests;

    friend bool operator==(const Expectation&, const Expectation&) = default;
};

// Which bytes a server meant: its URL and the validator to ask it with (If-Range).
struct Source {
    std::string url;
    std::string validator;    // a strong entity tag, else a Last-Modified date; empty: none
    std::uint64_t first = 0;  // where in the file the bytes begin

    friend bool operator==(const Source&, const Source&) = default;
};

struct Journal {
    Expectation expectation;
    Source source;

    friend bool operator==(const Journal&, const Journal&) = default;
};

[[nodiscard]] std::string write_journal(const Journal& journal);
// Nothing when it is not a whole journal of this version.
[[nodiscard]] std::optional<Journal> parse_journal(std::string_view text);

class PartialFile {
public:
    // `whole` is digested while it comes; of a `part` that lies somewhere else in the file only its bytes are kept.
    enum class Extent : std::uint8_t { whole, part };
    PartialFile(std::filesystem::path path, Expectation expectation, Extent extent = Extent::whole);

    enum class Earlier : std::uint8_t { take_up, throw_away };

    // Looks for bytes of an earlier run and takes them up when their journal speaks of the same file. Digests what it takes.
    [[nodiscard]] Result<void> open(Earlier earlier = Earlier::take_up);

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
    [[nodiscard]] const Source& source() const noexcept { return source_; }

    // Throws the bytes away and begins anew with what a server just announced.
    [[nodiscard]] Result<void> start_over(Source source);
    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);

    using Check = std::function<Result<void>(const std::filesystem::path&)>;
    enum class Sync : std::uint8_t { yes, no };

    // Checks size and digests, asks the caller's check, then gives the file its name. Errors: DownloadErrc::size_mismatch, digest_mismatch
    // and check_failed (the bytes are thrown away), or the disk's.
    [[nodiscard]] Result<void> finish(const Check& check = nullptr, Sync sync = Sync::yes);

    // Fills `buffer` from this byte on unless the bytes at hand end before.
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> buffer, std::uint64_t offset) const;

    // Leaves nothing behind when there is nothing to resume.
    void discard_if_empty() noexcept;
    void discard() noexcept;

private:
    [[nodiscard]] Result<void> lock();
    std::unexpected<Error> refuse(Error error);
    [[nodiscard]] Result<bool> take_up(const Journal& journal);

    std::filesystem::path path_;
    std::filesystem::path part_;
    std::filesystem::path journal_;
    Expectation expectation_;
    Extent extent_;
    Source source_;
    FileDescriptor file_;
    DigestStream digests_;
    std::uint64_t size_ = 0;
};

}  // namespace lastack::download
