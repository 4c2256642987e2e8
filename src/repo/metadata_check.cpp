#include "repo/metadata_check.hpp"

#include "repo/metadata_reader.hpp"

#include <vector>

namespace lastack::repo {

Result<void> check_metadata(const MetadataFile& file, const std::stop_token& stop) {
    constexpr std::size_t buffer_size = std::size_t{64} << 10;
    auto reader = MetadataReader::open(file, WellFormed::checked_here, stop);
    if (!reader) {
        return std::unexpected(std::move(reader.error()));
    }
    std::vector<std::byte> buffer(buffer_size);
    while (true) {
        const auto count = reader->read(buffer);
        if (!count) {
            return std::unexpected(count.error());
        }
        if (*count == 0) {
            return {};
        }
    }
}

}  // namespace lastack::repo
