#include "repo/openpgp.hpp"

#include "base/digest_stream.hpp"
#include "base/text.hpp"
#include "repo/openpgp_armour.hpp"
#include "repo/openpgp_packet.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::uint8_t may_sign_data = 0x02;

std::string fingerprint_of(std::string_view key_body) {
    std::string hashed{'\x99', static_cast<char>(key_body.size() >> 8), static_cast<char>(key_body.size() & 0xFF)};
    hashed += key_body;
    return digest_of(DigestAlgorithm::sha1, hashed).hex;
}

// Algorithms that make signatures: RSA, DSA, ECDSA, EdDSA.
bool signs(std::uint8_t algorithm) {
    constexpr std::uint8_t signing[] = {1, 3, 17, 19, 22, 27};
    return std::ranges::find(signing, algorithm) != std::ranges::end(signing);
}

// Walks the packets of one block; what a signature says goes to the key or user id that it follows.
class CertificateReader {
public:
    std::expected<std::vector<Certificate>, std::string> read(std::string_view packets) {
        PacketReader reader(packets);
        while (!reader.at_end()) {
            const auto begin = reader.offset();
            const auto packet = reader.next();
            if (!packet) {
                return std::unexpected("the packets of the key are damaged: " + packet.error());
            }
            if (auto taken = take(*packet); !taken) {
                return std::unexpected(std::move(taken.error()));
            }
            certificates_.back().packets += packets.substr(begin, reader.offset() - begin);
        }
        if (certificates_.empty()) {
            return std::unexpected("the block holds no key");
        }
        return std::move(certificates_);
    }

private:
    std::expected<void, std::string> take(const Packet& packet) {
        if (packet.tag != PacketTag::public_key && certificates_.empty()) {
            return std::unexpected("the block does not begin with a public key");
        }
        switch (packet.tag) {
            case PacketTag::public_key:
                if (certificates_.size() == max_certificates) {
                    return std::unexpected("the file holds more than " + std::to_string(max_certificates) + " keys");
                }
                certificates_.emplace_back();
                latest_self_signature_ = 0;
                in_subkey_ = false;
                return read_key(packet.body, certificates_.back().primary);
            case PacketTag::public_subkey:
                if (certificates_.back().subkeys.size() == max_certificates) {
                    return std::unexpected("the key has more than " + std::to_string(max_certificates) + " subkeys");
                }
                in_subkey_ = true;
                latest_binding_ = 0;
                return read_key(packet.body, certificates_.back().subkeys.emplace_back());
            case PacketTag::user_id:
                certificates_.back().user_ids.emplace_back(packet.body);
                return {};
            case PacketTag::signature:
                read_signature(packet.body);
                return {};
            case PacketTag::user_attribute:
            case PacketTag::marker:
            case PacketTag::trust:
                return {};
        }
        return std::unexpected("a packet of type " + std::to_string(static_cast<int>(packet.tag)) + " does not belong into a public key");
    }

    std::expected<void, std::string> read_key(std::string_view body, OpenPgpKey& key) {
        constexpr std::size_t fixed_size = 6;
        if (body.size() <= fixed_size || body.size() > 0xFFFF) {
            return std::unexpected("a key's packet is damaged");
        }
        if (body[0] != 4) {
            return std::unexpected("version " + std::to_string(static_cast<unsigned char>(body[0])) + " of keys is not supported");
        }
        key.created = big_endian(body.substr(1, 4));
        key.can_sign = signs(static_cast<std::uint8_t>(body[5]));
        algorithm_signs_ = key.can_sign;
        key.fingerprint = fingerprint_of(body);
        return {};
    }

    void read_signature(std::string_view body) {
        const auto signature = parse_signature(body);
        if (!signature || !is_own(*signature)) {
            return;  // another's opinion of this key
        }
        auto& certificate = certificates_.back();
        switch (signature->type) {
            case SignatureType::key_revocation:
                certificate.primary.revoked = true;
                break;
            case SignatureType::subkey_revocation:
                if (in_subkey_) {
                    certificate.subkeys.back().revoked = true;
                }
                break;
            case SignatureType::subkey_binding:
                if (in_subkey_) {
                    apply(*signature, certificate.subkeys.back(), latest_binding_);
                }
                break;
            case SignatureType::direct_key:
            case SignatureType::generic_certification:
            case SignatureType::persona_certification:
            case SignatureType::casual_certification:
            case SignatureType::positive_certification:
                if (!in_subkey_) {
                    apply(*signature, certificate.primary, latest_self_signature_);
                }
                break;
            default:
                break;
        }
    }

    [[nodiscard]] bool is_own(const Signature& signature) const {
        return signature.issuer.empty() || certificates_.back().primary.fingerprint.ends_with(signature.issuer);
    }

    // The newest self-signature decides.
    void apply(const Signature& signature, OpenPgpKey& key, std::int64_t& latest) const {
        if (signature.created < latest) {
            return;
        }
        latest = signature.created;
        key.expires.reset();
        if (signature.key_lifetime > 0) {
            key.expires = key.created + signature.key_lifetime;
        }
        if (signature.key_flags) {
            key.can_sign = algorithm_signs_ && (*signature.key_flags & may_sign_data) != 0;
        }
    }

    std::vector<Certificate> certificates_;
    bool in_subkey_ = false;
    bool algorithm_signs_ = false;
    std::int64_t latest_self_signature_ = 0;
    std::int64_t latest_binding_ = 0;
};

}  // namespace

const OpenPgpKey* Certificate::find(std::string_view fingerprint) const {
    if (primary.fingerprint == fingerprint) {
        return &primary;
    }
    const auto found = std::ranges::find(subkeys, fingerprint, &OpenPgpKey::fingerprint);
    return found == subkeys.end() ? nullptr : &*found;
}

std::expected<std::vector<Certificate>, std::string> parse_certificates(std::string_view packets) {
    return CertificateReader{}.read(packets);
}

std::expected<std::vector<Certificate>, std::string> parse_key_file(std::string_view text) {
    const auto blocks = dearmour_keys(text);
    if (!blocks) {
        return std::unexpected(blocks.error());
    }
    std::vector<Certificate> all;
    for (const std::string& block : *blocks) {
        auto certificates = parse_certificates(block);
        if (!certificates) {
            return certificates;
        }
        for (auto& certificate : *certificates) {
            const auto same = [&](const Certificate& other) { return other.primary.fingerprint == certificate.primary.fingerprint; };
            if (std::ranges::any_of(all, same)) {
                return std::unexpected("the file holds the key " + certificate.primary.fingerprint + " twice");
            }
            all.push_back(std::move(certificate));
        }
        if (all.size() > max_certificates) {
            return std::unexpected("the file holds more than " + std::to_string(max_certificates) + " keys");
        }
    }
    return all;
}

std::expected<void, std::string> check_signature_packets(std::string_view packets) {
    PacketReader reader(packets);
    std::size_t count = 0;
    while (!reader.at_end()) {
        const auto packet = reader.next();
        if (!packet) {
            return std::unexpected("its packets are damaged: " + packet.error());
        }
        if (packet->tag != PacketTag::signature) {
            return std::unexpected("it holds a packet that is no signature");
        }
        if (++count > max_signatures) {
            return std::unexpected("it holds more than " + std::to_string(max_signatures) + " signatures");
        }
    }
    return count > 0 ? std::expected<void, std::string>{} : std::unexpected<std::string>("it holds no signature");
}

}  // namespace lastack::repo
