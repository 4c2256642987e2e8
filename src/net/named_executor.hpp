// An executor that labels whatever it runs, so that the watchdog can name the task that holds up the reactor.
#pragma once

#include "net/running.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/query.hpp>
#include <boost/asio/require.hpp>

#include <type_traits>
#include <utility>

namespace lastack::net {

template <typename Inner>
class NamedExecutor {
public:
    NamedExecutor(Inner inner, Label name) noexcept : inner_{std::move(inner)}, name_{name} {}

    [[nodiscard]] const Inner& inner() const noexcept { return inner_; }

    template <typename Function>
    void execute(Function&& function) const {
        inner_.execute([name = name_, function = std::forward<Function>(function)]() mutable {
            const Running running{name};
            std::move(function)();
        });
    }

    // Every property is the inner executor's; what requiring one answers with is named again.
    template <typename Property>
        requires boost::asio::can_query_v<const Inner&, Property>
    [[nodiscard]] decltype(auto) query(const Property& property) const noexcept {
        return boost::asio::query(inner_, property);
    }
    template <typename Property>
        requires boost::asio::can_require_v<const Inner&, Property>
    [[nodiscard]] auto require(const Property& property) const {
        using Required = std::decay_t<decltype(boost::asio::require(inner_, property))>;
        return NamedExecutor<Required>{boost::asio::require(inner_, property), name_};
    }

    friend bool operator==(const NamedExecutor& a, const NamedExecutor& b) noexcept {
        return a.inner_ == b.inner_ && a.name_.text() == b.name_.text();
    }
    friend bool operator!=(const NamedExecutor& a, const NamedExecutor& b) noexcept { return !(a == b); }

private:
    Inner inner_;
    Label name_;
};

// `executor` of an io_context with a name (in place of the one it has), in debug builds. In release builds, and where it is of another
// kind, it is given back as it is.
[[nodiscard]] inline boost::asio::any_io_executor named(boost::asio::any_io_executor executor, [[maybe_unused]] Label name) {
    if constexpr (labels_are_kept) {
        using Plain = boost::asio::io_context::executor_type;
        using Named = NamedExecutor<Plain>;
        // Asio keeps larger ones on the heap behind a count that only a fence orders, which thread sanitizer takes for a race.
        static_assert(sizeof(Named) <= 3 * sizeof(void*));
        if (const auto* plain = executor.target<Plain>()) {
            return Named{*plain, name};
        }
        if (const auto* other = executor.target<Named>()) {
            return Named{other->inner(), name};
        }
    }
    return executor;
}

}  // namespace lastack::net
