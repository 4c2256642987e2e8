#include "cli/socket_looks.hpp"

#include "cli/processes.hpp"

namespace lastack::cli {

Result<Look> SocketLooks::take() {
    Look look{.begun = Clock::now()};
    auto table = table_.read();
    if (!table) {
        return std::unexpected(std::move(table.error()));
    }
    for (const pid_t pid : owners_.elsewhere()) {
        // Inodes are of the whole machine, so that owners are found in any namespace. A process that has ended has no table any more.
        if (const auto other = net::read_table_of(pid)) {
            table->insert(table->end(), other->begin(), other->end());
        }
    }
    owners_.follow(*table, look.begun);
    for (const net::TcpSocket& socket : *table) {
        if (const auto holder = owners_.holder_of(socket)) {
            look.sockets.push_back({.tcp = socket, .pid = holder->pid, .program = name_of(holder->pid, look.begun)});
        } else if (ownerless_ == Ownerless::show) {
            look.sockets.push_back({.tcp = socket});
        }
    }
    look.ended = Clock::now();
    return look;
}

// A program may become another one by exec: a name is not believed for long.
std::string SocketLooks::name_of(pid_t pid, TimePoint now) {
    if (now - names_read_ >= net::longest_between_scans) {
        names_.clear();
        names_read_ = now;
    }
    const auto [name, fresh] = names_.try_emplace(pid);
    if (fresh) {
        name->second = program_name(pid);
    }
    return name->second;
}

}  // namespace lastack::cli
