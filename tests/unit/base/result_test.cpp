#include "lastack/result.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace lastack {
namespace {

Error refused() { return Error{.code = Errc::not_permitted, .cause = "refused"}; }

static_assert(std::is_convertible_v<int, Result<int>>);
static_assert(std::is_convertible_v<const char*, Result<std::string>>);
static_assert(std::is_convertible_v<Failure, Result<std::string>>);
static_assert(std::is_convertible_v<std::unexpected<Error>, Result<std::string>>);
static_assert(std::is_convertible_v<std::unexpected<Error>, Result<void>>);
static_assert(std::is_constructible_v<Result<std::vector<int>>, int> && !std::is_convertible_v<int, Result<std::vector<int>>>);
static_assert(!std::is_convertible_v<Error, Result<int>> && !std::is_convertible_v<Error, Result<void>>);
static_assert(!std::is_convertible_v<Result<int>, int> && !std::is_convertible_v<Result<int>, bool>);
static_assert(!std::is_copy_constructible_v<Result<std::unique_ptr<int>>> && std::is_move_constructible_v<Result<std::unique_ptr<int>>>);
static_assert(!std::is_default_constructible_v<Result<std::reference_wrapper<int>>>);
static_assert(std::is_nothrow_move_constructible_v<Result<std::string>>);

TEST(Result, holds_a_value_or_an_error) {
    const Result<std::string> made = "text";
    ASSERT_TRUE(made);
    EXPECT_TRUE(made.has_value());
    EXPECT_EQ(*made, "text");
    EXPECT_EQ(made->size(), 4u);

    const Result<std::string> failed = Failure{refused()};
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), refused());
}

TEST(Result, begins_with_a_value_made_by_default) {
    EXPECT_EQ(Result<std::string>{}, "");
    EXPECT_TRUE(Result<void>{});
    const auto braces = []() -> Result<std::vector<int>> { return {}; };
    EXPECT_TRUE(braces()->empty());
}

TEST(Result, takes_an_unexpected_as_an_error) {
    EXPECT_EQ(Result<int>{std::unexpected(refused())}.error(), refused());
    EXPECT_EQ(Result<void>{std::unexpected(refused())}.error(), refused());
}

TEST(Result, is_assigned_values_and_errors_alike) {
    Result<std::string> result = "before";
    result = Failure{refused()};
    EXPECT_FALSE(result);
    result = "after";
    EXPECT_EQ(result, "after");
    result.emplace(3u, 'x');
    EXPECT_EQ(result, "xxx");

    Result<void> done;
    done = std::unexpected(refused());
    EXPECT_FALSE(done);
    done.emplace();
    EXPECT_TRUE(done);
}

TEST(Result, of_one_type_becomes_one_of_another) {
    struct Base {
        virtual ~Base() = default;
    };
    struct Derived : Base {};
    Result<std::unique_ptr<Derived>> derived = std::make_unique<Derived>();
    const auto* const address = derived->get();
    const Result<std::unique_ptr<Base>> base = std::move(derived);
    ASSERT_TRUE(base);
    EXPECT_EQ(base->get(), address);

    const Result<const char*> failed = Failure{refused()};
    const Result<std::string> converted = failed;
    EXPECT_EQ(converted, Failure{refused()});
}

TEST(Result, of_bool_is_true_only_when_its_value_is) {
    const Result<bool> no = false;
    EXPECT_TRUE(no.has_value());
    EXPECT_FALSE(*no);
    const Result<int> one = 1;
    const Result<bool> from_one{one};
    EXPECT_TRUE(*from_one);
    const Result<int> zero = 0;
    EXPECT_FALSE(*Result<bool>{zero});
}

TEST(Result, moves_out_what_cannot_be_copied) {
    Result<std::unique_ptr<int>> result{std::in_place, new int{7}};
    const std::unique_ptr<int> taken = *std::move(result);
    EXPECT_EQ(*taken, 7);
}

TEST(Result, compares_by_what_it_holds) {
    EXPECT_EQ(Result<int>{1}, Result<int>{1});
    EXPECT_NE(Result<int>{1}, Result<int>{2});
    EXPECT_NE(Result<int>{0}, Result<int>{Failure{refused()}});
    EXPECT_NE(Result<int>{Failure{refused()}}, 0);
    EXPECT_NE(Result<int>{1}, Failure{refused()});
    EXPECT_EQ(Result<void>{Failure{refused()}}, Failure{refused()});
    EXPECT_NE(Result<void>{}, Result<void>{Failure{refused()}});
}

TEST(Result, gives_another_value_for_an_error) {
    EXPECT_EQ(Result<std::string>{"mine"}.value_or("other"), "mine");
    EXPECT_EQ(Result<std::string>{Failure{refused()}}.value_or("other"), "other");
}

TEST(Result, value_throws_the_error_that_took_its_place) {
    EXPECT_EQ(Result<int>{5}.value(), 5);
    EXPECT_NO_THROW(Result<void>{}.value());
    const Result<int> failed = Failure{refused()};
    try {
        static_cast<void>(failed.value());
        FAIL() << "it threw nothing";
    } catch (const BadResultAccess& thrown) {
        EXPECT_EQ(thrown.error(), refused());
        EXPECT_EQ(thrown.what(), describe(refused()));
    }
    EXPECT_THROW(Result<void>{Failure{refused()}}.value(), BadResultAccess);
}

}  // namespace
}  // namespace lastack
