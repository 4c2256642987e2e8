// An executor that labels whatever it runs, so that the watchdog can name the task that holds up the reactor.
#pragma once

#include "net/running.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <utility>

namespace lastack::net {

class NamedExecutor {
public:
    using Inner = boost::asio::any_io_executor;

    NamedExecutor(Inner inner, Label name) noexcept : inner_{std::move(inner)}, name_{name} {}

    template <typename Function>
    void execute(Function&& function) const {
        inner_.execute([name = name_, function = std::forward<Function>(function)]() mutable {
            const Running running{name};
            std::move(function)();
        });
    }

    // Every property is the inner executor's; what it answers with is named again.
    template <typename Property>
        requires boost::asio::can_query_v<const Inner&, Property>
    [[nodiscard]] decltype(auto) query(const Property& property) const {
        return boost::asio::query(inner_, property);
    }
    template <typename Property>
        requires boost::asio::can_require_v<const Inner&, Property>
    [[nodiscard]] NamedExecutor require(const Property& property) const {
        return {boost::asio::require(inner_, property), name_};
    }
    template <typename Property>
        requires(boost::asio::can_prefer_v<const Inner&, Property> && !boost::asio::can_require_v<const Inner&, Property>)
    [[nodiscard]] NamedExecutor prefer(const Property& property) const {
        return {boost::asio::prefer(inner_, property), name_};
    }

    friend bool operator==(const NamedExecutor& a, const NamedExecutor& b) noexcept {
        return a.inner_ == b.inner_ && a.name_.text() == b.name_.text();
    }
    friend bool operator!=(const NamedExecutor& a, const NamedExecutor& b) noexcept { return !(a == b); }

private:
    Inner inner_;
    Label name_;
};

// `executor` with a name in debug builds, `executor` itself in release builds.
[[nodiscard]] inline boost::asio::any_io_executor named(boost::asio::any_io_executor executor, Label name) {
    if constexpr (labels_are_kept) {
        return NamedExecutor{std::move(executor), name};
    } else {
        return executor;
    }
}

}  // namespace lastack::net
