// A server program that can only be told a port number, in the foreground, ended with its owner: takes a free port, starts the program,
// waits until it listens there, and takes another port when somebody else was faster.
#pragma once

#include "support/process.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace lastack::test {

class ServerProcess {
public:
    // `prepare` writes the configuration for a port and says how to start; `log` is where the program says why it cannot. The program must
    // not write much to its output: nobody reads it. Throws std::runtime_error when it ends, or does not listen in time.
    ServerProcess(const std::function<ProcessOptions(std::uint16_t port)>& prepare, const std::filesystem::path& log);

    ~ServerProcess();
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return process_->pid(); }
    [[nodiscard]] bool running() { return process_->running(); }
    // SIGTERM, and SIGKILL to all of it after a while. Its destruction is SIGKILL at once. After both none of its processes
    // is left.
    void stop();

private:
    bool listens();

    std::uint16_t port_ = 0;
    std::unique_ptr<Process> process_;
};

}  // namespace lastack::test
