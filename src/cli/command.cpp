#include "cli/command.hpp"

namespace lastack::cli {

int run_command(Session& session) {
    const Command command = session.arguments().command;
    if (command == Command::help) {
        return run_help(session);
    }
    if (command == Command::sockets) {
        return run_sockets(session);
    }
    // These read the configuration themselves: what is wrong in it is what they may be asked to correct.
    if (command == Command::config_set || command == Command::config_unset) {
        return run_config_change(session);
    }
    if (command == Command::repo_enable || command == Command::repo_disable) {
        return run_repo_switch(session);
    }
    if (auto loaded = session.load_config(); !loaded) {
        return session.fail(loaded.error());
    }
    switch (command) {
        case Command::update:
            return run_update(session);
        case Command::install:
            return run_install(session);
        case Command::remove:
            return run_remove(session);
        case Command::list:
            return run_list(session);
        case Command::check_update:
            return run_check_update(session);
        case Command::repolist:
            return run_repolist(session);
        case Command::repoinfo:
            return run_repoinfo(session);
        case Command::makecache:
            return run_makecache(session);
        case Command::clean:
            return run_clean(session);
        case Command::config:
            return run_config(session);
        case Command::cache:
            return run_cache(session);
        case Command::get:
            return run_get(session);
        case Command::config_set:
        case Command::config_unset:
        case Command::repo_enable:
        case Command::repo_disable:
        case Command::sockets:
        case Command::help:
            break;
    }
    return run_help(session);
}

}  // namespace lastack::cli
