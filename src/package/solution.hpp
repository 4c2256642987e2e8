// What will happen, as plain values: the steps of a transaction, or the reasons there is none.
#pragma once

#include "package/dependencies.hpp"
#include "package/nevra.hpp"

#include "lastack/digest.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lastack::package {

// A package that a repository offers or that is installed (`repo_id` "installed").
struct Package {
    Nevra nevra;
    std::string repo_id;
    std::string summary;
    std::uint64_t download_size = 0;   // bytes of the rpm; 0 for installed ones
    std::uint64_t installed_size = 0;  // bytes on disk
    std::string location;              // href of primary.xml, relative to the repository (or to `base`)
    std::string base;                  // xml:base when the metadata gives one, else empty
    std::optional<Digest> digest;      // of the rpm file; unset when the metadata has none that can be used
    std::int64_t rpmdb_id = 0;         // header number in the rpmdb for installed ones

    friend bool operator==(const Package&, const Package&) = default;
};

enum class Action : std::uint8_t { install, update, downgrade, reinstall, remove };

struct Step {
    Action action = Action::install;
    bool dependency = false;        // true: not named by the user but needed (or, for remove, no longer possible)
    Package package;                // what comes, or what goes for Action::remove
    std::vector<Package> replaces;  // installed packages it updates or obsoletes
    Dependencies dependencies{};    // of what comes, as its metadata announces them
    friend bool operator==(const Step&, const Step&) = default;
};

struct Solution {
    std::vector<Step> steps;  // sorted: action, dependency, name, arch
    std::vector<std::string>
        notices;  // one sentence each: "No package foo available.", "Package foo-1-1.noarch already installed and latest version"
    unsigned unmatched = 0;  // specs that matched nothing

    [[nodiscard]] bool empty() const noexcept { return steps.empty(); }
    friend bool operator==(const Solution&, const Solution&) = default;
};

// No solution is an answer, not an error: the problems in words, as libsolv explains them, one element per problem.
struct Unsolvable {
    std::vector<std::string> problems;
    friend bool operator==(const Unsolvable&, const Unsolvable&) = default;
};

using Outcome = std::variant<Solution, Unsolvable>;

}  // namespace lastack::package
