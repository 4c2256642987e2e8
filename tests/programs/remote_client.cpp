// A download client that does what it is told line by line, for tests that stop, kill or fork the process around it.
//
//   fetch N URL   N requests for it at a time          → "fetched N" with the number that succeeded
//   close         close_connections()                  → "closed"
//   exec PROGRAM ARGUMENT   fork, then exec            → "child PID"
//   fork          fork without exec: the child waits   → "child PID"
//
// Its children live until the process group is killed.
#include "lastack/client.hpp"

#include <algorithm>
#include <csignal>
#include <iostream>
#include <sstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

constexpr unsigned kConnections = 50;

std::size_t fetch(lastack::Client& client, std::size_t count, const std::string& url) {
    const lastack::FetchRequest request{.urls = {url}, .options = {.timeout = std::chrono::seconds{10}, .retries = 1}};
    const auto results = client.fetch(std::vector(count, request));
    return static_cast<std::size_t>(std::ranges::count_if(results, [](const auto& result) { return result.has_value(); }));
}

pid_t start_child(const std::string& program, const std::string& argument) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!program.empty()) {
            ::execlp(program.c_str(), program.c_str(), argument.c_str(), nullptr);
            ::_exit(127);
        }
        while (true) {
            ::pause();
        }
    }
    return child;
}

}  // namespace

int main() {
    lastack::Client client(
        {.max_parallel_downloads = kConnections, .max_connections_per_host = kConnections, .idle_limit = std::chrono::seconds{60}});
    client.expect_more(true);
    std::cout << "ready" << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string command;
        words >> command;
        if (command == "fetch") {
            std::size_t count = 0;
            std::string url;
            words >> count >> url;
            std::cout << "fetched " << fetch(client, count, url) << std::endl;
        } else if (command == "close") {
            client.close_connections();
            std::cout << "closed" << std::endl;
        } else if (command == "exec" || command == "fork") {
            std::string program;
            std::string argument;
            words >> program >> argument;
            std::cout << "child " << start_child(program, argument) << std::endl;
        }
    }
    return 0;
}
