// An observer that writes down what it saw.
#pragma once

#include "package/transaction.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::package::test {

class Recorder : public TransactionObserver {
public:
    void element_started(ElementPhase phase, std::string_view nevra, std::size_t number, std::size_t total) override {
        constexpr const char* names[] = {"installing", "updating", "removing", "cleanup", "verifying"};
        steps.push_back(std::string(names[static_cast<int>(phase)]) + " " + std::string(nevra) + " " + std::to_string(number) + "/" +
                        std::to_string(total));
        if (on_start) {
            on_start();
        }
    }
    void element_progress(std::uint64_t amount, std::uint64_t total) override { progress_is_sane = progress_is_sane && amount <= total; }
    void element_finished(std::string_view nevra) override { finished.emplace_back(nevra); }
    void scriptlet_output(std::string_view text) override {
        output_size += text.size();
        if (output.size() < (64u << 10)) {
            output += text;
        }
        last_output = text;
        if (on_output) {
            on_output();
        }
    }
    void scriptlet_failed(std::string_view nevra, std::string_view scriptlet, bool fatal) override {
        failures.push_back(std::string(nevra) + " " + std::string(scriptlet) + (fatal ? " fatal" : ""));
    }

    std::vector<std::string> steps;
    std::vector<std::string> finished;
    std::vector<std::string> failures;
    std::string output;
    std::string last_output;
    std::size_t output_size = 0;
    bool progress_is_sane = true;
    std::function<void()> on_start;
    std::function<void()> on_output;
};

}  // namespace lastack::package::test
