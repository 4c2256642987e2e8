// The steps of a running transaction in yum's words.
#pragma once

#include "package/transaction.hpp"

#include <cstdio>
#include <string>

namespace lastack::cli {

class TransactionProgress final : public package::TransactionObserver {
public:
    // `quiet`: only what scriptlets print and what fails.
    TransactionProgress(std::FILE* out, bool quiet) : out_{out}, quiet_{quiet} {}

    void element_started(package::ElementPhase phase, std::string_view nevra, std::size_t number, std::size_t total) override;
    void element_progress(std::uint64_t amount, std::uint64_t total) override;
    void element_finished(std::string_view nevra) override;
    void scriptlet_output(std::string_view text) override;
    void scriptlet_failed(std::string_view nevra, std::string_view scriptlet, bool fatal) override;

private:
    void end_line();

    std::FILE* out_;
    bool quiet_;
    bool line_open_ = false;  // an element's line waits for its end, on a terminal
};

// "  Updating   : foo-2-1.noarch        1/4", cut or padded to the width. Pure.
[[nodiscard]] std::string element_line(package::ElementPhase phase, std::string_view nevra, std::size_t number, std::size_t total,
                                       unsigned width);

}  // namespace lastack::cli
