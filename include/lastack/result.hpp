// A value or the Error that took its place. Shaped like std::expected<T, Error>, and C++20, so that no caller needs a newer compiler than
// the library's headers do. An Error enters as Failure{error}, or as std::unexpected where the caller has it.
#pragma once

#include "lastack/error.hpp"

#include <concepts>
#include <expected>  // std::unexpected for callers in C++23; in C++20 the header is empty
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <variant>

namespace lastack {

// Turns an Error into any Result: `return Failure{error};`.
class Failure {
public:
    explicit Failure(Error error) : error_{std::move(error)} {}
    [[nodiscard]] const Error& error() const& noexcept { return error_; }
    [[nodiscard]] Error&& error() && noexcept { return std::move(error_); }

private:
    Error error_;
};

// What value() throws when there is none: what() is describe(error). Nothing else in the library throws it, and the library never calls
// value(); it is for callers who want an exception.
class BadResultAccess : public std::runtime_error {
public:
    explicit BadResultAccess(Error error) : std::runtime_error{describe(error)}, error_{std::make_shared<const Error>(std::move(error))} {}
    [[nodiscard]] const Error& error() const noexcept { return *error_; }

private:
    std::shared_ptr<const Error> error_;  // shared by the copies that a throw makes: copying an exception must not throw
};

// Failure, std::unexpected and whatever else carries an error and never a value.
template <typename F>
concept FailureLike = requires(F&& failure) {
    { std::forward<F>(failure).error() } -> std::convertible_to<Error>;
} && !requires(F&& failure) { failure.has_value(); };

template <typename T>
class Result;

namespace detail {

template <typename T>
inline constexpr bool is_result = false;
template <typename T>
inline constexpr bool is_result<Result<T>> = true;

// A type T that could itself be made from a Result is made from it whole, not from its value.
template <typename T, typename U>
concept TakenApart = !std::same_as<T, U> && (std::same_as<T, bool> || !std::constructible_from<T, const Result<U>&>);

template <typename T, typename U>
concept ValueFor = !is_result<std::remove_cvref_t<U>> && !std::same_as<std::remove_cvref_t<U>, std::in_place_t> && !FailureLike<U> &&
                   std::is_constructible_v<T, U>;

}  // namespace detail

// Whoever asks for the value (*, ->) or for error() has looked first: without one it is undefined, as for std::expected.
template <typename T>
class [[nodiscard]] Result {
    static_assert(std::is_object_v<T> && !std::same_as<T, Error>);

public:
    using value_type = T;
    using error_type = Error;

    Result()
        requires std::is_default_constructible_v<T>
    = default;

    template <typename U = T>
        requires detail::ValueFor<T, U>
    explicit(!std::is_convertible_v<U, T>) Result(U&& value) : content_{std::in_place_index<0>, std::forward<U>(value)} {}

    template <FailureLike F>
    Result(F&& failure) : content_{std::in_place_index<1>, std::forward<F>(failure).error()} {}

    template <typename... Arguments>
        requires std::is_constructible_v<T, Arguments...>
    explicit Result(std::in_place_t, Arguments&&... arguments) : content_{std::in_place_index<0>, std::forward<Arguments>(arguments)...} {}

    template <typename U>
        requires(detail::TakenApart<T, U> && std::is_constructible_v<T, const U&>)
    explicit(!std::is_convertible_v<const U&, T>) Result(const Result<U>& other)
        : content_{other ? Content{std::in_place_index<0>, *other} : Content{std::in_place_index<1>, other.error()}} {}

    template <typename U>
        requires(detail::TakenApart<T, U> && std::is_constructible_v<T, U>)
    explicit(!std::is_convertible_v<U, T>) Result(Result<U>&& other)
        : content_{other ? Content{std::in_place_index<0>, *std::move(other)} : Content{std::in_place_index<1>, std::move(other).error()}} {
    }

    [[nodiscard]] bool has_value() const noexcept { return content_.index() == 0; }
    explicit operator bool() const noexcept { return has_value(); }

    [[nodiscard]] T& operator*() & noexcept { return *std::get_if<0>(&content_); }
    [[nodiscard]] const T& operator*() const& noexcept { return *std::get_if<0>(&content_); }
    [[nodiscard]] T&& operator*() && noexcept { return std::move(*std::get_if<0>(&content_)); }
    [[nodiscard]] T* operator->() noexcept { return std::get_if<0>(&content_); }
    [[nodiscard]] const T* operator->() const noexcept { return std::get_if<0>(&content_); }

    [[nodiscard]] Error& error() & noexcept { return *std::get_if<1>(&content_); }
    [[nodiscard]] const Error& error() const& noexcept { return *std::get_if<1>(&content_); }
    [[nodiscard]] Error&& error() && noexcept { return std::move(*std::get_if<1>(&content_)); }

    // Throws BadResultAccess when there is none.
    T& value() & { return has_value() ? **this : throw BadResultAccess{error()}; }
    const T& value() const& { return has_value() ? **this : throw BadResultAccess{error()}; }
    T&& value() && { return has_value() ? *std::move(*this) : throw BadResultAccess{std::move(*this).error()}; }

    template <typename U>
    [[nodiscard]] T value_or(U&& other) const& {
        return has_value() ? **this : static_cast<T>(std::forward<U>(other));
    }
    template <typename U>
    [[nodiscard]] T value_or(U&& other) && {
        return has_value() ? *std::move(*this) : static_cast<T>(std::forward<U>(other));
    }

    template <typename... Arguments>
        requires std::is_constructible_v<T, Arguments...>
    T& emplace(Arguments&&... arguments) {
        return content_.template emplace<0>(std::forward<Arguments>(arguments)...);
    }

    friend bool operator==(const Result& a, const Result& b) {
        return a.has_value() == b.has_value() && (a ? static_cast<bool>(*a == *b) : a.error() == b.error());
    }
    template <typename U>
        requires(!detail::is_result<U> && !FailureLike<const U&>)
    friend bool operator==(const Result& a, const U& value) {
        return a && static_cast<bool>(*a == value);
    }
    template <FailureLike F>
    friend bool operator==(const Result& a, const F& failure) {
        return !a && a.error() == failure.error();
    }

private:
    using Content = std::variant<T, Error>;
    Content content_;
};

// That something was done, or why not.
template <>
class [[nodiscard]] Result<void> {
public:
    using value_type = void;
    using error_type = Error;

    Result() = default;
    explicit Result(std::in_place_t) {}
    template <FailureLike F>
    Result(F&& failure) : error_{std::forward<F>(failure).error()} {}

    [[nodiscard]] bool has_value() const noexcept { return !error_; }
    explicit operator bool() const noexcept { return has_value(); }
    void operator*() const noexcept {}

    [[nodiscard]] Error& error() & noexcept { return *error_; }
    [[nodiscard]] const Error& error() const& noexcept { return *error_; }
    [[nodiscard]] Error&& error() && noexcept { return *std::move(error_); }

    void value() const {
        if (error_) {
            throw BadResultAccess{*error_};
        }
    }
    void emplace() noexcept { error_.reset(); }

    friend bool operator==(const Result&, const Result&) = default;
    template <FailureLike F>
    friend bool operator==(const Result& a, const F& failure) {
        return !a && a.error() == failure.error();
    }

private:
    std::optional<Error> error_;
};

}  // namespace lastack
