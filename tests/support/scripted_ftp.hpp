// An FTP server on 127.0.0.1 that does what a test wants, and remembers what it was told. One thread, one file.
#pragma once

#include "base/file.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace lastack::test {

struct FtpScript {
    std::string content;
    bool greets = true;
    bool knows_size = true;
    bool knows_time = true;
    bool knows_rest = true;
    std::string modified = "20200102030405";
    // Instead of what it would say to a command ("PASS", "RETR", ...); only the first so many times when `times` has the command too.
    std::map<std::string, std::string> replies;
    std::map<std::string, int> times;
    std::optional<std::size_t> cut_after;  // the first transfer ends after so many bytes
    bool stalls = false;                   // it does not end but stands still there, for good
    std::string pasv_host = "127,0,0,1";   // what PASV says; EPSV is refused when it is another one
};

class ScriptedFtp {
public:
    explicit ScriptedFtp(FtpScript script);
    ~ScriptedFtp();
    ScriptedFtp(const ScriptedFtp&) = delete;
    ScriptedFtp& operator=(const ScriptedFtp&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] std::string url(std::string_view path) const { return "ftp://127.0.0.1:" + std::to_string(port_) + std::string(path); }
    [[nodiscard]] std::vector<std::string> commands() const;
    [[nodiscard]] std::vector<std::string> commands(std::string_view verb) const;
    // Control connections that ended with the client's FIN after QUIT.
    [[nodiscard]] int goodbyes() const;

private:
    class Session;
    void serve();
    [[nodiscard]] bool wait(int descriptor, short events) const;  // false: the test is over

    FtpScript script_;
    FileDescriptor listener_;
    FileDescriptor over_;  // an eventfd
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::vector<std::string> commands_;
    int goodbyes_ = 0;
    std::atomic<bool> has_cut_ = false;
    std::vector<std::jthread> sessions_;
    std::jthread accepting_;
};

}  // namespace lastack::test
