// The keys that were accepted for one repository: PERSISTDIR/repos/ID/keys/FINGERPRINT.asc, each with the URL of gpgkey= it came from. A
// key counts only for this repository, and only while its gpgkey= still names that URL. Blocks; any thread, also several programs at once.
#pragma once

#include "repo/config.hpp"
#include "repo/openpgp.hpp"

#include "lastack/result.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

// Where the keys of all repositories lie: persistdir below the installroot.
[[nodiscard]] std::filesystem::path persist_directory(const MainConfig& main);

class RepoKeyring {
public:
    // `persistdir` with the installroot in front.
    RepoKeyring(const std::filesystem::path& persistdir, const RepoConfig& repo);

    // Those of the URLs that gpgkey= names now; none when nothing was ever accepted. Errors: RepoErrc::keyring_unusable when the directory
    // or a file in it could be written by others, or a file is not what add() writes.
    [[nodiscard]] Result<std::vector<Certificate>> load() const;

    // Keeps the certificate; one of the same fingerprint is replaced. Errors: RepoErrc::keyring_unusable, and the file system's.
    [[nodiscard]] Result<void> add(const Certificate& key, std::string_view url) const;

    // What was verified last: the metadata of a repository that was signed once does not silently come without a signature.
    struct LastVerified {
        std::string fingerprint;
        std::int64_t time = 0;
    };
    [[nodiscard]] std::optional<LastVerified> last_verified() const;
    [[nodiscard]] Result<void> remember_verified(const LastVerified& verified) const;

private:
    [[nodiscard]] Result<void> make_directories() const;

    std::filesystem::path persistdir_;
    std::filesystem::path directory_;
    std::vector<std::string> urls_;
};

// Why no signature of this key can count, as a part of a sentence ("is revoked"); empty when it can.
[[nodiscard]] std::string refusal_of(const Certificate& key, std::int64_t now);

}  // namespace lastack::repo
