#include "cli/transaction_table.hpp"

#include "base/text.hpp"
#include "cli/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <vector>

namespace lastack::cli {
namespace {

using package::Action;
using package::Package;
using package::Solution;
using package::Step;

constexpr std::size_t size_width = 5;

struct Section {
    Action action;
    bool dependency;
    const char* before;  // heading of the table
    const char* after;   // heading of the result
};

// In the order of the table.
constexpr std::array sections{
    Section{Action::install, false, "Installing", "Installed"},
    Section{Action::update, false, "Updating", "Updated"},
    Section{Action::remove, false, "Removing", "Removed"},
    Section{Action::reinstall, false, "Reinstalling", "Reinstalled"},
    Section{Action::downgrade, false, "Downgrading", "Downgraded"},
    Section{Action::install, true, "Installing for dependencies", "Dependency Installed"},
    Section{Action::update, true, "Updating for dependencies", "Dependency Updated"},
    Section{Action::remove, true, "Removing for dependencies", "Dependency Removed"},
    Section{Action::reinstall, true, "Reinstalling for dependencies", "Dependency Reinstalled"},
    Section{Action::downgrade, true, "Downgrading for dependencies", "Dependency Downgraded"},
};

std::uint64_t add(std::uint64_t a, std::uint64_t b) {
    return b > std::numeric_limits<std::uint64_t>::max() - a ? std::numeric_limits<std::uint64_t>::max() : a + b;
}

std::uint64_t shown_size(const Step& step) {
    return step.action == Action::remove ? step.package.installed_size : step.package.download_size;
}

std::vector<Cell> row(const Step& step) {
    return {{printable(step.package.nevra.name)},
            {printable(step.package.nevra.arch)},
            {printable(step.package.nevra.evr())},
            {printable(step.package.repo_id)},
            {format_number(shown_size(step)), true}};
}

std::vector<Step> steps_of(const Solution& solution, const Section& section) {
    std::vector<Step> steps;
    std::ranges::copy_if(solution.steps, std::back_inserter(steps),
                         [&](const Step& step) { return step.action == section.action && step.dependency == section.dependency; });
    return steps;
}

// What an update replaces is its own older version; only what goes under another name is worth a line.
std::string replaced_lines(const Step& step) {
    std::string out;
    for (const Package& other : step.replaces) {
        if (other.nevra.name != step.package.nevra.name) {
            out += fmt::format("     replacing  {}.{} {}\n", printable(other.nevra.name), printable(other.nevra.arch),
                               printable(other.nevra.evr()));
        }
    }
    return out;
}

std::vector<std::size_t> widths_for(const Solution& solution, const std::vector<Cell>& heading, unsigned width) {
    std::vector<std::size_t> least;
    for (std::size_t i = 0; i + 1 < heading.size(); ++i) {
        least.push_back(heading[i].text.size());
    }
    auto wanted = least;
    for (const Step& step : solution.steps) {
        const auto cells = row(step);
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            wanted[i] = std::max(wanted[i], display_width(cells[i].text));
        }
    }
    // One blank before the first column and between all of them.
    const std::size_t blanks = heading.size();
    auto widths = column_widths(std::move(wanted), least, width - size_width - blanks, 2);
    widths.push_back(size_width);
    return widths;
}

struct SummaryLine {
    const char* action;
    std::size_t named;
    std::size_t dependent;
};

std::vector<SummaryLine> summary_lines(const Solution& solution) {
    const auto count = [&](Action action, bool dependency) {
        return static_cast<std::size_t>(
            std::ranges::count_if(solution.steps, [&](const Step& s) { return s.action == action && s.dependency == dependency; }));
    };
    std::vector<SummaryLine> lines;
    for (const auto& [name, action] :
         {std::pair{"Install", Action::install}, std::pair{"Upgrade", Action::update}, std::pair{"Remove", Action::remove},
          std::pair{"Downgrade", Action::downgrade}, std::pair{"Reinstall", Action::reinstall}}) {
        if (const SummaryLine line{name, count(action, false), count(action, true)}; line.named + line.dependent > 0) {
            lines.push_back(line);
        }
    }
    return lines;
}

std::string summary(const Solution& solution) {
    const auto lines = summary_lines(solution);
    std::size_t action_width = 0;
    std::size_t named_width = 0;
    std::size_t word_width = 0;
    std::size_t dependent_width = 0;
    const auto word = [](std::size_t count) { return std::string_view{count == 1 ? "Package" : "Packages"}; };
    for (const auto& [action, named, dependent] : lines) {
        action_width = std::max(action_width, std::string_view{action}.size());
        named_width = std::max(named_width, named > 0 ? std::to_string(named).size() : 0);
        word_width = std::max(word_width, named > 0 ? word(named).size() : 0);
        dependent_width = std::max(dependent_width, std::to_string(dependent).size());
    }
    std::string out;
    for (const auto& [action, named, dependent] : lines) {
        std::string line = fmt::format("{:<{}}  ", action, action_width);
        line += named > 0 ? fmt::format("{:>{}} {:<{}}", named, named_width, word(named), word_width)
                          : std::string(named_width + 1 + word_width, ' ');
        if (dependent > 0) {
            line += fmt::format(" ({}{:>{}} Dependent {})", named > 0 ? "+" : " ", dependent, dependent_width,
                                dependent == 1 ? "package" : "packages");
        }
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

std::string size_lines(const Solution& solution, std::uint64_t cached) {
    const std::uint64_t total = download_size(solution);
    std::uint64_t coming = 0;
    std::uint64_t going = 0;
    for (const Step& step : solution.steps) {
        auto& sum = step.action == Action::remove ? going : coming;
        sum = add(sum, step.package.installed_size);
    }
    std::string out;
    const auto line = [&](const char* name, std::uint64_t bytes) {
        auto number = format_number(bytes);
        number.erase(number.find_last_not_of(' ') + 1);
        out += fmt::format("{}: {}\n", name, number);
    };
    if (cached > 0) {
        line("Total size", total);
    }
    if (total > cached) {
        line("Total download size", total - cached);
    }
    if (const std::uint64_t installed = coming > 0 ? coming : going; installed > 0) {
        line("Installed size", installed);
    }
    return out;
}

std::string result_name(const Package& package) {
    const auto& n = package.nevra;
    return "  " + printable(n.name + "." + n.arch + " " + (n.epoch.empty() ? "0" : n.epoch) + ":" + n.version + "-" + n.release);
}

std::string result_list(const char* heading, const std::vector<std::string>& names, unsigned width) {
    if (names.empty()) {
        return {};
    }
    const std::size_t half = width / 2;
    const bool two = std::ranges::all_of(names, [&](const std::string& name) { return display_width(name) < half; });
    std::string out = fmt::format("{}:\n", heading);
    for (std::size_t i = 0; i < names.size(); ++i) {
        const bool left = two && i % 2 == 0 && i + 1 < names.size();
        out += names[i] + (left ? std::string(half - display_width(names[i]), ' ') : "\n");
    }
    return out;
}

}  // namespace

std::uint64_t download_size(const Solution& solution) {
    std::uint64_t total = 0;
    for (const Step& step : solution.steps) {
        total = add(total, step.action == Action::remove ? 0 : step.package.download_size);
    }
    return total;
}

std::string transaction_table(const Solution& solution, unsigned width, std::uint64_t cached_bytes) {
    width = std::max(width, narrowest_line);
    const std::string rule = std::string(width, '=') + "\n";
    const std::vector<Cell> heading{{"Package"}, {"Arch"}, {"Version"}, {"Repository"}, {"Size", true}};
    const auto widths = widths_for(solution, heading, width);
    std::string out = rule + format_row(heading, widths, " ") + "\n" + rule;
    for (const Section& section : sections) {
        const auto steps = steps_of(solution, section);
        if (!steps.empty()) {
            out += fmt::format("{}:\n", section.before);
        }
        for (const Step& step : steps) {
            out += format_row(row(step), widths, " ") + "\n" + replaced_lines(step);
        }
    }
    return out + "\nTransaction Summary\n" + rule + summary(solution) + "\n" + size_lines(solution, cached_bytes);
}

std::string transaction_result(const Solution& solution, unsigned width) {
    width = std::max(width, narrowest_line);
    std::vector<std::string> lists;
    // yum tells what went before what came, and what was asked for before what followed.
    for (const Action action : {Action::remove, Action::install, Action::update, Action::reinstall, Action::downgrade}) {
        for (const Section& section : sections) {
            std::vector<std::string> names;
            if (section.action == action) {
                std::ranges::transform(steps_of(solution, section), std::back_inserter(names), result_name, &Step::package);
            }
            lists.push_back(result_list(section.after, names, width));
        }
    }
    std::vector<std::string> replaced;
    for (const Step& step : solution.steps) {
        for (const Package& other : step.replaces) {
            if (other.nevra.name != step.package.nevra.name) {
                replaced.push_back(result_name(other));
            }
        }
    }
    lists.push_back(result_list("Replaced", replaced, width));
    std::string out;
    for (const std::string& list : lists) {
        out += (out.empty() || list.empty() ? "" : "\n") + list;
    }
    return out;
}

}  // namespace lastack::cli
