#include "cli/command.hpp"

namespace lastack::cli {

int run_help(Session& session) {
    const auto& operands = session.arguments().operands;
    const auto text = help_text(operands.empty() ? "" : operands.front());
    if (!text) {
        session.fail("there is no command '" + operands.front() + "'; `lastack help` lists them");
        return exit_status::usage;
    }
    session.print(*text);
    return exit_status::done;
}

}  // namespace lastack::cli
