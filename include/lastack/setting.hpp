// A value with a default that knows whether it was given: what was not given is taken from the layer below (request, mirror, client).
// Used like the value itself; two are equal when their values are.
#pragma once

#include <compare>
#include <concepts>
#include <utility>

namespace lastack {

template <typename T>
class Setting {
public:
    constexpr Setting(T value) : value_{value}, given_{true} {}
    // What holds when no layer says anything.
    [[nodiscard]] static constexpr Setting by_default(T value) {
        Setting setting{value};
        setting.given_ = false;
        return setting;
    }

    constexpr operator T() const noexcept { return value_; }
    [[nodiscard]] constexpr T value() const noexcept { return value_; }
    [[nodiscard]] constexpr bool given() const noexcept { return given_; }
    // This one where it was given, else the one below.
    [[nodiscard]] constexpr Setting over(const Setting& below) const { return given_ ? *this : below; }

    friend constexpr bool operator==(const Setting& a, const Setting& b) { return a.value_ == b.value_; }
    friend constexpr auto operator<=>(const Setting& a, const Setting& b) { return a.value_ <=> b.value_; }
    template <std::convertible_to<T> U>
    friend constexpr bool operator==(const Setting& a, const U& b) {
        return a.value_ == static_cast<T>(b);
    }
    template <std::convertible_to<T> U>
    friend constexpr auto operator<=>(const Setting& a, const U& b) {
        return a.value_ <=> static_cast<T>(b);
    }

private:
    T value_;
    bool given_;
};

}  // namespace lastack
