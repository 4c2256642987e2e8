#include "package/explain.hpp"

#include "base/text.hpp"
#include "package/solv/queue.hpp"

#include <algorithm>

namespace lastack::package {
namespace {

constexpr std::size_t most_rules = 10;  // of one problem; the rest repeats it from other sides

struct Rule {
    SolverRuleinfo type = SOLVER_RULE_UNKNOWN;
    std::string text;
};

// Rules that only say that something was asked for, or is installed, explain nothing beside one that says what is missing.
bool is_background(SolverRuleinfo type) {
    switch (type) {
        case SOLVER_RULE_JOB:
        case SOLVER_RULE_UPDATE:
        case SOLVER_RULE_FEATURE:
        case SOLVER_RULE_BEST:
        case SOLVER_RULE_UNKNOWN:
            return true;
        default:
            return false;
    }
}

std::vector<Rule> rules_of(::Solver* solver, Id problem) {
    solv::IdQueue ids;
    solver_findallproblemrules(solver, problem, ids.get());
    std::vector<Rule> rules;
    for (const Id id : ids.ids()) {
        Id source = 0;
        Id target = 0;
        Id dependency = 0;
        const auto type = solver_ruleinfo(solver, id, &source, &target, &dependency);
        Rule rule{type, printable(solver_problemruleinfo2str(solver, type, source, target, dependency))};
        if (std::ranges::none_of(rules, [&](const Rule& other) { return other.text == rule.text; })) {
            rules.push_back(std::move(rule));
        }
    }
    std::vector<Rule> background;
    std::erase_if(rules, [&](const Rule& rule) {
        if (is_background(rule.type)) {
            background.push_back(rule);
        }
        return is_background(rule.type);
    });
    rules.insert(rules.end(), background.begin(), background.end());
    return rules;
}

std::string explain_problem(::Solver* solver, Id problem) {
    const auto rules = rules_of(solver, problem);
    std::string text;
    std::size_t count = 0;
    for (const Rule& rule : rules) {
        if (count == most_rules || (rule.type == SOLVER_RULE_JOB && count > 0)) {
            break;
        }
        text += (count > 0 ? "; " : "") + rule.text;
        ++count;
    }
    return text.empty() ? printable(solver_problem2str(solver, problem)) : text;
}

}  // namespace

std::vector<std::string> explain(::Solver* solver) {
    std::vector<std::string> problems;
    const Id count = static_cast<Id>(solver_problem_count(solver));
    for (Id problem = 1; problem <= count; ++problem) {
        auto text = explain_problem(solver, problem);
        if (std::ranges::find(problems, text) == problems.end()) {
            problems.push_back(std::move(text));
        }
    }
    return problems;
}

}  // namespace lastack::package
