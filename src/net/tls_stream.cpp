#include "net/tls_stream.hpp"

#include "net/error.hpp"
#include "net/tls_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

namespace lastack::net {

namespace {

constexpr std::size_t first_read = std::size_t{4} << 10;  // an idle connection, or a small answer
constexpr std::size_t largest_read = std::size_t{64} << 10;
constexpr std::size_t write_size = std::size_t{16} << 10;  // one record
constexpr std::size_t most_leaving = std::size_t{1} << 20;
constexpr std::array<unsigned char, 9> protocols{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

// Where OpenSSL reads ciphertext from and writes it to: plain memory, filled and emptied by the stream. Two spans rather than OpenSSL's own
// memory BIOs, whose buffers would stay with every idle connection.
struct Wire {
    std::span<const std::byte> arrived;
    bool ended = false;  // nothing more will arrive
    std::vector<std::byte> leaving;
};

int wire_read(BIO* bio, char* into, std::size_t size, std::size_t* got) {
    auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *got = std::min(size, wire.arrived.size());
    if (*got == 0) {
        if (!wire.ended) {
            BIO_set_retry_read(bio);
        }
        return 0;
    }
    std::memcpy(into, wire.arrived.data(), *got);
    wire.arrived = wire.arrived.subspan(*got);
    return 1;
}

int wire_write(BIO* bio, const char* from, std::size_t size, std::size_t* put) {
    auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
    if (size > most_leaving - wire.leaving.size()) {
        return 0;  // a peer that has itself answered and never reads
    }
    const auto bytes = std::as_bytes(std::span{from, size});
    wire.leaving.insert(wire.leaving.end(), bytes.begin(), bytes.end());
    *put = size;
    return 1;
}

long wire_control(BIO* bio, int command, long, void*) {
    const auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
    switch (command) {
        case BIO_CTRL_EOF:
            return wire.ended && wire.arrived.empty() ? 1 : 0;
        case BIO_CTRL_FLUSH:
            return 1;
        default:
            return 0;
    }
}

BIO_METHOD* wire_method() {
    static BIO_METHOD* const method = [] {
        BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "lastack stream");
        BIO_meth_set_read_ex(made, wire_read);
        BIO_meth_set_write_ex(made, wire_write);
        BIO_meth_set_ctrl(made, wire_control);
        BIO_meth_set_create(made, [](BIO* bio) {
            BIO_set_init(bio, 1);
            return 1;
        });
        return made;
    }();
    return method;
}

class TlsStream final : public Stream {
public:
    TlsStream(std::unique_ptr<Stream> inner, std::shared_ptr<TlsContext> context, TlsPeer peer)
        : inner_{std::move(inner)}, context_{std::move(context)}, peer_{std::move(peer)}, ssl_{SSL_new(context_->native())} {}
    ~TlsStream() override {
        close(Close::orderly);
        if (ssl_) {
            // However it ended: without this OpenSSL spoils the session, which every later connection would have to do without.
            SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        }
    }

    Task<Result<void>> handshake(TimePoint deadline) {
        if (!prepare()) {
            co_return std::unexpected(failure());
        }
        std::vector<std::byte> buffer(first_read);
        while (true) {
            ERR_clear_error();
            const int done = SSL_do_handshake(ssl_.get());
            const int why = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), done);
            const bool failed = why != SSL_ERROR_NONE && why != SSL_ERROR_WANT_READ;
            auto error = failed ? std::optional{failure()} : std::nullopt;
            if (auto sent = co_await flush(deadline); !sent && !failed) {
                co_return std::unexpected(in_handshake(std::move(sent.error())));  // an alert that cannot get out is no news
            }
            if (done == 1) {
                rejected_.reset();
                co_return Result<void>{};
            }
            if (failed) {
                broken_ = true;
                co_return std::unexpected(std::move(*error));
            }
            auto n = co_await inner_->read_some(buffer, deadline);
            if (!n) {
                co_return std::unexpected(in_handshake(std::move(n.error())));
            }
            if (*n == 0) {
                co_return std::unexpected(Error{.code = NetErrc::closed,
                                                .phase = Phase::securing,
                                                .cause = "the server closed the connection during the TLS handshake"});
            }
            // What OpenSSL does not take now it takes in the next round; the handshake never leaves bytes of the application behind.
            keep(std::span{buffer}.first(*n));
        }
    }

