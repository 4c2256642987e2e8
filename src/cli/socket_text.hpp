// What `lastack sockets` says, for people and as JSON. Pure; names of programs are made safe here.
#pragma once

#include "cli/socket_history.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::cli {

// "half closed: the peer has closed, this side has not"; empty for a state that is not half closed.
[[nodiscard]] std::string_view half_closed(net::TcpState state);

// "123ms", "4.2s", "17m", "3h".
[[nodiscard]] std::string short_duration(Duration duration);

// "python3[123]", "-" without an owner.
[[nodiscard]] std::string owner_of(const SeenSocket& socket);
// "python3[123] 127.0.0.1:40000 -> 127.0.0.1:80".
[[nodiscard]] std::string described(const SeenSocket& socket);

// A head and a line per socket, and one below what is half closed. "In state" is what was seen (">4.2s") or what the kernel's time since
// the last payload still allows ("<4.2s").
[[nodiscard]] std::vector<std::string> socket_table(const std::vector<FollowedSocket>& sockets);
// As much of it as a terminal shows: lines cut to the width, the last one saying how many are left out.
[[nodiscard]] std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t width, std::size_t height);

[[nodiscard]] std::string event_line(const SocketEvent& event, Duration at);
[[nodiscard]] std::string overdue_sentence(const CloseWait& wait, std::chrono::milliseconds limit);
[[nodiscard]] std::string summary_text(const SocketSummary& summary);

// One object per line, without newline; the fields are documented in docs/guide/lastack.md.
[[nodiscard]] std::string socket_json(const FollowedSocket& socket);
[[nodiscard]] std::string event_json(const SocketEvent& event, Duration at);
[[nodiscard]] std::string overdue_json(const CloseWait& wait, std::chrono::milliseconds limit);
[[nodiscard]] std::string summary_json(const SocketHistory& history, std::optional<std::chrono::milliseconds> limit, int status);

}  // namespace lastack::cli
