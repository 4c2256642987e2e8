// What a scripted TLS peer is told to do with a connection, and what it records of it. Values only.
#pragma once

#include "base/time.hpp"
#include "support/script.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace lastack::test::tls {

// Until the ClientHello has come; the server's flight that answers it is made and held back.
struct ClientHello {};
// ClientHello, and the flight leaves: ServerHello .. Finished in 1.3, ServerHello .. ServerHelloDone in 1.2.
struct ServerHello {};
// To its end, from wherever it stands. When it fails the alert leaves, then FIN, and the rest of the script is dropped.
struct Handshake {};
// A fatal alert that is not encrypted, so for a handshake that is not done; what was held back stays behind.
struct Alert {
    std::uint8_t description = 40;  // 40: handshake_failure
};
// Waits for a request and sends these bytes, this many times; 0: until the client closes.
struct Answer {
    std::string bytes;
    int requests = 1;
};
struct Send {
    std::string bytes;
};
// Encrypts all and sends the first half of that. Up to 16 KiB are one record.
struct SendHalf {
    std::string bytes;
};
struct HalfCloseNotify {};  // likewise; TCP stays open
struct SendRest {};         // the other half
// As they are, past TLS.
struct SendRaw {
    std::string bytes;
};
struct CloseNotify {};  // TCP stays open, and what comes is still read
struct Fin {};          // FIN and nothing else; what comes is still read
struct Reset {};        // RST
// NewSessionTicket messages, TLS 1.3 only.
struct Tickets {
    int count = 1;
};
// TLS 1.3 only.
struct KeyUpdate {
    bool requested = false;  // update_requested: the client has to answer with its own
};
struct WaitUntil {
    std::string gate;
};
struct WaitForClose {};  // the client's close_notify, FIN or RST
struct StopReading {};   // for good: the client's bytes fill the kernel's buffer; its FIN is seen all the same
struct Ignore {};        // never ends: nothing the client does is answered, its FIN neither

using Step = std::variant<ClientHello, ServerHello, Handshake, Alert, Answer, Send, SendHalf, HalfCloseNotify, SendRest, SendRaw,
                          CloseNotify, Fin, Reset, Tickets, KeyUpdate, WaitUntil, WaitForClose, StopReading, Ignore>;
// When a script is done the connection stays open: a close_notify is answered with close_notify and FIN, a FIN with FIN.
using Steps = std::vector<Step>;

struct SeenConnection {
    int number = 0;    // 1: the first accepted
    std::string peer;  // "ip:port"
    TimePoint accepted{};

    std::string sni;                // of the ClientHello
    std::vector<std::string> alpn;  // offered
    bool session_offered = false;   // a session to be resumed
    std::optional<TimePoint> client_hello;

    std::optional<TimePoint> established;  // both Finished are there
    std::string protocol;                  // "TLSv1.3"
    std::string alpn_chosen;
    bool resumed = false;
    std::string client_certificate;  // common name; empty: none

    std::uint64_t received = 0;         // bytes of TCP
    std::vector<SeenRequest> requests;  // answered or not
    int key_updates = 0;                // from the client
    std::optional<int> alert;           // from the client, close_notify left out
    std::optional<TimePoint> peer_close_notify;
    std::optional<TimePoint> peer_fin;
    std::optional<TimePoint> peer_reset;

    std::optional<TimePoint> close_notify_sent;
    std::optional<TimePoint> fin_sent;
    std::optional<TimePoint> reset_sent;
    std::string error;               // OpenSSL's words for what failed here
    std::optional<TimePoint> ended;  // the socket is closed
};

struct Record {
    std::deque<SeenConnection> connections;  // in the order of acceptance
    std::map<std::string, int> waiting_at;   // connections that stand at a gate now

    [[nodiscard]] int open_connections() const;
    [[nodiscard]] int waiting(const std::string& gate) const;
};

}  // namespace lastack::test::tls