    Task<Result<std::size_t>> read_some(std::span<std::byte> buffer, TimePoint deadline) override {
        while (true) {
            const Decrypted out = decrypt(buffer);
            if (out.bytes > 0) {
                co_return out.bytes;
            }
            if (out.then == Input::end) {
                co_return std::size_t{0};
            }
            if (out.then == Input::failed) {
                co_return std::unexpected(*failed_);
            }
            if (wire_.ended) {
                co_return std::unexpected(cut_off());
            }
            give_leaving();
            ciphertext_.resize(next_read_);
            auto n = co_await inner_->read_some(ciphertext_, deadline);
            if (!n) {
                co_return std::unexpected(std::move(n.error()));
            }
            wire_.ended = *n == 0;
            wire_.arrived = std::span{ciphertext_}.first(*n);
            if (*n == ciphertext_.size()) {
                next_read_ = std::min(largest_read, 4 * next_read_);
            }
        }
    }

    Task<Written> write_all(std::span<const std::byte> bytes, TimePoint deadline) override {
        Written written;
        while (written.bytes < bytes.size()) {
            const auto piece = bytes.subspan(written.bytes, std::min(write_size, bytes.size() - written.bytes));
            ERR_clear_error();
            std::size_t taken = 0;
            if (SSL_write_ex(ssl_.get(), piece.data(), piece.size(), &taken) != 1) {
                written.error = failure();
                written.error->phase = Phase::sending;
                broken_ = true;
                co_return written;
            }
            auto sent = co_await flush(deadline);
            // A record that left in part counts as written: the peer may have it.
            written.bytes += sent || sent_any_ ? taken : 0;
            if (!sent) {
                written.error = std::move(sent.error());
                co_return written;
            }
        }
        co_return written;
    }

    void watch(std::move_only_function<void(Input)> on_input) override {
        on_input_ = std::move(on_input);
        release_buffers();
        arm();
    }

    void unwatch() override {
        on_input_ = nullptr;
        inner_->unwatch();
    }

    Input probe() override { return look(); }

    Taken take(std::span<std::byte> buffer) override {
        Taken taken;
        while (taken.bytes < buffer.size()) {
            const Decrypted out = decrypt(buffer.subspan(taken.bytes));
            taken.bytes += out.bytes;
            taken.then = out.then;
            if (out.bytes == 0 && (out.then != Input::quiet || !pull())) {
                break;
            }
        }
        if (taken.bytes == buffer.size()) {
            taken.then = Input::bytes;
        }
        return taken;
    }

    std::size_t give(std::span<const std::byte> bytes) noexcept override {
        std::size_t taken = 0;
        ERR_clear_error();
        if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &taken) != 1) {
            return 0;
        }
        give_leaving();
        return taken;
    }

    void close(Close how) noexcept override {
        on_input_ = nullptr;
        if (std::exchange(closed_, true)) {
            return;
        }
        const bool peer_hears = ssl_ && !broken_ && !wire_.ended && (SSL_get_shutdown(ssl_.get()) & SSL_RECEIVED_SHUTDOWN) == 0;
        if (how == Close::orderly && peer_hears && SSL_is_init_finished(ssl_.get()) == 1) {
            // One try: an idle connection has room for it, and nobody waits for the answer.
            ERR_clear_error();
            (void)SSL_shutdown(ssl_.get());
            give_leaving();
            ERR_clear_error();
        }
        inner_->close(how);
    }

    void interrupt() noexcept override {
        closed_ = true;
        inner_->interrupt();
    }

    const std::string& peer() const override { return inner_->peer(); }
    Duration round_trip() const override { return inner_->round_trip(); }
    std::string local_ip() const override { return inner_->local_ip(); }

