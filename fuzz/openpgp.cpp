// Keys and signatures as a server sends them, armoured or as bare packets.
#include "repo/openpgp.hpp"

#include "repo/openpgp_armour.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto packets = lastack::repo::dearmour_signature(text)) {
        (void)lastack::repo::check_signature_packets(*packets);
    }
    (void)lastack::repo::check_signature_packets(text);
    if (const auto certificates = lastack::repo::parse_certificates(text)) {
        for (const auto& certificate : *certificates) {
            // What is written again reads as the same certificate.
            const auto again = lastack::repo::parse_key_file(lastack::repo::armour_key(certificate.packets));
            if (certificate.packets.size() < lastack::repo::max_armoured_size / 2 &&
                (!again || again->front().primary.fingerprint != certificate.primary.fingerprint)) {
                std::abort();
            }
        }
    }
    (void)lastack::repo::parse_key_file(text);
    return 0;
}
