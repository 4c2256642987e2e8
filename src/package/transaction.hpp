// Drives one transaction in its own process (lastack-transact): spawn, verify, import keys, test, run. Nothing here touches librpm; the
// process gets the verified packages as open descriptors, two pipes, and no socket. Blocks; runs on the main thread.
#pragma once

#include "package/dependencies.hpp"
#include "package/nevra.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::package {

// One element to install or update: the verified file and what the metadata said it is.
struct IncomingPackage {
    std::filesystem::path file;  // opened by open() at once; later changes of the name do not matter
    Nevra announced;
    std::optional<Dependencies> dependencies{};  // announced likewise; unset: not compared
    bool update = false;                         // rpm's upgrade flag: older versions of the name go
    bool check_signature = true;                 // gpgcheck of its repository
    std::optional<std::size_t> keyring{};        // which of verify()'s it must be signed with; unset: any key of the root
};

// The keys that were accepted for one repository: each certificate as its OpenPGP packets.
using BoundKeys = std::vector<std::string>;

struct TransactionSpec {
    std::filesystem::path installroot = "/";
    std::vector<IncomingPackage> incoming;
    std::vector<std::int64_t> remove;  // rpmdb header numbers; one with the version of an incoming package means: reinstall
    bool downgrade_allowed = false;
    std::optional<std::filesystem::path> program{};  // lastack-transact; unset: beside this program, then the directory it is installed to
};

enum class SignatureState : std::uint8_t { good, not_signed, unknown_key, bad, not_a_package, not_as_announced, foreign_key };

struct Verdict {
    std::size_t index = 0;  // in TransactionSpec::incoming
    SignatureState state = SignatureState::good;
    std::string key_id;  // the signing key for unknown_key, hex
    std::string detail;  // what librpm said, or what differs from what was announced
};

struct KeyInfo {
    std::string key_id;  // hex, 16 digits
    std::string user_id;
    std::string fingerprint;
    bool installed = false;  // the root has it already
};

enum class ElementPhase : std::uint8_t { installing, updating, removing, cleanup, verifying };

// What happens during run(); calls come on the thread that called run().
class TransactionObserver {
public:
    virtual ~TransactionObserver() = default;
    virtual void element_started(ElementPhase phase, std::string_view nevra, std::size_t number, std::size_t total) = 0;
    virtual void element_progress(std::uint64_t amount, std::uint64_t total) = 0;
    virtual void element_finished(std::string_view nevra) = 0;
    virtual void scriptlet_output(std::string_view text) = 0;  // as it came; escape before showing
    virtual void scriptlet_failed(std::string_view nevra, std::string_view scriptlet, bool fatal) = 0;
};

struct TransactionOutcome {
    unsigned failed_scriptlets = 0;  // not fatal ones: the package is installed all the same
};

class Transaction {
public:
    // Opens the packages and spawns the process. Errors: PackageErrc::transaction_process, or the file's error.
    [[nodiscard]] static Result<Transaction> open(const TransactionSpec& spec);
    ~Transaction();  // ends the process if run() was not called; waits for it
    Transaction(Transaction&&) noexcept;
    Transaction& operator=(Transaction&&) noexcept;

    // Header and payload digests, signature against the root's keys and the keyring of the package, and name, epoch, version, release,
    // arch, requires, provides, conflicts, obsoletes against what was announced. One Verdict per incoming package.
    [[nodiscard]] Result<std::vector<Verdict>> verify(const std::vector<BoundKeys>& keyrings = {});

    // Keys of an armoured file, without importing them. Errors: PackageErrc::bad_key.
    [[nodiscard]] Result<std::vector<KeyInfo>> inspect_keys(std::string_view armoured);
    // Imports every key of the file into the root's keyring. Errors: PackageErrc::bad_key, transaction_failed, Errc::locked.
    [[nodiscard]] Result<void> import_keys(std::string_view armoured);

    // rpm's dependency check and test run (conflicts, disk space); payloads are not read again. Changes nothing, except that a root without
    // an rpm database gets an empty one. Errors: PackageErrc::transaction_check with the problems in `cause`, one per line.
    [[nodiscard]] Result<void> test();

    // The transaction. Cannot be cancelled once begun: a stop requested by the user is honoured before it, not in it. Errors:
    // PackageErrc::transaction_check when librpm refused it and nothing was changed, transaction_failed when an element failed,
    // transaction_process when the process died; Errc::locked when another program holds rpm's lock (nothing was changed; it does not
    // wait).
    [[nodiscard]] Result<TransactionOutcome> run(TransactionObserver& observer);

private:
    struct Impl;
    explicit Transaction(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastack::package
