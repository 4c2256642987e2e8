#include "cli/arguments.hpp"
#include "cli/processes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::variant<Arguments, EarlyExit> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "lastack");
    return parse_arguments(static_cast<int>(words.size()), words.data());
}

Arguments accepted(const std::vector<const char*>& words) {
    auto parsed = parse(words);
    if (const auto* refused = std::get_if<EarlyExit>(&parsed)) {
        ADD_FAILURE() << refused->text;
        return {};
    }
    return std::get<Arguments>(parsed);
}

TEST(SocketsArguments, choose_processes) {
    const auto arguments = accepted({"sockets", "--pid", "12", "--name", "a", "--pid=13", "--name", "b", "--watch", "--json"});
    EXPECT_EQ(arguments.command, Command::sockets);
    EXPECT_THAT(arguments.sockets.pids, ElementsAre(12, 13));
    EXPECT_THAT(arguments.sockets.names, ElementsAre("a", "b"));
    EXPECT_TRUE(arguments.sockets.watch && arguments.sockets.json && !arguments.sockets.all);
    EXPECT_EQ(arguments.sockets.fail_after, std::nullopt);
    EXPECT_THAT(arguments.operands, IsEmpty());
    EXPECT_TRUE(accepted({"sockets", "--all"}).sockets.all);
}

TEST(SocketsArguments, what_stands_behind_the_dashes_is_left_as_it_is) {
    const auto arguments =
        accepted({"-q", "sockets", "--fail-after", "100", "--", "test", "[a,b]", "", "{}", "--json", "--", "-q", "sockets"});
    EXPECT_THAT(arguments.operands, ElementsAre("test", "[a,b]", "", "{}", "--json", "--", "-q", "sockets"));
    EXPECT_EQ(arguments.sockets.fail_after, 100ms);
    EXPECT_FALSE(arguments.sockets.json);
    EXPECT_EQ(arguments.verbosity, Verbosity::quiet);
}

TEST(SocketsArguments, dashes_of_other_commands_stay_theirs) {
    const auto arguments = accepted({"get", "--", "sockets", "-x"});
    EXPECT_EQ(arguments.command, Command::get);
    EXPECT_THAT(arguments.operands, ElementsAre("sockets", "-x"));
}

TEST(SocketsArguments, zero_is_a_limit) { EXPECT_EQ(accepted({"sockets", "--fail-after", "0"}).sockets.fail_after, 0ms); }

TEST(SocketsArguments, that_make_no_sense_are_wrong_usage_and_say_why) {
    const std::vector<std::pair<std::vector<const char*>, const char*>> table{
        {{"sockets", "true"}, "true"},
        {{"sockets", "true", "--", "true"}, "true"},
        {{"sockets", "--"}, "command"},
        {{"sockets", "--pid", "0"}, "--pid"},
        {{"sockets", "--pid", "x"}, "--pid"},
        {{"sockets", "--pid", "99999999999999999999"}, "--pid"},
        {{"sockets", "--fail-after", "-1"}, "--fail-after"},
        {{"sockets", "--fail-after", "1s"}, "--fail-after"},
        {{"sockets", "--fail-after", "86400001"}, "--fail-after"},
        {{"sockets", "--all", "--pid", "1"}, "--all"},
        {{"sockets", "--all", "--name", "x"}, "--all"},
        {{"sockets", "--watch", "--", "true"}, "--watch"},
        {{"sockets", "--all", "--", "true"}, "--all"},
        {{"sockets", "--pid", "1", "--", "true"}, "--pid"},
        {{"sockets", "--name", "x", "--", "true"}, "--name"},
    };
    for (const auto& [words, told] : table) {
        const auto parsed = parse(words);
        const auto* refused = std::get_if<EarlyExit>(&parsed);
        ASSERT_NE(refused, nullptr) << testing::PrintToString(words);
        EXPECT_EQ(refused->status, 2);
        EXPECT_THAT(refused->text, HasSubstr(told));
    }
}

TEST(SocketsArguments, help_tells_of_the_command_that_is_run) {
    EXPECT_THAT(help_text({"sockets"}).value_or(""), HasSubstr("-- COMMAND [ARGS...]"));
    EXPECT_THAT(help_text({}).value_or(""), HasSubstr("sockets"));
}

TEST(Processes, a_parent_is_found_behind_whatever_name_the_program_gave_itself) {
    EXPECT_EQ(parent_in("12 (sh) S 7 12 12 0"), 7);
    EXPECT_EQ(parent_in("12 (a) S 1 (b) S 8 12"), 8);
    EXPECT_EQ(parent_in("12 ()) ) R 9"), 9);
    for (const char* line : {"", "12", "12 (sh", "12 (sh)", "12 (sh) S", "12 (sh) S x", "12 (sh) S 99999999999"}) {
        EXPECT_EQ(parent_in(line), -1) << line;
    }
}

TEST(Processes, a_name_that_the_kernel_cut_is_the_name_all_the_same) {
    EXPECT_TRUE(is_named("lastack", {"lastack", "lastack-transact"}));
    EXPECT_TRUE(is_named("lastack-transac", {"lastack", "lastack-transact"}));
    EXPECT_TRUE(is_named("lastack-transact", {"lastack-transact"}));
    EXPECT_FALSE(is_named("lastack-tra", {"lastack", "lastack-transact"}));
    EXPECT_FALSE(is_named("", {"lastack"}));
}

}  // namespace
}  // namespace lastack::cli
