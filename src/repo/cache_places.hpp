// Whose cache a run uses: root has the system's, everybody else one of his own and reads the system's beside it (yum.conf: usercache).
#pragma once

#include <filesystem>

namespace lastack::repo {

struct CachePlaces {
    std::filesystem::path own;     // written to
    std::filesystem::path shared;  // only read; empty: none

    friend bool operator==(const CachePlaces&, const CachePlaces&) = default;
};

// `configured` is cachedir. Who may write there uses it; others get "lastack" below `cache_home`, if they have one. Looks at the file
// system.
[[nodiscard]] CachePlaces cache_places(const std::filesystem::path& configured, const std::filesystem::path& cache_home);

// $XDG_CACHE_HOME, or .cache in $HOME; empty when neither is an absolute path.
[[nodiscard]] std::filesystem::path cache_home_of_user();

}  // namespace lastack::repo
