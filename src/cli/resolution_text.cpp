#include "cli/resolution_text.hpp"

#include "base/text.hpp"

#include <fmt/format.h>

namespace lastack::cli {

namespace {

std::string line(const package::Nevra& nevra, std::string_view what) {
    return fmt::format("---> Package {}.{} {}:{}-{} will be {}\n", printable(nevra.name), printable(nevra.arch), printable(nevra.epoch),
                       printable(nevra.version), printable(nevra.release), what);
}

const char* word(const package::Step& step, bool obsoletes) {
    switch (step.action) {
        case package::Action::install:
            return obsoletes ? "obsoleting" : "installed";
        case package::Action::update:
            return obsoletes ? "obsoleting" : "an update";
        case package::Action::downgrade:
            return "a downgrade";
        case package::Action::reinstall:
            return "reinstalled";
        case package::Action::remove:
            return "erased";
    }
    return "";
}

}  // namespace

std::string resolution_text(const package::Solution& solution) {
    std::string text;
    for (const package::Step& step : solution.steps) {
        bool obsoletes = false;
        for (const package::Package& old : step.replaces) {
            if (old.nevra.name != step.package.nevra.name) {
                obsoletes = true;
                text += line(old.nevra, "obsoleted");
            } else if (step.action != package::Action::reinstall) {
                text += line(old.nevra, step.action == package::Action::downgrade ? "downgraded" : "updated");
            }
        }
        text += line(step.package.nevra, word(step, obsoletes));
    }
    return text;
}

}  // namespace lastack::cli
