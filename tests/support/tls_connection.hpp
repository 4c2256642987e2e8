// One connection of a scripted TLS peer: performs its script, records what comes. All of it on the peer's thread, with its lock held.
#pragma once

#include "base/file.hpp"
#include "support/openssl_handles.hpp"
#include "support/tls_script.hpp"

#include <deque>
#include <set>
#include <string>
#include <string_view>

namespace lastack::test::tls {

class Connection {
public:
    Connection(FileDescriptor socket, SSL_CTX* context, SeenConnection& seen, Record& record, const std::set<std::string>& open_gates,
               Steps script);
    Connection(const Connection&) = delete;  // OpenSSL's callbacks point here
    Connection& operator=(const Connection&) = delete;

    [[nodiscard]] int descriptor() const;  // to be polled; -1 while nothing can come
    [[nodiscard]] short events() const;
    [[nodiscard]] bool ended() const { return seen_.ended.has_value(); }
    void handle(short events, TimePoint now);  // what poll reported, then as many steps as can be done

    // The callbacks that a context of the peer needs.
    static void install(SSL_CTX* context);

private:
    enum class Progress : std::uint8_t { done, blocked };

    void read_all();
    void decrypt();
    void take_requests();
    void see_reset();
    void look_for_end(short events);
    void flush();
    void advance();
    void after_script();
    void established();
    bool write(std::string_view bytes);
    void send_half();             // of what OpenSSL made; the rest is held back
    void output(bool succeeded);  // what OpenSSL made joins what is to be sent
    void finish();
    void leave_gate();

    Progress perform(const ClientHello&);
    Progress perform(const ServerHello&);
    Progress perform(const Handshake&);
    Progress perform(const Alert& step);
    Progress perform(Answer& step);
    Progress perform(const Send& step);
    Progress perform(const SendHalf& step);
    Progress perform(const HalfCloseNotify&);
    Progress perform(const SendRest&);
    Progress perform(const SendRaw& step);
    Progress perform(const CloseNotify&);
    Progress perform(const Fin&);
    Progress perform(const Reset&);
    Progress perform(const Tickets& step);
    Progress perform(const KeyUpdate& step);
    Progress perform(const WaitUntil& step);
    Progress perform(const WaitForClose&);
    Progress perform(const StopReading&);
    static Progress perform(const Ignore&) { return Progress::blocked; }

    static int see_client_hello(SSL* ssl, int* alert, void* unused);
    static void see_message(int write, int version, int type, const void* bytes, std::size_t size, SSL* ssl, void* connection);

    FileDescriptor socket_;
    TlsBuffers tls_;
    SeenConnection& seen_;
    Record& record_;
    const std::set<std::string>& open_gates_;
    std::deque<Step> script_;
    std::string out_;    // encrypted, to be sent
    std::string held_;   // encrypted, held back
    std::string plain_;  // decrypted, not yet a request
    std::string gate_;   // the gate it stands at
    int unanswered_ = 0;
    bool reading_ = true;
    TimePoint now_{};
};

}  // namespace lastack::test::tls
