#include "transact/session.hpp"

#include "transact/channel/pipe.hpp"
#include "transact/keys.hpp"
#include "transact/process.hpp"
#include "transact/root.hpp"
#include "transact/transaction.hpp"
#include "transact/verify.hpp"

#include <cstdint>
#include <expected>
#include <map>
#include <utility>
#include <variant>

namespace lastack::transact {

namespace {

constexpr int ended_normally = 0;
constexpr int channel_broken = 3;

class Session {
public:
    explicit Session(Setup setup) : setup_(std::move(setup)) {}

    // False when the answer cannot be sent.
    bool answer(const Message& request) {
        return std::visit([this](const auto& content) { return this->on(content); }, request);
    }

private:
    bool on(const Announce& request) {
        if (request.index >= setup_.incoming.size()) {
            return false;
        }
        announced_[request.index] = request;
        return reply({});
    }
    bool on(const Verify& request) {
        for (const auto& verdict : verify_packages(setup_, announced_, request.keyrings)) {
            if (!send(answer_fd, verdict)) {
                return false;
            }
        }
        return reply({});
    }
    bool on(const InspectKeys& request) {
        auto keys = inspect_keys(setup_.installroot, request.armoured);
        return keys ? send(answer_fd, Keys{.keys = std::move(*keys)}).has_value() : reply(std::unexpected(std::move(keys.error())));
    }
    bool on(const ImportKeys& request) { return reply(import_keys(setup_.installroot, request.armoured)); }
    bool on(const Test& /*request*/) { return reply(test_transaction(setup_)); }
    bool on(const Run& /*request*/) {
        if (std::exchange(ran_, true)) {
            return reply(std::unexpected(Failed{.failure = Failure::process, .cause = "the transaction ran already"}));
        }
        return reply(run_transaction(setup_));
    }
    template <typename T>
    bool on(const T& /*not a request*/) {
        return false;
    }

    static bool reply(const std::expected<void, Failed>& result) {
        return result ? send(answer_fd, Done{}).has_value() : send(answer_fd, result.error()).has_value();
    }

    Setup setup_;
    std::map<std::uint32_t, Announce> announced_;
    bool ran_ = false;
};

}  // namespace

int serve() {
    auto first = receive(request_fd);
    if (!first || !*first || !std::holds_alternative<Setup>(**first)) {
        return channel_broken;
    }
    auto setup = std::get<Setup>(std::move(**first));
    keep_packages_only(setup.incoming.size());
    if (!configure_rpm(setup.installroot)) {
        (void)send(answer_fd, Failed{.failure = Failure::process, .cause = "librpm cannot read its configuration"});
        return channel_broken;
    }
    if (!send(answer_fd, Done{})) {
        return channel_broken;
    }
    Session session(std::move(setup));
    for (;;) {
        const auto request = receive(request_fd);
        if (!request) {
            return channel_broken;
        }
        if (!*request) {
            return ended_normally;
        }
        if (!session.answer(**request)) {
            return channel_broken;
        }
    }
}

}  // namespace lastack::transact
