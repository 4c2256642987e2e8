// The system's cache as an ordinary user reads it: what root has fetched already is not fetched again. It is never written to and its lock
// never taken, so that files can change and vanish meanwhile: whatever does not fit together is not there.
#pragma once

#include "repo/generation.hpp"
#include "repo/repomd.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lastack::repo {

class SharedCache {
public:
    // Empty: there is none.
    explicit SharedCache(std::filesystem::path directory) : directory_{std::move(directory)} {}

    struct Copy {
        Generation generation;  // with its state
        std::string signature;
        std::optional<std::string> mirrorlist;
        std::optional<std::string> metalink;
    };
    // Nothing when there is none of the repository, or nobody's word for when it was current, or where it could have been written by
    // somebody who is neither root nor the one who runs this.
    [[nodiscard]] std::optional<Copy> load(std::string_view repo_id) const;

    // Where the file would be, under the same condition; its bytes were not looked at.
    [[nodiscard]] std::optional<std::filesystem::path> object(const std::filesystem::path& name) const;

private:
    [[nodiscard]] bool is_trusted(const std::filesystem::path& below) const;
    [[nodiscard]] std::optional<std::string> text(const std::filesystem::path& below) const;

    std::filesystem::path directory_;
};

}  // namespace lastack::repo
