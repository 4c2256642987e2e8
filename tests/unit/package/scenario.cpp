#include "unit/package/scenario.hpp"

#include <stdexcept>

namespace lastack::test {
namespace {

using package::Action;

const char* word(Action action) {
    switch (action) {
        case Action::install:
            return "install ";
        case Action::update:
            return "update ";
        case Action::downgrade:
            return "downgrade ";
        case Action::reinstall:
            return "reinstall ";
        case Action::remove:
            return "remove ";
    }
    return "? ";
}

}  // namespace

Scenario::Scenario(const World& world) {
    auto sack = package::Sack::open({.arch = world.arch,
                                     .exclude = world.exclude,
                                     .installed_primary = directory_.write("installed.xml", primary_text(world.installed))});
    if (!sack) {
        throw std::runtime_error{describe(sack.error())};
    }
    sack_ = std::move(*sack);
    for (const auto& repo : world.repos) {
        const auto added = sack_->add_repository({.id = repo.id,
                                                  .cost = repo.cost,
                                                  .priority = repo.priority,
                                                  .primary = directory_.write(repo.id + ".xml", primary_text(repo.packages)),
                                                  .exclude = repo.exclude,
                                                  .include = repo.include});
        if (!added) {
            throw std::runtime_error{describe(added.error())};
        }
    }
}

package::Outcome Scenario::solve(package::Verb verb, const std::vector<std::string>& specs) const {
    auto outcome = sack_->solve({.verb = verb, .specs = specs});
    if (!outcome) {
        throw std::runtime_error{describe(outcome.error())};
    }
    return *std::move(outcome);
}

std::vector<std::string> Scenario::install(const std::vector<std::string>& specs) const {
    return lines(solve(package::Verb::install, specs));
}
std::vector<std::string> Scenario::update(const std::vector<std::string>& specs) const {
    return lines(solve(package::Verb::update, specs));
}
std::vector<std::string> Scenario::remove(const std::vector<std::string>& specs) const {
    return lines(solve(package::Verb::remove, specs));
}

std::vector<std::string> lines(const package::Outcome& outcome) {
    std::vector<std::string> out;
    if (const auto* unsolvable = std::get_if<package::Unsolvable>(&outcome)) {
        for (const auto& problem : unsolvable->problems) {
            out.push_back("? " + problem);
        }
        return out;
    }
    const auto& solution = std::get<package::Solution>(outcome);
    for (const auto& step : solution.steps) {
        std::string line =
            (step.dependency ? "+" : "") + std::string{word(step.action)} + step.package.nevra.str() + " " + step.package.repo_id;
        for (const auto& replaced : step.replaces) {
            line += ", replaces " + replaced.nevra.str();
        }
        out.push_back(std::move(line));
    }
    for (const auto& notice : solution.notices) {
        out.push_back("! " + notice);
    }
    return out;
}

std::vector<std::string> nevras(const std::vector<package::Package>& packages) {
    std::vector<std::string> out;
    out.reserve(packages.size());
    for (const auto& package : packages) {
        out.push_back(package.nevra.str() + " " + package.repo_id);
    }
    return out;
}

}  // namespace lastack::test
