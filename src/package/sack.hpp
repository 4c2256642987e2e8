// All packages known to this run, installed and available, in one libsolv pool; the only owner of libsolv objects. Answers questions and
// solves requests. Blocks (XML, rpmdb): runs on the main thread, never on the reactor. One thread only.
#pragma once

#include "package/request.hpp"
#include "package/solution.hpp"
#include "repo/metadata_file.hpp"

#include "lastack/result.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace lastack::package {

// A repository's metadata, already verified by size and digest.
struct RepoMetadata {
    std::string id;
    int cost = 1000;                            // lower wins
    int priority = 99;                          // lower wins
    std::filesystem::path primary;              // primary.xml, which may be compressed: read as it is
    std::filesystem::path filelists;            // empty: not loaded; file dependencies outside primary's list then have no provider
    std::vector<std::string> exclude;           // names or globs; these packages of it are hidden
    std::vector<std::string> include;           // not empty: all its others are
    std::optional<repo::MetadataFile> indexed;  // in place of `primary`: its index is loaded, and made when there is none
};

struct SackOptions {
    std::filesystem::path installroot = "/";
    std::string arch;                         // "x86_64"; empty: the machine's
    std::vector<std::string> exclude;         // names or globs, as patterns below; available packages that match are hidden
    std::filesystem::path installed_primary;  // for tests: the installed packages are those of this primary.xml, no rpmdb is read
};

class Sack {
public:
    // Reads the installed packages of the root (no rpmdb there: none installed). Errors: PackageErrc::rpmdb_unreadable.
    [[nodiscard]] static Result<Sack> open(const SackOptions& options);
    ~Sack();
    Sack(Sack&&) noexcept;
    Sack& operator=(Sack&&) noexcept;

    // Errors: PackageErrc::bad_metadata naming the file and what libsolv said; the repository is then not there at all.
    [[nodiscard]] Result<void> add_repository(const RepoMetadata& metadata);

    // One sentence per repository whose packages were left out because of names that nothing should be built from.
    [[nodiscard]] const std::vector<std::string>& notices() const noexcept;

    // Newest first within a name; sorted by name then arch. `patterns` are names or globs over name, name.arch and the full NEVRA; empty:
    // all.
    [[nodiscard]] std::vector<Package> installed(const std::vector<std::string>& patterns = {}) const;
    [[nodiscard]] std::vector<Package> available(const std::vector<std::string>& patterns = {}) const;  // newest of each name.arch
    [[nodiscard]] std::vector<Package> updates(const std::vector<std::string>& patterns = {}) const;    // newer than what is installed

    // Errors only for impossible states (PackageErrc::solver_failed); an unsatisfiable request is Unsolvable.
    [[nodiscard]] Result<Outcome> solve(const Request& request) const;

private:
    struct Impl;
    explicit Sack(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace lastack::package
