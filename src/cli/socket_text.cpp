#include "cli/socket_text.hpp"

#include "base/text.hpp"
#include "cli/columns.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lastack::cli {

namespace {

using net::TcpState;

long long milliseconds(Duration duration) { return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count(); }

std::string in_state(const FollowedSocket& socket) {
    if (socket.in_state() > Duration::zero()) {
        return ">" + short_duration(socket.in_state());
    }
    // Behind the peer's FIN no payload comes.
    if (socket.seen.tcp.state == TcpState::close_wait && socket.seen.tcp.quiet) {
        return "<" + short_duration(*socket.seen.tcp.quiet + std::chrono::milliseconds{1});
    }
    return "-";
}

std::string padded(const std::string& text, std::size_t width, bool right) {
    const std::size_t taken = display_width(text);
    const std::string blanks(width > taken ? width - taken : 0, ' ');
    return right ? blanks + text : text + blanks;
}

std::string_view word(SocketEvent::Kind kind) {
    switch (kind) {
        case SocketEvent::Kind::seen:
            return "seen";
        case SocketEvent::Kind::changed:
            return "changed";
        case SocketEvent::Kind::gone:
            return "gone";
    }
    return "";
}

}  // namespace

std::string_view half_closed(TcpState state) {
    if (state == TcpState::close_wait) {
        return "half closed: the peer has closed, this side has not";
    }
    return state == TcpState::fin_wait_2 ? "half closed: this side has closed, the peer has not" : "";
}

std::string short_duration(Duration duration) {
    const auto count = milliseconds(duration);
    if (count < 1000) {
        return fmt::format("{}ms", count);
    }
    if (count < 100'000) {
        return fmt::format("{}.{}s", count / 1000, count % 1000 / 100);
    }
    return count < 7'200'000 ? fmt::format("{}m", count / 60'000) : fmt::format("{}h", count / 3'600'000);
}

std::string owner_of(const SeenSocket& socket) {
    return socket.pid < 0 ? "-" : fmt::format("{}[{}]", printable(socket.program), socket.pid);
}

std::string described(const SeenSocket& socket) {
    return fmt::format("{} {} -> {}", owner_of(socket), to_string(socket.tcp.local), to_string(socket.tcp.remote));
}

std::vector<std::string> socket_table(const std::vector<FollowedSocket>& sockets) {
    using Row = std::array<std::string, 8>;
    constexpr std::array<bool, 8> right{false, true, true, false, false, true, true, false};
    std::vector<Row> rows{{"State", "Recv-Q", "Send-Q", "Local", "Remote", "In state", "Quiet", "Process"}};
    for (const FollowedSocket& socket : sockets) {
        const net::TcpSocket& tcp = socket.seen.tcp;
        rows.push_back({std::string(to_string(tcp.state)), std::to_string(tcp.receive_queue), std::to_string(tcp.send_queue),
                        to_string(tcp.local), to_string(tcp.remote), in_state(socket), tcp.quiet ? short_duration(*tcp.quiet) : "-",
                        owner_of(socket.seen)});
    }
    std::array<std::size_t, 8> widths{};
    for (const Row& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) {
            widths[i] = std::max(widths[i], display_width(row[i]));
        }
    }
    std::vector<std::string> lines;
    for (std::size_t number = 0; number < rows.size(); ++number) {
        std::string line;
        for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
            line += padded(rows[number][i], widths[i], right[i]) + "  ";
        }
        lines.push_back(line + rows[number].back());
        const std::string_view note = number == 0 ? "" : half_closed(sockets[number - 1].seen.tcp.state);
        if (!note.empty()) {
            lines.push_back("  " + std::string(note));
        }
    }
    return lines;
}

std::vector<std::string> fitted(std::vector<std::string> lines, std::size_t width, std::size_t height) {
    if (lines.size() > height && height > 0) {
        const std::size_t shown = height - 1;
        const std::string rest = fmt::format("... {} more lines", lines.size() - shown);
        lines.resize(shown);
        lines.push_back(rest);
    }
    for (std::string& line : lines) {
        while (display_width(line) > width) {
            // A whole character: the bytes that continue it, then its first.
            char last = 0;
            do {
                last = line.back();
                line.pop_back();
            } while (!line.empty() && (static_cast<unsigned char>(last) & 0xC0) == 0x80);
        }
    }
    return lines;
}

std::string event_line(const SocketEvent& event, Duration at) {
    const SeenSocket& socket = event.socket.seen;
    std::string line = fmt::format("[{}.{:03}] ", milliseconds(at) / 1000, milliseconds(at) % 1000);
    if (event.kind == SocketEvent::Kind::changed) {
        line += fmt::format("{} -> {} (after at least {}) {}", to_string(event.before), to_string(socket.tcp.state),
                            short_duration(event.in_state_before), described(socket));
    } else {
        line += fmt::format("{} {} {}", word(event.kind), to_string(socket.tcp.state), described(socket));
    }
    if (event.kind == SocketEvent::Kind::gone) {
        return line + fmt::format(" (in {} for at least {})", to_string(socket.tcp.state), short_duration(event.socket.in_state()));
    }
    const auto note = half_closed(socket.tcp.state);
    return note.empty() ? line : line + ", " + std::string(note);
}

std::string overdue_sentence(const CloseWait& wait, std::chrono::milliseconds limit) {
    return fmt::format("{} was in CLOSE_WAIT for at least {} ms, allowed are {} ms: the peer has closed, this side has not",
                       described(wait.socket), milliseconds(wait.lasted), limit.count());
}

std::string summary_text(const SocketSummary& summary) {
    std::string text = fmt::format("TCP sockets seen: {}, at most {} at a time\n", summary.sockets, summary.most_at_a_time);
    text += fmt::format("In CLOSE_WAIT: {}", summary.in_close_wait);
    if (const auto& longest = summary.longest_close_wait) {
        text += fmt::format(", the longest for at least {} ms: {}", milliseconds(longest->lasted), described(longest->socket));
    }
    return text + "\n";
}

}  // namespace lastack::cli
