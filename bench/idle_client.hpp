// The clients that bench_idle measures, and the orders they take in a process of their own.
//
//   warm PORT          a new client, one request, its connection closed by the server
//   hold PORT COUNT    COUNT requests at once; then all these connections are idle
//   spread PORT...     a request to each, a few at a time; then all these connections are idle
//   weigh              -> the heap
//   processor          -> seconds of processor time that this process has used
//   load PORT FOLDER   downloads at full speed from now on
//   unload             their end
//   transfer PORT      one more request, on whatever connection
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace lastack::bench {

class IdleClient {
public:
    virtual ~IdleClient() = default;
    // A request to each of these ports, all at once; returns when all are answered.
    virtual void ask(const std::vector<std::uint16_t>& ports) = 0;
    virtual void begin_load(std::uint16_t port, const std::filesystem::path& folder) = 0;
    virtual void end_load() = 0;
    // What a program does with this client while it waits for something else.
    virtual void wait_for_input(int fd) { (void)fd; }
};

constexpr unsigned load_downloads = 4;
constexpr unsigned spread_at_once = 8;

// `ca`: empty for plain connections. `most`: connections at a time, without those of the load.
[[nodiscard]] std::unique_ptr<IdleClient> make_lastack_client(const std::filesystem::path& ca, unsigned most);
[[nodiscard]] std::unique_ptr<IdleClient> make_bare_loop(const std::filesystem::path& ca);                  // drops what the load brings
[[nodiscard]] std::unique_ptr<IdleClient> make_curl_multi(const std::filesystem::path& ca, unsigned most);  // takes no load

// The process of the client KIND ("lastack", "bare", "curl"): takes orders until there are no more.
int run_idle_client(const std::string& kind, const std::filesystem::path& ca, unsigned most);

}  // namespace lastack::bench
