// Distributions, and the goals that they are held against.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lastack::bench {

// Microseconds each; sorted on first use.
class Distribution {
public:
    void add(const std::vector<double>& times);
    [[nodiscard]] std::size_t size() const { return times_.size(); }
    [[nodiscard]] double at(double share);
    [[nodiscard]] double median() { return at(0.5); }
    [[nodiscard]] std::string text();  // "3000 closes   min ...   median ..."

private:
    std::vector<double> times_;
    bool sorted_ = false;
};

class Goals {
public:
    void at_most(std::string name, double value, double limit, std::string unit);
    void print() const;
    [[nodiscard]] bool all_met() const;

private:
    struct Goal {
        std::string name;
        double value;
        double limit;
        std::string unit;
    };
    std::vector<Goal> goals_;
};

// Processors, load and date of this run: what figures are worth nothing without.
void print_surroundings(std::string_view name);

// Of this process, all threads, user and system.
[[nodiscard]] double processor_seconds();

// As many descriptors as this process may have.
void raise_descriptor_limit();

}  // namespace lastack::bench
