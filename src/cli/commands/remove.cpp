#include "cli/apply_request.hpp"
#include "cli/command.hpp"

namespace lastack::cli {

int run_remove(Session& session) { return apply_request(session, {.verb = package::Verb::remove, .specs = session.arguments().operands}); }

}  // namespace lastack::cli
