#include "transact/keys.hpp"

#include "base/rpmdb_path.hpp"
#include "transact/hex.hpp"
#include "transact/root.hpp"
#include "transact/rpm_log.hpp"

#include <rpm/rpmbase64.h>
#include <rpm/rpmtd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace lastack::transact {

namespace {

constexpr std::string_view block_begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----";
constexpr std::size_t max_keys = 64;  // of one file; each costs an entry in the database

using Certificate = std::vector<std::uint8_t>;

std::unexpected<Failed> bad_key(std::string cause) {
    return std::unexpected(Failed{.failure = Failure::bad_key, .cause = std::move(cause)});
}

// One block may hold several certificates, as `gpg --export` writes them.
std::expected<void, Failed> split_block(const std::string& block, std::vector<Certificate>& certificates) {
    std::uint8_t* raw = nullptr;
    std::size_t size = 0;
    if (pgpParsePkts(block.c_str(), &raw, &size) != PGPARMOR_PUBKEY) {
        return bad_key("the armour of the key is damaged");
    }
    const Allocated<std::uint8_t> owner(raw);
    while (size > 0) {
        std::size_t length = 0;
        if (pgpPubKeyCertLen(raw, size, &length) != 0 || length == 0 || length > size) {
            return bad_key("the packets of the key are damaged");
        }
        if (certificates.size() == max_keys) {
            return bad_key("the file holds more than " + std::to_string(max_keys) + " keys");
        }
        certificates.emplace_back(raw, raw + length);
        raw += length;
        size -= length;
    }
    return {};
}

std::expected<std::vector<Certificate>, Failed> split(const std::string& armoured) {
    std::vector<Certificate> certificates;
    for (auto begin = armoured.find(block_begin); begin != std::string::npos;) {
        const auto next = armoured.find(block_begin, begin + block_begin.size());
        if (auto split = split_block(armoured.substr(begin, next - begin), certificates); !split) {
            return std::unexpected(std::move(split.error()));
        }
        begin = next;
    }
    if (certificates.empty()) {
        return bad_key("the file holds no armoured public key");
    }
    return certificates;
}

std::expected<Key, Failed> describe_key(const Certificate& certificate) {
    pgpDigParams raw = nullptr;
    if (pgpPrtParams(certificate.data(), certificate.size(), PGPTAG_PUBLIC_KEY, &raw) != 0 || raw == nullptr) {
        return bad_key("librpm cannot read the key");
    }
    const PgpParameters parameters(raw);
    Key key;
    if (const char* user = pgpDigParamsUserID(raw)) {
        key.user_id = user;
    }
    pgpKeyID_t id{};
    std::uint8_t* fingerprint = nullptr;
    std::size_t size = 0;
    if (pgpPubkeyKeyID(certificate.data(), certificate.size(), id) != 0 ||
        pgpPubkeyFingerprint(certificate.data(), certificate.size(), &fingerprint, &size) != 0) {
        return bad_key("librpm cannot compute the key's fingerprint");
    }
    const Allocated<std::uint8_t> owner(fingerprint);
    key.key_id = hex({id, sizeof(id)});
    key.fingerprint = hex({fingerprint, size});
    return key;
}

// librpm's own opinion, which it would also have at import: revoked, expired, unknown algorithm.
std::expected<void, Failed> check_usable(const Certificate& certificate) {
    char* raw = nullptr;
    const auto code = pgpPubKeyLint(certificate.data(), certificate.size(), &raw);
    const Allocated<char> explanation(raw);
    if (code != RPMRC_OK) {
        return bad_key(explanation ? std::string(explanation.get()) : "the key is not usable");
    }
    return {};
}

std::string fingerprint_of(const std::uint8_t* packets, std::size_t length) {
    std::uint8_t* fingerprint = nullptr;
    std::size_t size = 0;
    if (pgpPubkeyFingerprint(packets, length, &fingerprint, &size) != 0) {
        return {};
    }
    const Allocated<std::uint8_t> owner(fingerprint);
    return hex({fingerprint, size});
}

using Pubkey = std::unique_ptr<std::remove_pointer_t<rpmPubkey>, EndBy<rpmPubkeyFree>>;

// The certificate's key and its signing subkeys; none when librpm cannot read it.
std::vector<Pubkey> pubkeys_of(const std::uint8_t* packets, std::size_t size) {
    std::vector<Pubkey> keys;
    if (Pubkey primary{rpmPubkeyNew(packets, size)}) {
        int count = 0;
        const Allocated<rpmPubkey> subkeys(rpmGetSubkeys(primary.get(), &count));
        keys.push_back(std::move(primary));
        for (int i = 0; i < count; ++i) {
            keys.emplace_back(subkeys.get()[i]);
        }
    }
    return keys;
}

void add_certificate(RootKeys& keys, const std::uint8_t* packets, std::size_t size) {
    for (const Pubkey& key : pubkeys_of(packets, size)) {
        (void)rpmKeyringAddKey(keys.keyring.get(), key.get());
        if (pgpDigParams parameters = rpmPubkeyPgpDigParams(key.get())) {
            keys.key_ids.insert(hex({pgpDigParamsSignID(parameters), sizeof(pgpKeyID_t)}));
        }
    }
    keys.fingerprints.insert(fingerprint_of(packets, size));
}

void add_header(RootKeys& keys, Header header) {
    rpmtd_s data{};
    if (headerGet(header, RPMTAG_PUBKEYS, &data, HEADERGET_MINMEM) == 0) {
        return;
    }
    while (const char* encoded = rpmtdNextString(&data)) {
        void* decoded = nullptr;
        std::size_t size = 0;
        if (rpmBase64Decode(encoded, &decoded, &size) == 0) {
            const Allocated<void> owner(decoded);
            add_certificate(keys, static_cast<const std::uint8_t*>(decoded), size);
        }
    }
    rpmtdFreeData(&data);
}

}  // namespace

