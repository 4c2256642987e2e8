#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/session.hpp"
#include "cli/signals.hpp"

#include <cstdio>
#include <exception>

int main(int argc, char** argv) {
    using namespace lastack::cli;
    try {
        auto parsed = parse_arguments(argc, argv);
        if (const auto* early = std::get_if<EarlyExit>(&parsed)) {
            std::fputs(early->text.c_str(), early->status == 0 ? stdout : stderr);
            return early->status;
        }
        Signals signals;  // before any other thread
        Session session{std::move(std::get<Arguments>(parsed)), signals};
        return run_command(session);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "lastack: internal error: %s\n", failure.what());
        return exit_status::failed;
    }
}
