#include "cli/command.hpp"

namespace lastack::cli {

int run_help(Session& session) {
    const auto& operands = session.arguments().operands;
    const auto text = help_text(operands);
    if (!text) {
        std::string words;
        for (const std::string& word : operands) {
            words += (words.empty() ? "" : " ") + word;
        }
        session.fail("there is no command '" + words + "'; `lastack help` lists them");
        return exit_status::usage;
    }
    session.print(*text);
    return exit_status::done;
}

}  // namespace lastack::cli