Keyring keyring_of(const std::vector<std::string>& certificates) {
    Keyring keyring(rpmKeyringNew());
    for (const std::string& packets : certificates) {
        for (const Pubkey& key : pubkeys_of(reinterpret_cast<const std::uint8_t*>(packets.data()), packets.size())) {
            (void)rpmKeyringAddKey(keyring.get(), key.get());
        }
    }
    return keyring;
}

RootKeys root_keys(const std::string& installroot, rpmts set) {
    RootKeys keys{.keyring = Keyring(rpmKeyringNew())};
    if (rpmdb_exists(installroot)) {
        const MatchIterator found(rpmtsInitIterator(set, RPMDBI_NAME, "gpg-pubkey", 0));
        while (Header header = rpmdbNextIterator(found.get())) {
            add_header(keys, header);
        }
    }
    return keys;
}

std::expected<std::vector<Key>, Failed> inspect_keys(const std::string& installroot, const std::string& armoured) {
    const RpmLog log(LogLevel::error);
    auto certificates = split(armoured);
    if (!certificates) {
        return std::unexpected(std::move(certificates.error()));
    }
    std::vector<Key> keys;
    const auto set = open_set(installroot);
    const auto installed = set ? root_keys(installroot, set.get()) : RootKeys{};
    for (const auto& certificate : *certificates) {
        auto key = describe_key(certificate);
        if (!key) {
            return std::unexpected(std::move(key.error()));
        }
        if (auto usable = check_usable(certificate); !usable) {
            return std::unexpected(std::move(usable.error()));
        }
        key->installed = installed.fingerprints.contains(key->fingerprint);
        keys.push_back(std::move(*key));
    }
    return keys;
}

std::expected<void, Failed> import_keys(const std::string& installroot, const std::string& armoured) {
    if (auto inspected = inspect_keys(installroot, armoured); !inspected) {
        return std::unexpected(std::move(inspected.error()));
    }
    const RpmLog log(LogLevel::error);
    const auto certificates = split(armoured);
    const auto set = open_set(installroot);
    if (!set || !certificates) {
        return std::unexpected(Failed{.failure = Failure::transaction, .cause = "librpm cannot open the root " + installroot});
    }
    const auto lock = lock_root(set.get());
    if (!lock) {
        return std::unexpected(Failed{.failure = lock.error().failure, .cause = lock.error().cause + ": " + log.errors()});
    }
    for (const auto& certificate : *certificates) {
        if (rpmtsImportPubkey(set.get(), certificate.data(), certificate.size()) != RPMRC_OK) {
            return std::unexpected(Failed{.failure = Failure::transaction, .cause = "librpm did not import the key: " + log.errors()});
        }
    }
    return {};
}

}  // namespace lastack::transact
