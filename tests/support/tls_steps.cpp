// The steps of a scripted TLS peer, one function each.
#include "support/tls_connection.hpp"

#include <sys/socket.h>

namespace lastack::test::tls {

namespace {

constexpr std::uint8_t kFatal = 2;

}  // namespace

Connection::Progress Connection::perform(const ClientHello&) {
    if (!seen_.client_hello) {
        const int done = SSL_do_handshake(tls_.ssl());
        if (done != 1 && SSL_get_error(tls_.ssl(), done) != SSL_ERROR_WANT_READ) {
            seen_.error = openssl_error();
        }
        held_ += tls_.take_output();
    }
    return seen_.client_hello || !seen_.error.empty() ? Progress::done : Progress::blocked;
}

Connection::Progress Connection::perform(const ServerHello&) {
    const auto progress = perform(ClientHello{});
    out_ += std::exchange(held_, {});
    return progress;
}

Connection::Progress Connection::perform(const Handshake&) {
    out_ += std::exchange(held_, {});
    const int done = SSL_do_handshake(tls_.ssl());
    const bool failed = done != 1 && SSL_get_error(tls_.ssl(), done) != SSL_ERROR_WANT_READ;
    output(!failed);
    if (failed) {
        script_ = {Fin{}};
        return Progress::done;
    }
    if (done != 1) {
        return Progress::blocked;
    }
    if (!seen_.established) {
        established();
        decrypt();
    }
    return Progress::done;
}

Connection::Progress Connection::perform(const Alert& step) {
    if (seen_.established) {
        seen_.error = "an alert after the handshake would have to be encrypted";
        return Progress::done;
    }
    held_.clear();
    out_ += {SSL3_RT_ALERT, 3, 3, 0, 2, kFatal, static_cast<char>(step.description)};
    return Progress::done;
}

Connection::Progress Connection::perform(Answer& step) {
    const bool endless = step.requests == 0;
    while (unanswered_ > 0 && (endless || step.requests > 0)) {
        --unanswered_;
        output(write(step.bytes));
        if (!endless && --step.requests == 0) {
            return Progress::done;
        }
    }
    return seen_.peer_close_notify || seen_.peer_fin ? Progress::done : Progress::blocked;
}

Connection::Progress Connection::perform(const Send& step) {
    output(write(step.bytes));
    return Progress::done;
}

Connection::Progress Connection::perform(const SendHalf& step) {
    const bool written = write(step.bytes);
    send_half();
    output(written);
    return Progress::done;
}

Connection::Progress Connection::perform(const HalfCloseNotify&) {
    const bool made = SSL_shutdown(tls_.ssl()) >= 0;
    send_half();
    output(made);
    seen_.close_notify_sent = now_;
    return Progress::done;
}

void Connection::send_half() {
    held_ = tls_.take_output();
    out_ += held_.substr(0, held_.size() / 2);
    held_.erase(0, held_.size() / 2);
}

Connection::Progress Connection::perform(const SendRest&) {
    out_ += std::exchange(held_, {});
    return Progress::done;
}

Connection::Progress Connection::perform(const SendRaw& step) {
    out_ += step.bytes;
    return Progress::done;
}

Connection::Progress Connection::perform(const CloseNotify&) {
    const bool sent = SSL_shutdown(tls_.ssl()) >= 0;
    output(sent);
    seen_.close_notify_sent = now_;
    return Progress::done;
}

Connection::Progress Connection::perform(const Fin&) {
    ::shutdown(socket_.get(), SHUT_WR);
    seen_.fin_sent = now_;
    return Progress::done;
}

Connection::Progress Connection::perform(const Reset&) {
    const linger abort{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    seen_.reset_sent = now_;
    finish();
    return Progress::done;
}

Connection::Progress Connection::perform(const Tickets& step) {
    bool made = true;
    for (int count = 0; count < step.count; ++count) {
        made = SSL_new_session_ticket(tls_.ssl()) == 1 && made;
    }
    output(made && SSL_do_handshake(tls_.ssl()) == 1);
    return Progress::done;
}

Connection::Progress Connection::perform(const KeyUpdate& step) {
    const bool made = SSL_key_update(tls_.ssl(), step.requested ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED) == 1;
    output(made && SSL_do_handshake(tls_.ssl()) == 1);
    return Progress::done;
}

Connection::Progress Connection::perform(const WaitUntil& step) {
    if (open_gates_.contains(step.gate)) {
        leave_gate();
        return Progress::done;
    }
    if (gate_.empty()) {
        gate_ = step.gate;
        ++record_.waiting_at[gate_];
    }
    return Progress::blocked;
}

Connection::Progress Connection::perform(const WaitForClose&) {
    return seen_.peer_close_notify || seen_.peer_fin ? Progress::done : Progress::blocked;
}

Connection::Progress Connection::perform(const StopReading&) {
    reading_ = false;
    return Progress::done;
}

}  // namespace lastack::test::tls
