// A client that is a plain socket: it sends bytes and shows what came back.
#pragma once

#include "base/file.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lastack::test {

enum class End : std::uint8_t { still_open, fin, reset };

class RawClient {
public:
    explicit RawClient(std::uint16_t port, const std::string& address = "127.0.0.1");

    RawClient& send(std::string_view bytes);
    RawClient& get(std::string_view target, std::string_view more_fields = {});
    // Reads until `text` stands in what came, or the connection ended; everything that came so far.
    std::string read_until(std::string_view text);
    std::string read_to_end();
    [[nodiscard]] End end() const { return end_; }
    void read_at_most(std::size_t bytes);
    void close();
    void reset();
    void drop() { in_.clear(); }
    [[nodiscard]] FileDescriptor take_socket() { return std::move(socket_); }

private:
    bool read_some();

    FileDescriptor socket_;
    std::string in_;
    End end_ = End::still_open;
};

}  // namespace lastack::test
