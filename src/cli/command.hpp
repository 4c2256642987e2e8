// The commands, one file each in commands/; each returns the exit status.
#pragma once

#include "cli/session.hpp"

namespace lastack::cli {

[[nodiscard]] int run_update(Session& session);
[[nodiscard]] int run_install(Session& session);
[[nodiscard]] int run_remove(Session& session);
[[nodiscard]] int run_list(Session& session);
[[nodiscard]] int run_check_update(Session& session);
[[nodiscard]] int run_repolist(Session& session);
[[nodiscard]] int run_repoinfo(Session& session);
[[nodiscard]] int run_makecache(Session& session);
[[nodiscard]] int run_clean(Session& session);
[[nodiscard]] int run_config(Session& session);
[[nodiscard]] int run_config_change(Session& session);  // config set, config unset
[[nodiscard]] int run_repo_switch(Session& session);    // repo enable, repo disable
[[nodiscard]] int run_cache(Session& session);
[[nodiscard]] int run_get(Session& session);
[[nodiscard]] int run_sockets(Session& session);
[[nodiscard]] int run_help(Session& session);

// Loads the configuration where the command wants one, then runs it.
[[nodiscard]] int run_command(Session& session);

}  // namespace lastack::cli
