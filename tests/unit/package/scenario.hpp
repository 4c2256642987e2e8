// A sack from a few lines: installed packages, repositories, a request, and the answer as lines that a test can compare.
#pragma once

#include "package/sack.hpp"
#include "support/temp_directory.hpp"
#include "unit/package/primary_text.hpp"

#include <string>
#include <vector>

namespace lastack::test {

struct RepoText {
    std::string id = "base";
    std::vector<PackageText> packages;
    int cost = 1000;
    int priority = 99;
    std::vector<std::string> exclude{};
    std::vector<std::string> include{};
};

struct World {
    std::vector<PackageText> installed{};
    std::vector<RepoText> repos{};
    std::vector<std::string> exclude{};
    std::string arch = "x86_64";
};

class Scenario {
public:
    explicit Scenario(const World& world);

    [[nodiscard]] const package::Sack& sack() const { return *sack_; }
    [[nodiscard]] package::Outcome solve(package::Verb verb, const std::vector<std::string>& specs) const;

    // One line per step: "update foo-2-1.noarch base, replaces foo-1-1.noarch", "+" in front of a dependency; then "! " and each notice.
    // Problems of an unsolvable request: "? " and each problem.
    [[nodiscard]] std::vector<std::string> install(const std::vector<std::string>& specs) const;
    [[nodiscard]] std::vector<std::string> update(const std::vector<std::string>& specs = {}) const;
    [[nodiscard]] std::vector<std::string> remove(const std::vector<std::string>& specs) const;

private:
    TempDirectory directory_;
    std::optional<package::Sack> sack_;
};

[[nodiscard]] std::vector<std::string> lines(const package::Outcome& outcome);
[[nodiscard]] std::vector<std::string> nevras(const std::vector<package::Package>& packages);  // "foo-1-1.noarch base"

}  // namespace lastack::test
