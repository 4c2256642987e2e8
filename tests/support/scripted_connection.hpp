// One accepted socket of a scripted origin and the script it plays. Everything here happens under the origin's lock, and never blocks.
#pragma once

#include "base/file.hpp"
#include "support/script.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>

namespace lastack::test {

struct SeenConnection {
    int number = 0;    // 1: the first accepted
    std::string peer;  // "ip:port"
    TimePoint accepted{};
    std::optional<TimePoint> fin_sent;
    std::optional<TimePoint> reset_sent;
    std::optional<TimePoint> peer_fin;    // when the client's FIN was seen
    std::optional<TimePoint> peer_reset;  // when the client's RST was seen
    std::optional<TimePoint> ended;       // when our descriptor was closed
    int requests = 0;
    std::uint64_t sent = 0;  // bytes the kernel took
    std::uint64_t received = 0;

    [[nodiscard]] bool open() const { return !ended; }
    [[nodiscard]] std::optional<TimePoint> peer_closed() const { return peer_fin ? peer_fin : peer_reset; }
};

// All that happened so far.
struct Record {
    std::vector<SeenRequest> requests;       // in the order in which they came
    std::deque<SeenConnection> connections;  // in the order of acceptance
    std::map<std::string, int> waiting_at;   // connections that stand at a gate now

    [[nodiscard]] int open_connections() const;
    [[nodiscard]] int waiting(const std::string& gate) const;
    [[nodiscard]] int requests_for(std::string_view path) const;
};

class ScriptedConnection {
public:
    // What a connection asks of its origin.
    class Director {
    public:
        virtual ~Director() = default;
        virtual Reply reply_to(const SeenRequest& request) = 0;
        virtual bool is_open(const std::string& gate) = 0;
    };

    ScriptedConnection(FileDescriptor socket, SeenConnection& seen, Record& record, Director& director, Steps on_accept);

    [[nodiscard]] int descriptor() const { return socket_.get(); }
    [[nodiscard]] short events() const;
    [[nodiscard]] std::optional<TimePoint> wake_at() const { return wake_at_; }
    [[nodiscard]] bool ended() const { return seen_.ended.has_value(); }
    // Between two requests, with both directions open.
    [[nodiscard]] bool idle() const;

    void handle(short events, TimePoint now);  // what poll reported, then as many steps as can be done
    void run(Steps steps, TimePoint now);      // behind the steps still to do

private:
    enum class Progress : std::uint8_t { done, blocked };

    void read_all(TimePoint now);
    void advance(TimePoint now);
    void peer_has_closed(TimePoint now);
    void take_lost_requests(TimePoint now);
    bool take_request(TimePoint now);
    void send_fin();
    void finish(TimePoint now);
    void leave_gate();

    Progress perform(const Send& step, TimePoint now);
    Progress perform(const SendEndless& step, TimePoint now);
    Progress perform(const CloseFin& step, TimePoint now);
    Progress perform(const ShutdownWrite& step, TimePoint now);
    Progress perform(const Reset& step, TimePoint now);
    Progress perform(const WaitUntil& step, TimePoint now);
    Progress perform(const WaitForPeerClose& step, TimePoint now);
    Progress perform(const WaitReadable& step, TimePoint now);
    Progress perform(const Throttle& step, TimePoint now);
    Progress perform(const Delay& step, TimePoint now);

    // Bytes taken by the kernel; nothing when it is not time, when it takes none, or when the peer is gone.
    std::size_t send_some(std::string_view bytes, bool more, TimePoint now);

    FileDescriptor socket_;
    SeenConnection& seen_;
    Record& record_;
    Director& director_;
    std::deque<Step> script_;
    std::string in_;              // received and not yet part of a request
    std::uint64_t position_ = 0;  // bytes of the current step that were sent
    std::string block_;           // SendEndless: the pattern many times over
    std::string gate_;            // the gate it stands at
    bool wants_write_ = false;
    bool peer_close_handled_ = false;
    bool resets_on_data_ = false;  // after CloseFin
    std::uint64_t rate_ = 0;
    std::optional<TimePoint> paced_until_;
    std::optional<TimePoint> delayed_until_;
    std::optional<TimePoint> wake_at_;
};

}  // namespace lastack::test
