#include "support/scripted_origin.hpp"

#include "support/listening_socket.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <set>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace lastack::test {

namespace {

struct Entry {
    When when;
    Responder responder;
    int used = 0;

    [[nodiscard]] bool matches(const SeenRequest& request) const {
        return (when.times == 0 || used < when.times) && (when.path.empty() || when.path == request.path()) &&
               (when.connection == 0 || when.connection == request.connection) &&
               (when.number_on_connection == 0 || when.number_on_connection == request.number_on_connection);
    }
    [[nodiscard]] bool replaced_by(const When& other) const {
        return when.times == 0 && other.times == 0 && when.path == other.path && when.connection == other.connection &&
               when.number_on_connection == other.number_on_connection;
    }
};

}  // namespace

class ScriptedOrigin::Impl : public ScriptedConnection::Director {
public:
    explicit Impl(const Options& options)
        : host_(options.host.empty() ? options.address : options.host),
          listener_(listen_on(options.address, options.port)),
          port_(local_port(listener_.get())),
          wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        if (!wake_.valid()) {
            throw std::system_error(errno, std::generic_category(), "eventfd");
        }
        thread_ = std::thread([this] { loop(); });
    }
    ~Impl() override {
        {
            const std::scoped_lock lock(mutex_);
            stopping_ = true;
        }
        wake();
        thread_.join();
    }
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] const std::string& host() const { return host_; }

    void add(When when, Responder responder) {
        const std::scoped_lock lock(mutex_);
        for (Entry& entry : entries_) {
            if (entry.replaced_by(when)) {
                entry.responder = std::move(responder);
                return;
            }
        }
        entries_.push_back({std::move(when), std::move(responder)});
    }

    void forget(std::string_view path) {
        const std::scoped_lock lock(mutex_);
        std::erase_if(entries_, [&](const Entry& entry) { return entry.when.path == path; });
    }

    void on_accept(int connection, Steps steps) {
        const std::scoped_lock lock(mutex_);
        on_accept_[connection] = std::move(steps);
    }

    void set_gate(const std::string& gate, bool open) {
        {
            const std::scoped_lock lock(mutex_);
            if (open) {
                open_gates_.insert(gate);
            } else {
                open_gates_.erase(gate);
            }
        }
        wake();
    }

    // Sockets belong to the thread: what changes them runs there. Returns when it is done.
    template <typename Action>
    void on_thread(Action action) {
        std::unique_lock lock(mutex_);
        bool done = false;
        commands_.emplace_back([&action, &done](TimePoint now) {
            action(now);
            done = true;
        });
        wake();
        changed_.wait(lock, [&done] { return done; });
    }

    int run_on_idle(const Steps& steps) {
        int count = 0;
        on_thread([&](TimePoint now) {
            for (const auto& connection : connections_) {
                if (connection->idle()) {
                    connection->run(steps, now);
                    ++count;
                }
            }
        });
        return count;
    }

    void stop_listening() {
        on_thread([this](TimePoint) { listener_ = FileDescriptor{}; });
    }

    [[nodiscard]] Record record() const {
        const std::scoped_lock lock(mutex_);
        return record_;
    }

    [[nodiscard]] bool wait_for(const std::function<bool(const Record&)>& predicate, std::chrono::milliseconds patience) const {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return predicate(record_); });
    }

