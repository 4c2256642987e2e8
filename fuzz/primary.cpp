// primary.xml as it streams by, compressed or not: decoder, watch over the prolog, check of its form. What passes is read into a pool, as a
// repository's list of packages would be, and what is left visible is acceptable.
#include "package/nevra_match.hpp"
#include "package/solv/metadata.hpp"
#include "package/solv/package_pool.hpp"
#include "repo/decoder.hpp"
#include "repo/xml_check.hpp"
#include "repo/xml_prolog.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <span>
#include <string>
#include <unistd.h>

namespace {

constexpr std::size_t largest_document = std::size_t{1} << 20;  // open; what is larger takes the fuzzer's time and shows nothing

// Whether all of it was decoded and is one XML document without a DOCTYPE; `open` is what it says.
bool stream(std::span<const std::byte> file, std::size_t step, std::string& open) {
    lastack::repo::XmlProlog prolog;
    lastack::repo::XmlCheck check;
    bool fine = true;
    const lastack::repo::Decoder::Sink sink = [&](std::span<const std::byte> bytes) -> lastack::Result<void> {
        fine = fine && prolog.feed(bytes) && open.size() + bytes.size() <= largest_document;
        if (!fine) {
            return std::unexpected(lastack::Error{.cause = "refused"});
        }
        check.feed(bytes);
        open.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return {};
    };
    const auto decoder = lastack::repo::make_decoder(file.first(std::min(file.size(), lastack::repo::magic_size)));
    while (decoder && fine && !file.empty()) {
        const auto piece = file.first(std::min(step, file.size()));
        file = file.subspan(piece.size());
        fine = (*decoder)->feed(piece, sink).has_value();
    }
    return decoder && fine && (*decoder)->finish(sink).has_value() && prolog.complete() && check.finish().empty();
}

// One for all documents of a run, and no name of it stays behind.
class Scratch {
public:
    Scratch() : fd_{::mkstemp(path_.data())} {}
    ~Scratch() {
        ::close(fd_);
        ::unlink(path_.c_str());
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    const std::string& holding(const std::string& text) {
        if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
            std::abort();
        }
        return path_;
    }

private:
    std::string path_ = std::filesystem::temp_directory_path() / "primary.XXXXXX";
    int fd_;
};

void read_into_pool(const std::string& text) {
    static Scratch scratch;
    namespace solv = lastack::package::solv;
    solv::PackagePool pool{"x86_64"};
    ::Repo* const repo = pool.add_repository("fuzz", 99, 1000);
    const lastack::repo::MetadataFile file{.file = {.type = "primary", .open_size = text.size()}, .path = scratch.holding(text)};
    if (solv::read_metadata(pool.get(), repo, file, solv::Reading::packages)) {
        (void)solv::remove_unacceptable(pool.get(), repo);
        pool.prepare(solv::Scope::everything);
        for (const Id id : pool.available_ids()) {
            (void)pool.package(id);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto file = std::as_bytes(std::span{data + 1, size - 1});
    std::string whole;
    std::string cut;
    const bool whole_fine = stream(file, std::max<std::size_t>(file.size(), 1), whole);
    const bool cut_fine = stream(file, std::size_t{data[0]} + 1, cut);
    if (whole_fine != cut_fine || (whole_fine && whole != cut)) {
        std::abort();
    }
    if (whole_fine) {
        read_into_pool(whole);
    }
    return 0;
}
