// Takes looks at the sockets of watched processes: the table, the owners, the names. Blocks on the kernel.
#pragma once

#include "cli/socket_history.hpp"
#include "net/socket_owners.hpp"
#include "net/socket_table.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <sys/types.h>

namespace lastack::cli {

enum class Ownerless : std::uint8_t { leave_out, show };

class SocketLooks {
public:
    SocketLooks(net::SocketOwners::Processes watched, net::Quiet quiet, Ownerless ownerless = Ownerless::leave_out)
        : table_{quiet}, owners_{std::move(watched)}, ownerless_{ownerless} {}

    // Errors: those of reading the table.
    [[nodiscard]] Result<Look> take();
    // As of the last look.
    [[nodiscard]] const net::SocketOwners& owners() const { return owners_; }

private:
    std::string name_of(pid_t pid, TimePoint now);

    net::SocketTable table_;
    net::SocketOwners owners_;
    Ownerless ownerless_;
    std::map<pid_t, std::string> names_;
    TimePoint names_read_;
};

}  // namespace lastack::cli
