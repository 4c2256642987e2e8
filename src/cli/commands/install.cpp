#include "cli/apply_request.hpp"
#include "cli/command.hpp"

namespace lastack::cli {

int run_install(Session& session) {
    return apply_request(session, {.verb = package::Verb::install, .specs = session.arguments().operands});
}

}  // namespace lastack::cli
