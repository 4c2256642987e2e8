// What an idle connection costs a client in user space: the growth of its process from no connection to many idle ones.
#pragma once

#include "bench/figures.hpp"

#include <openssl/ssl.h>

#include <filesystem>
#include <string>

namespace lastack::bench {

// Prints the figures of all clients; `limit_kib` is the goal of lastack's.
void compare_memory(SSL_CTX* context, const std::filesystem::path& ca, unsigned connections, const std::string& name, double limit_kib,
                    Goals& goals);

}  // namespace lastack::bench
