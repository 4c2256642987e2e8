#include "support/tls_connection.hpp"

#include <openssl/err.h>

#include <array>
#include <cerrno>
#include <poll.h>
#include <span>
#include <sys/socket.h>

namespace lastack::test::tls {

namespace {

constexpr std::uint8_t kCloseNotify = 0;

bool is_closed_by_peer(const SeenConnection& seen) { return seen.peer_fin || seen.peer_reset; }

// Steps that go on waiting when the client is gone.
bool outlives_client(const Step& step) { return std::holds_alternative<WaitUntil>(step) || std::holds_alternative<Ignore>(step); }

// The single entries of a TLS vector: u16 size of all, then each with a size of `size_bytes`, `skip` bytes in front.
std::vector<std::string> entries(std::span<const unsigned char> data, std::size_t skip, std::size_t size_bytes) {
    std::vector<std::string> result;
    for (std::size_t at = 2; at + skip + size_bytes <= data.size();) {
        at += skip;
        std::size_t size = 0;
        for (std::size_t index = 0; index < size_bytes; ++index) {
            size = size << 8U | data[at++];
        }
        if (size > data.size() - at) {
            break;
        }
        result.emplace_back(reinterpret_cast<const char*>(data.data() + at), size);
        at += size;
    }
    return result;
}

std::span<const unsigned char> extension(SSL* ssl, unsigned type) {
    const unsigned char* data = nullptr;
    std::size_t size = 0;
    return SSL_client_hello_get0_ext(ssl, type, &data, &size) == 1 ? std::span(data, size) : std::span<const unsigned char>{};
}

std::string common_name(X509* certificate) {
    std::array<char, 256> text{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, text.data(), static_cast<int>(text.size()));
    return text.data();
}

}  // namespace

int Record::open_connections() const {
    int count = 0;
    for (const auto& each : connections) {
        count += each.ended ? 0 : 1;
    }
    return count;
}

int Record::waiting(const std::string& gate) const {
    const auto found = waiting_at.find(gate);
    return found == waiting_at.end() ? 0 : found->second;
}

Connection::Connection(FileDescriptor socket, SSL_CTX* context, SeenConnection& seen, Record& record,
                       const std::set<std::string>& open_gates, Steps script)
    : socket_(std::move(socket)),
      tls_(context, TlsBuffers::End::server),
      seen_(seen),
      record_(record),
      open_gates_(open_gates),
      script_(script.begin(), script.end()) {
    SSL_set_app_data(tls_.ssl(), this);
    SSL_set_msg_callback_arg(tls_.ssl(), this);
}

void Connection::install(SSL_CTX* context) {
    SSL_CTX_set_client_hello_cb(context, see_client_hello, nullptr);
    SSL_CTX_set_msg_callback(context, see_message);
}

int Connection::see_client_hello(SSL* ssl, int* /*alert*/, void* /*unused*/) {
    auto& self = *static_cast<Connection*>(SSL_get_app_data(ssl));
    self.seen_.client_hello = self.now_;
    constexpr std::size_t name_type = 1;
    if (const auto names = entries(extension(ssl, TLSEXT_TYPE_server_name), name_type, 2); !names.empty()) {
        self.seen_.sni = names.front();
    }
    self.seen_.alpn = entries(extension(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation), 0, 1);
    self.seen_.session_offered = !extension(ssl, TLSEXT_TYPE_psk).empty() || !extension(ssl, TLSEXT_TYPE_session_ticket).empty();
    return SSL_CLIENT_HELLO_SUCCESS;
}

void Connection::see_message(int write, int /*version*/, int type, const void* bytes, std::size_t size, SSL* /*ssl*/, void* connection) {
    const auto* octets = static_cast<const unsigned char*>(bytes);
    if (write != 0 || size < 2 || connection == nullptr) {
        return;
    }
    auto& self = *static_cast<Connection*>(connection);
    if (type == SSL3_RT_ALERT && octets[1] == kCloseNotify) {
        self.seen_.peer_close_notify = self.now_;
    } else if (type == SSL3_RT_ALERT) {
        self.seen_.alert = octets[1];
    } else if (type == SSL3_RT_HANDSHAKE && octets[0] == SSL3_MT_KEY_UPDATE) {
        ++self.seen_.key_updates;
    }
}

int Connection::descriptor() const {
    // With a FIN each way poll reports POLLHUP for ever.
    return seen_.peer_fin && seen_.fin_sent ? -1 : socket_.get();
}

short Connection::events() const {
    unsigned events = 0;
    if (!seen_.peer_fin) {
        events |= reading_ ? POLLIN : POLLRDHUP;
    }
    return static_cast<short>(events | (out_.empty() ? 0U : POLLOUT));
}

void Connection::handle(short events, TimePoint now) {
    now_ = now;
    if (events != 0) {
        if (reading_) {
            read_all();
        }
        look_for_end(events);
    }
    if (!ended()) {
        advance();
    }
}

void Connection::read_all() {
    std::array<char, 16384> buffer{};
    while (!is_closed_by_peer(seen_)) {
        const auto count = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count > 0) {
            seen_.received += static_cast<std::uint64_t>(count);
            tls_.feed({buffer.data(), static_cast<std::size_t>(count)});
        } else if (count == 0) {
            seen_.peer_fin = now_;
        } else if (errno != EINTR) {
            if (errno != EAGAIN) {
                see_reset();
            }
            break;
        }
    }
    decrypt();
}

