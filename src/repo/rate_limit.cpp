#include "repo/rate_limit.hpp"

#include <algorithm>

namespace lastack::repo {

std::uint64_t rate_of(const RateLimit& limit, std::uint64_t bandwidth) {
    if (limit.part <= 0 || bandwidth == 0) {
        return limit.part > 0 ? 0 : limit.bytes_per_second;
    }
    // A part so small that it comes to nothing would be no limit.
    return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(static_cast<double>(bandwidth) * limit.part));
}

}  // namespace lastack::repo