private:
    Reply reply_to(const SeenRequest& request) override {
        const auto entry = std::ranges::find_if(entries_, [&](const Entry& each) { return each.matches(request); });
        if (entry == entries_.end()) {
            return Reply{.status = 404, .body = "no such thing\n"};
        }
        ++entry->used;
        return entry->responder(request);
    }
    bool is_open(const std::string& gate) override { return open_gates_.contains(gate); }

    void wake() const {
        const std::uint64_t one = 1;
        [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    }

    void loop() {
        std::vector<pollfd> polled;
        std::unique_lock lock(mutex_);
        while (!stopping_) {
            const auto deadline = fill(polled);
            lock.unlock();
            wait(polled, deadline);
            const auto now = Clock::now();
            lock.lock();
            turn(polled, now);
            changed_.notify_all();
        }
        connections_.clear();
    }

    std::optional<TimePoint> fill(std::vector<pollfd>& polled) const {
        polled = {{.fd = wake_.get(), .events = POLLIN, .revents = 0}, {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
        std::optional<TimePoint> deadline;
        for (const auto& connection : connections_) {
            polled.push_back({.fd = connection->descriptor(), .events = connection->events(), .revents = 0});
            if (const auto at = connection->wake_at(); at && (!deadline || *at < *deadline)) {
                deadline = at;
            }
        }
        return deadline;
    }

    static void wait(std::vector<pollfd>& polled, std::optional<TimePoint> deadline) {
        timespec timeout{};
        if (deadline) {
            const auto left = std::max(Duration::zero(), *deadline - Clock::now());
            const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
            timeout = {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
        }
        if (::ppoll(polled.data(), polled.size(), deadline ? &timeout : nullptr, nullptr) <= 0) {
            for (auto& each : polled) {
                each.revents = 0;
            }
        }
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
        for (const auto& command : std::exchange(commands_, {})) {
            command(now);
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
            auto steps = on_accept_.find(seen.number);
            if (steps == on_accept_.end()) {
                steps = on_accept_.find(0);
            }
            connections_.push_back(std::make_unique<ScriptedConnection>(std::move(socket), seen, record_, *this,
                                                                        steps == on_accept_.end() ? Steps{} : steps->second));
            connections_.back()->handle(0, now);
        }
    }

    std::string host_;
    FileDescriptor listener_;
    std::uint16_t port_;
    FileDescriptor wake_;
    mutable std::mutex mutex_;  // guards all below
    mutable std::condition_variable changed_;
    std::vector<Entry> entries_;
    std::map<int, Steps> on_accept_;
    std::set<std::string> open_gates_;
    std::vector<std::function<void(TimePoint)>> commands_;
    Record record_;
    std::vector<std::unique_ptr<ScriptedConnection>> connections_;
    bool stopping_ = false;
    std::thread thread_;
};

ScriptedOrigin::ScriptedOrigin() : ScriptedOrigin(Options{}) {}
ScriptedOrigin::ScriptedOrigin(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
ScriptedOrigin::~ScriptedOrigin() = default;

std::uint16_t ScriptedOrigin::port() const { return impl_->port(); }

std::string ScriptedOrigin::url(std::string_view path) const { return url_at(impl_->host(), path); }

std::string ScriptedOrigin::url_at(std::string_view host, std::string_view path) const {
    const bool six = host.contains(':');
    return (six ? "http://[" : "http://") + std::string(host) + (six ? "]:" : ":") + std::to_string(port()) + std::string(path);
}

void ScriptedOrigin::on(When when, Responder responder) { impl_->add(std::move(when), std::move(responder)); }

void ScriptedOrigin::on(When when, Reply reply) {
    impl_->add(std::move(when), [reply = std::move(reply)](const SeenRequest&) { return reply; });
}

void ScriptedOrigin::serve_file(std::string path, std::string bytes, ServeOptions options) {
    impl_->add(When{.path = std::move(path)}, [bytes = std::move(bytes), options = std::move(options)](const SeenRequest& request) {
        return answer_for_file(request, bytes, options);
    });
}

void ScriptedOrigin::forget(std::string_view path) { impl_->forget(path); }
void ScriptedOrigin::on_accept(int connection, Steps steps) { impl_->on_accept(connection, std::move(steps)); }
void ScriptedOrigin::stop_listening() { impl_->stop_listening(); }
void ScriptedOrigin::open(const std::string& gate) { impl_->set_gate(gate, true); }
void ScriptedOrigin::close_gate(const std::string& gate) { impl_->set_gate(gate, false); }

int ScriptedOrigin::close_idle() { return impl_->run_on_idle({CloseFin{}}); }
int ScriptedOrigin::reset_idle() { return impl_->run_on_idle({Reset{}}); }
int ScriptedOrigin::send_on_idle(std::string bytes) { return impl_->run_on_idle({Send{.bytes = std::move(bytes)}}); }
int ScriptedOrigin::run_on_idle(const Steps& steps) { return impl_->run_on_idle(steps); }

Record ScriptedOrigin::record() const { return impl_->record(); }
int ScriptedOrigin::accepted() const { return static_cast<int>(impl_->record().connections.size()); }
int ScriptedOrigin::open_connections() const { return impl_->record().open_connections(); }

bool ScriptedOrigin::wait_for(const std::function<bool(const Record&)>& predicate, std::chrono::milliseconds patience) const {
    return impl_->wait_for(predicate, patience);
}

bool ScriptedOrigin::wait_at(const std::string& gate, int connections) const {
    return wait_for([&](const Record& record) { return record.waiting(gate) >= connections; });
}

bool ScriptedOrigin::wait_until_all_closed() const {
    return wait_for([](const Record& record) { return record.open_connections() == 0; });
}

}  // namespace lastack::test
