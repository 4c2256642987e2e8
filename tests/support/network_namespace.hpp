// Networks of a test's own: Linux network namespaces, whose addresses, routes, links and firewalls a test may break.
//
// A namespace has no name and leaves nothing behind: it is gone with the last descriptor, thread and process in it.
#pragma once

#include "base/file.hpp"

#include <string>
#include <string_view>

namespace lastack::test {

class NetworkNamespace {
public:
    NetworkNamespace();  // a new one, its `lo` up. Throws std::system_error when that is not permitted

    // The calling thread is inside while this lives. Threads and programs started meanwhile are there for good.
    class Stay {
    public:
        explicit Stay(const NetworkNamespace& in);
        ~Stay();
        Stay(const Stay&) = delete;
        Stay& operator=(const Stay&) = delete;

    private:
        FileDescriptor before_;
    };

    // Run the program inside, with its arguments parted by spaces, or with one command line of nft; return its output. Throw
    // std::runtime_error with it when the program fails.
    std::string ip(std::string_view arguments) const;
    std::string nft(const std::string& commands) const;

    [[nodiscard]] std::string path() const;  // as ip and nsenter take it

private:
    FileDescriptor file_;
};

// A link between the two namespaces of a pair: an Ethernet of two machines, with the same name at both ends.
struct NamespaceLink {
    std::string name;
    std::string client;  // addresses of the ends
    std::string server;
    std::string client_six;
    std::string server_six;
};

// A client's and a server's namespace and two links. The server's own addresses lie behind the links; the client's default routes lead
// over the first one, and over the second when the first has none any more.
class NamespacePair {
public:
    NamespacePair();

    // Why there can be none: nothing is permitted, or a program is missing. Empty when there can.
    [[nodiscard]] static std::string why_not();

    static constexpr const char* kServer = "203.0.113.1";
    static constexpr const char* kServerSix = "2001:db8:f::1";

    NetworkNamespace client;
    NetworkNamespace server;
    NamespaceLink first{"first", "192.0.2.1", "192.0.2.2", "2001:db8:1::1", "2001:db8:1::2"};
    NamespaceLink second{"second", "198.51.100.1", "198.51.100.2", "2001:db8:2::1", "2001:db8:2::2"};

private:
    void join(const NamespaceLink& link, int metric) const;
};

}  // namespace lastack::test