// Our close_notify may meet a socket that their close has taken away already: then the kernel says RST, and they closed in good order.
void Connection::see_reset() { (seen_.peer_close_notify && seen_.close_notify_sent ? seen_.peer_fin : seen_.peer_reset) = now_; }

void Connection::look_for_end(short events) {
    if (!seen_.peer_reset && (static_cast<unsigned>(events) & POLLERR) != 0) {
        see_reset();
    } else if (!seen_.peer_fin && (static_cast<unsigned>(events) & POLLRDHUP) != 0) {
        seen_.peer_fin = now_;
    }
    if (seen_.peer_reset || (seen_.peer_fin && (static_cast<unsigned>(events) & POLLERR) != 0)) {
        finish();
    }
}

void Connection::decrypt() {
    std::array<char, 16384> buffer{};
    while (seen_.established && !seen_.peer_close_notify) {
        const int count = SSL_read(tls_.ssl(), buffer.data(), static_cast<int>(buffer.size()));
        if (count <= 0) {
            const int reason = SSL_get_error(tls_.ssl(), count);
            output(reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_ZERO_RETURN);
            break;
        }
        plain_.append(buffer.data(), static_cast<std::size_t>(count));
    }
    take_requests();
}

void Connection::take_requests() {
    while (auto parsed = parse_request(plain_)) {
        plain_.erase(0, parsed->size);
        auto& request = seen_.requests.emplace_back(std::move(parsed->request));
        request.connection = seen_.number;
        request.number_on_connection = static_cast<int>(seen_.requests.size());
        request.time = now_;
        request.after_fin = seen_.fin_sent.has_value();
        ++unanswered_;
    }
}

void Connection::advance() {
    while (!ended()) {
        flush();
        // A step begins when the bytes of the one before are with the kernel.
        if (ended() || !out_.empty()) {
            return;
        }
        if (script_.empty()) {
            after_script();
            return;
        }
        Step step = std::move(script_.front());
        script_.pop_front();
        const auto progress = std::visit([this](auto& each) { return this->perform(each); }, step);
        if (ended() || progress == Progress::done) {
            continue;
        }
        if (is_closed_by_peer(seen_) && !outlives_client(step)) {
            script_.clear();
            continue;
        }
        script_.push_front(std::move(step));
        flush();
        return;
    }
}

void Connection::after_script() {
    const bool close = seen_.peer_fin || seen_.peer_close_notify;
    if (close && !seen_.fin_sent) {
        if (seen_.peer_close_notify && !seen_.close_notify_sent) {
            perform(CloseNotify{});
            flush();
        }
        perform(Fin{});
    }
    if (seen_.peer_fin && !ended()) {
        finish();
    }
}

void Connection::flush() {
    while (!out_.empty() && !ended()) {
        const auto count = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count >= 0) {
            out_.erase(0, static_cast<std::size_t>(count));
        } else if (errno != EINTR) {
            if (errno == EPIPE && seen_.fin_sent) {
                seen_.error = "sent after FIN";
                out_.clear();
            } else if (errno != EAGAIN) {
                see_reset();
                finish();
            }
            return;
        }
    }
}

void Connection::output(bool succeeded) {
    out_ += tls_.take_output();
    if (!succeeded) {
        seen_.error = openssl_error();
    }
    ERR_clear_error();
}

bool Connection::write(std::string_view bytes) {
    return bytes.empty() || SSL_write(tls_.ssl(), bytes.data(), static_cast<int>(bytes.size())) > 0;
}

void Connection::established() {
    seen_.established = now_;
    seen_.protocol = SSL_get_version(tls_.ssl());
    seen_.resumed = SSL_session_reused(tls_.ssl()) == 1;
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(tls_.ssl(), &name, &size);
    seen_.alpn_chosen.assign(reinterpret_cast<const char*>(name), size);
    if (X509* certificate = SSL_get0_peer_certificate(tls_.ssl()); certificate != nullptr) {
        seen_.client_certificate = common_name(certificate);
    }
}

void Connection::finish() {
    leave_gate();
    script_.clear();
    socket_ = FileDescriptor{};
    seen_.ended = now_;
}

void Connection::leave_gate() {
    if (!gate_.empty()) {
        --record_.waiting_at[gate_];
        gate_.clear();
    }
}

}  // namespace lastack::test::tls
