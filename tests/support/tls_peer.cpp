#include "support/tls_peer.hpp"

#include "support/listening_socket.hpp"
#include "support/tls_connection.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace lastack::test {

namespace {

constexpr std::string_view kSessionContext = "lastack";

// The protocols as ALPN writes them, kept with the context: OpenSSL's callback gets a pointer.
struct TlsContext {
    ContextHandle handle;
    std::vector<std::string> alpn;
};

int choose_protocol(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered, unsigned size,
                    void* preferred) {
    for (const auto& name : *static_cast<const std::vector<std::string>*>(preferred)) {
        for (unsigned at = 0; at < size && at + 1 + offered[at] <= size; at += 1U + offered[at]) {
            if (std::string_view(reinterpret_cast<const char*>(offered + at + 1), offered[at]) == name) {
                *chosen = offered + at + 1;
                *chosen_size = offered[at];
                return SSL_TLSEXT_ERR_OK;
            }
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void require_client_certificate(SSL_CTX* context, const std::filesystem::path& ca) {
    openssl_must(SSL_CTX_load_verify_locations(context, ca.c_str(), nullptr) == 1, "CA " + ca.string());
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(ca.c_str()));
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
}

std::unique_ptr<TlsContext> context_for(const TlsPeerOptions& options) {
    auto made = std::make_unique<TlsContext>(ContextHandle(SSL_CTX_new(TLS_server_method())), options.alpn);
    SSL_CTX* context = made->handle.get();
    openssl_must(context != nullptr, "SSL_CTX_new");
    SSL_CTX_set_min_proto_version(context, static_cast<int>(options.min));
    SSL_CTX_set_max_proto_version(context, static_cast<int>(options.max));
    if (options.max != TlsVersion::any && options.max < TlsVersion::tls1_2) {
        SSL_CTX_set_cipher_list(context, "DEFAULT@SECLEVEL=0");
    }
    use_identity(context, options.identity.certificate, options.identity.key);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, &made->alpn);
    SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(kSessionContext.data()), kSessionContext.size());
    SSL_CTX_set_num_tickets(context, options.sessions ? options.tickets : 0);
    if (!options.sessions) {
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    if (!options.client_ca.empty()) {
        require_client_certificate(context, options.client_ca);
    }
    tls::Connection::install(context);
    return made;
}

}  // namespace

class TlsPeer::Impl {
public:
    Impl(const TlsPeerOptions& options, const std::string& address)
        : listener_(listen_on(address)), port_(local_port(listener_.get())), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!wake_.valid()) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        contexts_.push_back(context_for(options));
        scripts_[0] = {tls::Handshake{}, tls::Answer{.bytes = "HTTP/1.1 204 No Content\r\n\r\n", .requests = 0}};
        thread_ = std::thread([this] { loop(); });
    }
    ~Impl() {
        change([this] { stopping_ = true; });
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }

    void on_accept(int connection, tls::Steps steps) {
        change([&] { scripts_[connection] = std::move(steps); });
    }
    void restart_tls(const TlsPeerOptions& options) {
        auto context = context_for(options);
        change([&] { contexts_.push_back(std::move(context)); });
    }
    void set_gate(const std::string& gate, bool open) {
        change([&] {
            if (open) {
                open_gates_.insert(gate);
            } else {
                open_gates_.erase(gate);
            }
        });
    }

    [[nodiscard]] tls::Record record() const {
        const std::scoped_lock lock(mutex_);
        return record_;
    }

    [[nodiscard]] bool wait_for(const std::function<bool(const tls::Record&)>& predicate, std::chrono::milliseconds patience) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return predicate(record_); });
    }

