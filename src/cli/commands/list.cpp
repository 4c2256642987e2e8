#include "cli/command.hpp"
#include "cli/load_packages.hpp"
#include "cli/open_cache.hpp"
#include "cli/package_list.hpp"
#include "cli/progress.hpp"

#include <set>

namespace lastack::cli {

int run_list(Session& session) {
    std::vector<std::string> patterns = session.arguments().operands;
    std::string category = "all";
    if (const std::set<std::string> categories{"all", "installed", "available", "updates"};
        !patterns.empty() && categories.contains(patterns.front())) {
        category = patterns.front();
        patterns.erase(patterns.begin());
    }
    auto cache = open_cache(session);
    if (!cache) {
        return session.fail(cache.error());
    }
    auto loaded = load_packages(session, *cache, category == "installed" ? Metadata::not_needed : Metadata::wanted);
    session.close_connections();
    if (!loaded) {
        return session.fail(loaded.error());
    }
    std::vector<PackageSection> sections;
    if (category == "all" || category == "installed") {
        sections.push_back({"Installed Packages", loaded->sack.installed(patterns), "installed"});
    }
    if (category == "all" || category == "available") {
        // What is installed in the very same version is no news.
        std::set<package::Nevra> installed;
        for (const package::Package& package : loaded->sack.installed()) {
            installed.insert(package.nevra);
        }
        auto available = loaded->sack.available(patterns);
        std::erase_if(available, [&](const package::Package& package) { return installed.contains(package.nevra); });
        sections.push_back({"Available Packages", std::move(available), "available"});
    }
    if (category == "updates") {
        sections.push_back({"Updated Packages", loaded->sack.updates(patterns), "updates"});
    }
    if (session.arguments().json) {
        session.print(package_list_json(sections));
        return exit_status::done;
    }
    const std::string text = package_list(sections, style_of(stdout).window.columns);
    if (text.empty() && !patterns.empty()) {
        return session.fail("No matching Packages to list");
    }
    session.print(text);
    return exit_status::done;
}

}  // namespace lastack::cli
