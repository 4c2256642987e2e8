#include "cli/transaction_table.hpp"

#include <gtest/gtest.h>

namespace lastack::cli {
namespace {

using package::Action;
using package::Package;
using package::Solution;
using package::Step;

Package package_of(std::string name, std::string version, std::string repo = "base", std::uint64_t size = 1200,
                   std::string arch = "noarch") {
    Package package{
        .nevra = {std::move(name), "0", std::move(version), "1", std::move(arch)}, .repo_id = std::move(repo), .installed_size = 4096};
    if (package.repo_id != "installed") {
        package.download_size = size;
    }
    return package;
}

TEST(TransactionTable, looks_like_yum) {
    const Solution solution{.steps = {
                                {Action::install, false, package_of("foo", "2"), {package_of("old-foo", "1", "installed")}},
                                {Action::install, true, package_of("libfoo", "2.17", "updates", 106496, "x86_64"), {}},
                                {Action::install, true, package_of("libfoo-common", "2.17", "updates", 2831155), {}},
                                {Action::update, false, package_of("bar", "3"), {package_of("bar", "2", "installed")}},
                                {Action::update, false, package_of("baz", "3"), {package_of("baz", "2", "installed")}},
                                {Action::remove, false, package_of("gone", "1", "installed"), {}},
                                {Action::remove, true, package_of("gone-plugin", "1", "installed"), {}},
                            }};
    EXPECT_EQ(transaction_table(solution),
              "================================================================================\n"
              " Package               Arch           Version           Repository          Size\n"
              "================================================================================\n"
              "Installing:\n"
              " foo                   noarch         2-1               base               1.2 k\n"
              "     replacing  old-foo.noarch 1-1\n"
              "Updating:\n"
              " bar                   noarch         3-1               base               1.2 k\n"
              " baz                   noarch         3-1               base               1.2 k\n"
              "Removing:\n"
              " gone                  noarch         1-1               installed          4.0 k\n"
              "Installing for dependencies:\n"
              " libfoo                x86_64         2.17-1            updates            104 k\n"
              " libfoo-common         noarch         2.17-1            updates            2.7 M\n"
              "Removing for dependencies:\n"
              " gone-plugin           noarch         1-1               installed          4.0 k\n"
              "\n"
              "Transaction Summary\n"
              "================================================================================\n"
              "Install  1 Package  (+2 Dependent packages)\n"
              "Upgrade  2 Packages\n"
              "Remove   1 Package  (+1 Dependent package)\n"
              "\n"
              "Total download size: 2.8 M\n"
              "Installed size: 20 k\n");
}

TEST(TransactionTable, one_update_with_new_dependencies) {
    const Solution solution{.steps = {{Action::install, true, package_of("dep", "1"), {}},
                                      {Action::install, true, package_of("dep2", "1"), {}},
                                      {Action::update, false, package_of("foo", "2", "base", 700), {package_of("foo", "1", "installed")}}}};
    EXPECT_EQ(transaction_table(solution, 60),
              "============================================================\n"
              " Package      Arch        Version      Repository       Size\n"
              "============================================================\n"
              "Updating:\n"
              " foo          noarch      2-1          base            700\n"
              "Installing for dependencies:\n"
              " dep          noarch      1-1          base            1.2 k\n"
              " dep2         noarch      1-1          base            1.2 k\n"
              "\n"
              "Transaction Summary\n"
              "============================================================\n"
              "Install            ( 2 Dependent packages)\n"
              "Upgrade  1 Package\n"
              "\n"
              "Total download size: 3.0 k\n"
              "Installed size: 12 k\n");
}

TEST(TransactionTable, a_removal_downloads_nothing) {
    const Solution solution{.steps = {{Action::remove, false, package_of("foo", "1", "installed"), {}}}};
    EXPECT_EQ(transaction_table(solution, 50),
              "==================================================\n"
              " Package   Arch     Version     Repository    Size\n"
              "==================================================\n"
              "Removing:\n"
              " foo       noarch   1-1         installed    4.0 k\n"
              "\n"
              "Transaction Summary\n"
              "==================================================\n"
              "Remove  1 Package\n"
              "\n"
              "Installed size: 4.0 k\n");
}

std::string sizes(std::uint64_t cached) {
    const Solution solution{.steps = {{Action::install, false, package_of("foo", "1", "base", 2048), {}}}};
    const auto table = transaction_table(solution, 80, cached);
    return table.substr(table.find("\n\nT", table.find("Summary")) + 2);
}

TEST(TransactionTable, what_is_in_the_cache_is_not_downloaded) {
    EXPECT_EQ(sizes(0), "Total download size: 2.0 k\nInstalled size: 4.0 k\n");
    EXPECT_EQ(sizes(1024), "Total size: 2.0 k\nTotal download size: 1.0 k\nInstalled size: 4.0 k\n");
    EXPECT_EQ(sizes(2048), "Total size: 2.0 k\nInstalled size: 4.0 k\n");
}

TEST(TransactionTable, a_name_that_is_too_long_pushes_the_rest_to_the_next_line) {
    const Solution solution{.steps = {{Action::install, false, package_of(std::string(60, 'n'), "1"), {}}}};
    EXPECT_EQ(transaction_table(solution, 40).substr(123),
              "Installing:\n " + std::string(60, 'n') + "\n         noarch 1-1     base       1.2 k\n\nTransaction Summary\n" +
                  std::string(40, '=') + "\nInstall  1 Package\n\nTotal download size: 1.2 k\nInstalled size: 4.0 k\n");
}

TEST(TransactionTable, nothing_from_metadata_reaches_the_terminal_as_a_command) {
    Package package = package_of("evil\x1b[31m", "1\n2", "re\rpo");
    package.nevra.arch = "a\xc2\x9b";
    const Solution solution{
        .steps = {{Action::install, false, package, {package}}, {Action::install, false, package_of("b", "1"), {package}}}};
    for (const auto& text : {transaction_table(solution), transaction_result(solution)}) {
        EXPECT_EQ(text.find('\x1b'), std::string::npos);
        EXPECT_EQ(text.find('\r'), std::string::npos);
        EXPECT_EQ(text.find("\xc2\x9b"), std::string::npos);
        EXPECT_NE(text.find("evil\\x1b[31m"), std::string::npos);
    }
}

TEST(TransactionTable, sizes_do_not_wrap) {
    const Solution solution{.steps = {{Action::install, false, package_of("a", "1", "base", UINT64_MAX), {}},
                                      {Action::install, false, package_of("b", "1", "base", UINT64_MAX), {}}}};
    EXPECT_EQ(download_size(solution), UINT64_MAX);
}

TEST(TransactionResult, name_what_was_done_in_two_columns) {
    const Solution solution{.steps = {{Action::install, false, package_of("foo", "2"), {package_of("old-foo", "1", "installed")}},
                                      {Action::install, true, package_of("dep-a", "1"), {}},
                                      {Action::install, true, package_of("dep-b", "1"), {}},
                                      {Action::install, true, package_of("dep-c", "1"), {}},
                                      {Action::update, false, package_of("bar", "3"), {package_of("bar", "2", "installed")}},
                                      {Action::remove, false, package_of("gone", "1", "installed"), {}}}};
    EXPECT_EQ(transaction_result(solution, 60),
              "Removed:\n"
              "  gone.noarch 0:1-1\n"
              "\n"
              "Installed:\n"
              "  foo.noarch 0:2-1\n"
              "\n"
              "Dependency Installed:\n"
              "  dep-a.noarch 0:1-1            dep-b.noarch 0:1-1\n"
              "  dep-c.noarch 0:1-1\n"
              "\n"
              "Updated:\n"
              "  bar.noarch 0:3-1\n"
              "\n"
              "Replaced:\n"
              "  old-foo.noarch 0:1-1\n");
}

TEST(TransactionResult, a_long_name_has_the_line_for_itself) {
    const Solution solution{
        .steps = {{Action::install, false, package_of(std::string(50, 'a'), "2"), {}}, {Action::install, false, package_of("b", "2"), {}}}};
    EXPECT_EQ(transaction_result(solution, 60), "Installed:\n  " + std::string(50, 'a') + ".noarch 0:2-1\n  b.noarch 0:2-1\n");
}

}  // namespace
}  // namespace lastack::cli
