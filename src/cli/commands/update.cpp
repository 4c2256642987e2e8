#include "cli/apply_request.hpp"
#include "cli/command.hpp"

namespace lastack::cli {

int run_update(Session& session) { return apply_request(session, {.verb = package::Verb::update, .specs = session.arguments().operands}); }

}  // namespace lastack::cli