private:
    struct Decrypted {
        std::size_t bytes = 0;
        Input then = Input::quiet;  // quiet: more ciphertext is needed
    };

    bool prepare() {
        if (!ssl_) {
            return false;
        }
        BIO* bio = BIO_new(wire_method());
        if (bio == nullptr) {
            return false;
        }
        BIO_set_data(bio, &wire_);
        SSL_set_bio(ssl_.get(), bio, bio);
        SSL_set_app_data(ssl_.get(), this);
        rejected_ = std::make_unique<RejectedCertificate>();
        SSL_set_verify(ssl_.get(), context_->verifies() ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                       context_->verifies() ? on_certificate : nullptr);
        SSL_set_cert_cb(ssl_.get(), on_certificate_request, this);
        SSL_CTX_sess_set_new_cb(context_->native(), on_session);
        X509_VERIFY_PARAM* wanted = SSL_get0_param(ssl_.get());
        X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        const bool numeric = X509_VERIFY_PARAM_set1_ip_asc(wanted, peer_.host.c_str()) == 1;
        ERR_clear_error();
        if (!numeric &&
            (SSL_set1_host(ssl_.get(), peer_.host.c_str()) != 1 || SSL_set_tlsext_host_name(ssl_.get(), peer_.host.c_str()) != 1)) {
            return false;
        }
        // HTTP/2 takes its place in this list when it is spoken.
        if (SSL_set_alpn_protos(ssl_.get(), protocols.data(), protocols.size()) != 0) {
            return false;
        }
        if (SSL_SESSION* session = context_->take_session(peer_.session_key)) {
            SSL_set_session(ssl_.get(), session);
            SSL_SESSION_free(session);
        }
        SSL_set_connect_state(ssl_.get());
        return true;
    }

    static int on_certificate(int accepted, X509_STORE_CTX* store) {
        const auto* ssl = static_cast<const SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
        auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
        if (accepted == 0 && self != nullptr && self->rejected_ && self->rejected_->verdict == X509_V_OK) {
            self->rejected_->verdict = X509_STORE_CTX_get_error(store);
            self->rejected_->depth = X509_STORE_CTX_get_error_depth(store);
            if (X509* certificate = X509_STORE_CTX_get_current_cert(store); certificate != nullptr && X509_up_ref(certificate) == 1) {
                self->rejected_->certificate = certificate;
            }
        }
        return accepted;
    }

    static int on_certificate_request(SSL*, void* stream) {
        static_cast<TlsStream*>(stream)->asked_ = AskedForCertificate::yes;
        return 1;
    }

    static int on_session(SSL* ssl, SSL_SESSION* session) {
        auto* self = static_cast<TlsStream*>(SSL_get_app_data(ssl));
        self->context_->keep_session(self->peer_.session_key, session);
        return 1;  // ours now
    }

    Error failure() {
        static const RejectedCertificate none;
        return tls_error(rejected_ ? *rejected_ : none, peer_.host, std::time(nullptr), asked_);
    }

    // What an end of the ciphertext without close_notify means.
    [[nodiscard]] Error cut_off() const {
        if (reset_) {
            return Error{.code = NetErrc::reset, .phase = Phase::receiving, .cause = "the peer reset the connection"};
        }
        return Error{.code = NetErrc::cut_off,
                     .phase = Phase::receiving,
                     .cause = "the connection ended without the server saying so (no close_notify)"};
    }

    static Error in_handshake(Error error) {
        error.phase = Phase::securing;
        if (error.code == Errc::timed_out) {
            error.cause = "the TLS handshake did not end in time";
        } else if (error.code == NetErrc::reset) {
            error.cause = "the server reset the connection during the TLS handshake";
        }
        return error;
    }

    // Decrypts as much as fits out of the ciphertext at hand.
    Decrypted decrypt(std::span<std::byte> buffer) {
        Decrypted out;
        if (failed_) {  // what OpenSSL says of it a second time is less
            out.then = Input::failed;
            return out;
        }
        while (out.bytes < buffer.size()) {
            ERR_clear_error();
            std::size_t n = 0;
            if (SSL_read_ex(ssl_.get(), buffer.data() + out.bytes, buffer.size() - out.bytes, &n) == 1) {
                out.bytes += n;
                out.then = Input::bytes;
                continue;
            }
            out.then = verdict_of(SSL_get_error(ssl_.get(), 0));
            break;
        }
        return out;
    }

    Input verdict_of(int why) {
        switch (why) {
            case SSL_ERROR_WANT_READ:
            case SSL_ERROR_WANT_WRITE:
                return Input::quiet;
            case SSL_ERROR_ZERO_RETURN:
                return Input::end;
            default:
                // An alert may stand before the end; then that is the news.
                if (const unsigned long code = ERR_peek_error();
                    wire_.ended && (code == 0 || ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING)) {
                    broken_ = true;
                    failed_ = cut_off();
                    ERR_clear_error();
                    return Input::failed;
                }
                broken_ = true;
                failed_ = failure();
                failed_->phase = Phase::receiving;
                return Input::failed;
        }
    }

    // Takes ciphertext that has arrived, without waiting; false when there is none. An end becomes `wire_.ended`.
    bool pull() {
        if (wire_.ended || closed_) {
            return false;
        }
        ciphertext_.resize(first_read);
        const Taken taken = inner_->take(ciphertext_);
        wire_.arrived = std::span{ciphertext_}.first(taken.bytes);
        wire_.ended = taken.then == Input::end || taken.then == Input::failed;
        reset_ = taken.then == Input::failed;
        return taken.bytes > 0;
    }

    // What an idle connection shows, with tickets and the like consumed.
    Input look() {
        if (closed_) {
            return Input::failed;
        }
        for (std::size_t taken = 0; taken <= largest_read; taken += first_read) {  // whoever sends more waits for the next turn
            ERR_clear_error();
            std::byte byte{};
            std::size_t n = 0;
            if (SSL_peek_ex(ssl_.get(), &byte, 1, &n) == 1) {
                return Input::bytes;
            }
            if (const Input input = verdict_of(SSL_get_error(ssl_.get(), 0)); input != Input::quiet) {
                return !reset_ && failed_ && failed_->code == NetErrc::cut_off ? Input::end : input;
            }
            if (wire_.ended) {
                return reset_ ? Input::failed : Input::end;
            }
            give_leaving();
            if (!pull() && !wire_.ended) {
                return Input::quiet;
            }
        }
        return Input::quiet;
    }

    void arm() {
        inner_->watch([this](Input shown) {
            if (shown == Input::failed) {  // the kernel says so once
                wire_.ended = reset_ = true;
            }
            const Input input = look();
            if (input == Input::quiet) {
                release_buffers();
                arm();
                return;
            }
            std::exchange(on_input_, nullptr)(input);
        });
    }

    Task<Result<void>> flush(TimePoint deadline) {
        sent_any_ = false;
        const auto leaving = std::exchange(wire_.leaving, {});
        if (leaving.empty()) {
            co_return Result<void>{};
        }
        auto sent = co_await inner_->write_all(leaving, deadline);
        sent_any_ = sent.bytes > 0;
        if (sent.error) {
            co_return std::unexpected(std::move(*sent.error));
        }
        co_return Result<void>{};
    }

    // What OpenSSL answers by itself (a KeyUpdate, an alert) goes out as far as it can at once, the rest with what is written next: a
    // record that is left out makes all later ones unreadable.
    void give_leaving() noexcept {
        if (!wire_.leaving.empty()) {
            const auto given = static_cast<std::ptrdiff_t>(inner_->give(wire_.leaving));
            wire_.leaving.erase(wire_.leaving.begin(), wire_.leaving.begin() + given);
        }
    }

    void keep(std::span<const std::byte> bytes) {
        std::vector<std::byte> joined{wire_.arrived.begin(), wire_.arrived.end()};
        joined.insert(joined.end(), bytes.begin(), bytes.end());
        ciphertext_ = std::move(joined);
        wire_.arrived = ciphertext_;
    }

    void release_buffers() {
        next_read_ = first_read;
        if (wire_.arrived.empty()) {
            std::vector<std::byte>{}.swap(ciphertext_);  // `= {}` would keep the memory
            wire_.arrived = {};
        }
        if (wire_.leaving.empty()) {
            std::vector<std::byte>{}.swap(wire_.leaving);
        }
    }

    std::unique_ptr<Stream> inner_;
    std::shared_ptr<TlsContext> context_;
    TlsPeer peer_;
    Wire wire_;
    std::size_t next_read_ = first_read;
    std::vector<std::byte> ciphertext_;  // what wire_.arrived looks at
    std::unique_ptr<SSL, FreeSsl> ssl_;
    std::unique_ptr<RejectedCertificate> rejected_;  // during the handshake
    std::optional<Error> failed_;
    std::move_only_function<void(Input)> on_input_;
    AskedForCertificate asked_ = AskedForCertificate::no;
    bool broken_ = false;  // no further record can be written
    bool reset_ = false;
    bool sent_any_ = false;
    bool closed_ = false;
};

}  // namespace

Task<Result<std::unique_ptr<Stream>>> tls_connect(std::unique_ptr<Stream> inner, std::shared_ptr<TlsContext> context, TlsPeer peer,
                                                  TimePoint deadline) {
    const std::string address = inner->peer();
    auto stream = std::make_unique<TlsStream>(std::move(inner), std::move(context), std::move(peer));
    auto done = co_await stream->handshake(deadline);
    if (!done) {
        done.error().address = address;
        stream->close(Close::quiet);
        co_return std::unexpected(std::move(done.error()));
    }
    co_return std::move(stream);
}

}  // namespace lastack::net