private:
    template <typename Change>
    void change(Change apply) {
        {
            const std::scoped_lock lock(mutex_);
            apply();
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    }

    void loop() {
        std::vector<pollfd> polled;
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            polled = {{.fd = wake_.get(), .events = POLLIN, .revents = 0}, {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
            for (const auto& connection : connections_) {
                polled.push_back({.fd = connection->descriptor(), .events = connection->events(), .revents = 0});
            }
            lock.unlock();
            const int ready = ::poll(polled.data(), polled.size(), -1);
            const auto now = Clock::now();
            lock.lock();
            if (ready > 0) {
                turn(polled, now);
                changed_.notify_all();
            }
        }
        connections_.clear();
    }

    void turn(const std::vector<pollfd>& polled, TimePoint now) {
        std::uint64_t count = 0;
        [[maybe_unused]] const auto drained = ::read(wake_.get(), &count, sizeof count);
        for (std::size_t index = 0; index < connections_.size(); ++index) {
            connections_[index]->handle(polled[index + 2].revents, now);
        }
        if (polled[1].revents != 0) {
            accept_all(now);
        }
        std::erase_if(connections_, [](const auto& connection) { return connection->ended(); });
    }

    void accept_all(TimePoint now) {
        while (true) {
            sockaddr_storage address{};
            socklen_t length = sizeof address;
            FileDescriptor socket(::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_CLOEXEC | SOCK_NONBLOCK));
            if (!socket.valid()) {
                return;
            }
            const int on = 1;
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            auto& seen = record_.connections.emplace_back();
            seen.number = static_cast<int>(record_.connections.size());
            seen.peer = address_text(address);
            seen.accepted = now;
            const auto own = scripts_.find(seen.number);
            connections_.push_back(std::make_unique<tls::Connection>(std::move(socket), contexts_.back()->handle.get(), seen, record_,
                                                                     open_gates_, own == scripts_.end() ? scripts_.at(0) : own->second));
            connections_.back()->handle(0, now);
        }
    }

    FileDescriptor listener_;
    std::uint16_t port_;
    FileDescriptor wake_;
    mutable std::mutex mutex_;  // guards all below
    mutable std::condition_variable changed_;
    std::vector<std::unique_ptr<TlsContext>> contexts_;  // the last is used; connections hold earlier ones
    std::map<int, tls::Steps> scripts_;
    std::set<std::string> open_gates_;
    tls::Record record_;
    std::vector<std::unique_ptr<tls::Connection>> connections_;
    bool stopping_ = false;
    std::thread thread_;
};

TlsPeer::TlsPeer(const TlsPeerOptions& options, const std::string& address) : impl_(std::make_unique<Impl>(options, address)) {}
TlsPeer::~TlsPeer() = default;

std::uint16_t TlsPeer::port() const { return impl_->port(); }

std::string TlsPeer::url(std::string_view path, std::string_view host) const {
    return "https://" + std::string(host) + ":" + std::to_string(port()) + std::string(path);
}

void TlsPeer::on_accept(int connection, tls::Steps steps) { impl_->on_accept(connection, std::move(steps)); }
void TlsPeer::restart_tls(const TlsPeerOptions& options) { impl_->restart_tls(options); }
void TlsPeer::open(const std::string& gate) { impl_->set_gate(gate, true); }
void TlsPeer::close_gate(const std::string& gate) { impl_->set_gate(gate, false); }

tls::Record TlsPeer::record() const { return impl_->record(); }
int TlsPeer::accepted() const { return static_cast<int>(impl_->record().connections.size()); }

bool TlsPeer::wait_for(const std::function<bool(const tls::Record&)>& predicate, std::chrono::milliseconds patience) const {
    return impl_->wait_for(predicate, patience);
}

bool TlsPeer::wait_at(const std::string& gate, int connections) const {
    return wait_for([&](const tls::Record& record) { return record.waiting(gate) >= connections; });
}

bool TlsPeer::wait_until_all_closed() const {
    return wait_for([](const tls::Record& record) { return record.open_connections() == 0; });
}

bool TlsPeer::wait_for_connection(int number, const std::function<bool(const tls::SeenConnection&)>& predicate,
                                  std::chrono::milliseconds patience) const {
    return wait_for(
        [&](const tls::Record& record) {
            const auto index = static_cast<std::size_t>(number) - 1;
            return index < record.connections.size() && predicate(record.connections[index]);
        },
        patience);
}

}  // namespace lastack::test
