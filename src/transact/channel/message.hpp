// What package and lastack-transact say to each other: plain structs and their bytes. Pure; the pipes are in pipe.hpp.
//
// A frame is length (4 bytes, little endian, of what follows), version, kind, fields. Integers are little endian; a string or list is
// preceded by its length (4 bytes). Both sides come from one build, so another version is an error and never negotiated.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace lastack::transact {

constexpr std::uint8_t protocol_version = 2;
constexpr std::size_t frame_prefix_size = 4;
constexpr std::size_t max_frame_size = 32u << 20;  // without the prefix: a Setup with 100,000 packages fits
// While scriptlets run, two processes write to one pipe; the kernel keeps a write of at most PIPE_BUF bytes in one piece.
constexpr std::size_t max_event_size = 4096;

// The descriptors lastack-transact is born with; packages follow in the order of Setup::incoming.
constexpr int request_fd = 3;
constexpr int answer_fd = 4;
constexpr int first_package_fd = 5;

constexpr std::uint32_t any_key = 0xFFFFFFFF;  // of the root

struct Incoming {
    std::string name;
    std::string epoch;
    std::string version;
    std::string release;
    std::string arch;
    bool update = false;
    bool check_signature = true;
    std::uint32_t keyring = any_key;  // number of the keyring in Verify that the package must be signed with
    friend bool operator==(const Incoming&, const Incoming&) = default;
};

// Requests. Setup comes first and once; each gets zero or more events and then exactly one of Done, Failed or its own answer.
struct Setup {
    std::string installroot;
    std::vector<Incoming> incoming;
    std::vector<std::int64_t> remove;
    bool downgrade_allowed = false;
    friend bool operator==(const Setup&, const Setup&) = default;
};
// What the metadata says that the package of this number needs and gives: "NAME" or "NAME OP VERSION", as rpm prints them. A package that
// nothing is announced of is not compared.
struct Announce {
    std::uint32_t index = 0;
    std::vector<std::string> requires_;
    std::vector<std::string> provides;
    std::vector<std::string> conflicts;
    std::vector<std::string> obsoletes;
    friend bool operator==(const Announce&, const Announce&) = default;
};
// The certificates of one repository, as packets.
struct BoundKeys {
    std::vector<std::string> certificates;
    friend bool operator==(const BoundKeys&, const BoundKeys&) = default;
};
struct Verify {
    std::vector<BoundKeys> keyrings;
    friend bool operator==(const Verify&, const Verify&) = default;
};
struct InspectKeys {
    std::string armoured;
    friend bool operator==(const InspectKeys&, const InspectKeys&) = default;
};
struct ImportKeys {
    std::string armoured;
    friend bool operator==(const ImportKeys&, const ImportKeys&) = default;
};
struct Test {
    friend bool operator==(const Test&, const Test&) = default;
};
struct Run {
    friend bool operator==(const Run&, const Run&) = default;
};

// Answers.
struct Done {
    friend bool operator==(const Done&, const Done&) = default;
};
enum class Failure : std::uint8_t { process, rpmdb, locked, bad_key, check, transaction };
struct Failed {
    Failure failure = Failure::process;
    std::string cause;
    friend bool operator==(const Failed&, const Failed&) = default;
};
enum class Signature : std::uint8_t { good, not_signed, unknown_key, bad, not_a_package, not_as_announced, foreign_key };
struct PackageVerdict {
    std::uint32_t index = 0;
    Signature signature = Signature::good;
    std::string key_id;
    std::string detail;
    friend bool operator==(const PackageVerdict&, const PackageVerdict&) = default;
};
struct Key {
    std::string key_id;
    std::string user_id;
    std::string fingerprint;
    bool installed = false;  // in the root's keyring already
    friend bool operator==(const Key&, const Key&) = default;
};
struct Keys {
    std::vector<Key> keys;
    friend bool operator==(const Keys&, const Keys&) = default;
};

// Events of Run.
enum class Element : std::uint8_t { installing, updating, removing, cleanup, verifying };
struct ElementStarted {
    Element element = Element::installing;
    std::string nevra;
    std::uint32_t number = 0;
    std::uint32_t total = 0;
    friend bool operator==(const ElementStarted&, const ElementStarted&) = default;
};
struct ElementProgress {
    std::uint64_t amount = 0;
    std::uint64_t total = 0;
    friend bool operator==(const ElementProgress&, const ElementProgress&) = default;
};
struct ElementFinished {
    std::string nevra;
    friend bool operator==(const ElementFinished&, const ElementFinished&) = default;
};
struct ScriptletOutput {
    std::string text;
    friend bool operator==(const ScriptletOutput&, const ScriptletOutput&) = default;
};
struct ScriptletFailed {
    std::string nevra;
    std::string scriptlet;
    bool fatal = false;
    friend bool operator==(const ScriptletFailed&, const ScriptletFailed&) = default;
};

// The position in this list is the kind's byte.
using Message = std::variant<Setup, Verify, InspectKeys, ImportKeys, Test, Run, Done, Failed, PackageVerdict, Keys, ElementStarted,
                             ElementProgress, ElementFinished, ScriptletOutput, ScriptletFailed, Announce>;

// A whole frame, prefix included.
[[nodiscard]] std::string encode(const Message& message);

// The length a frame's prefix announces. Errors: Errc::io_failed when it is more than max_frame_size or too short for a message.
[[nodiscard]] Result<std::size_t> frame_size(std::span<const std::byte, frame_prefix_size> prefix);

// A frame without its prefix. Errors: Errc::io_failed for another version, an unknown kind, a value out of range, or bytes missing or
// left over.
[[nodiscard]] Result<Message> decode(std::span<const std::byte> frame);

}  // namespace lastack::transact
