// Installed packages read from a real rpm database.
#include "package/sack.hpp"

#include "package/error.hpp"
#include "support/rpm_builder.hpp"
#include "support/run_command.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace lastack::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* database = "/usr/lib/sysimage/rpm";

std::vector<RpmSpec> two_packages() {
    return {{.name = "sack-app",
             .version = "2",
             .epoch = "1",
             .requires_ = {"/usr/share/sack-lib/data"},
             .files = {{.path = "/usr/share/sack-app", .content = "app"}}},
            {.name = "sack-lib", .files = {{.path = "/usr/share/sack-lib/data", .content = "0123456789"}}}};
}

void install(const TempDirectory& root, const std::vector<std::filesystem::path>& packages) {
    std::vector<std::string> command{"rpm", "--root", root.path().string(), "--dbpath", database, "-i", "--nodeps", "--noscripts"};
    for (const auto& package : packages) {
        command.push_back(package.string());
    }
    must_run(command);
}

std::map<std::string, std::int64_t> header_numbers(const TempDirectory& root) {
    const auto output =
        must_run({"rpm", "--root", root.path().string(), "--dbpath", database, "-qa", "--qf", "line %{NAME} %{DBINSTANCE}\n"});
    std::map<std::string, std::int64_t> numbers;
    std::istringstream words{output};
    for (std::string line; std::getline(words, line);) {
        std::istringstream fields{line};
        std::string mark;
        std::string name;
        std::int64_t number = 0;
        if (fields >> mark >> name >> number && mark == "line") {
            numbers[name] = number;
        }
    }
    return numbers;
}

std::vector<std::string> names(const std::vector<package::Package>& packages) {
    std::vector<std::string> out;
    for (const auto& package : packages) {
        out.push_back(package.nevra.str());
    }
    return out;
}

TEST(SackRpmdb, installed_packages_have_their_header_numbers) {
    const TempDirectory root;
    install(root, build_rpms(two_packages()));
    const auto sack = package::Sack::open({.installroot = root.path(), .arch = "x86_64"});
    ASSERT_TRUE(sack.has_value()) << describe(sack.error());
    const auto packages = sack->installed();
    ASSERT_THAT(names(packages), ElementsAre("sack-app-1:2-1.noarch", "sack-lib-1.0-1.noarch"));
    const auto numbers = header_numbers(root);
    EXPECT_EQ(packages[0].rpmdb_id, numbers.at("sack-app"));
    EXPECT_EQ(packages[1].rpmdb_id, numbers.at("sack-lib"));
    EXPECT_EQ(packages[1].repo_id, "installed");
    EXPECT_EQ(packages[1].installed_size, 10u);
    EXPECT_EQ(packages[1].summary, "A package of the tests");
}

TEST(SackRpmdb, files_of_installed_packages_satisfy_dependencies) {
    const TempDirectory root;
    install(root, build_rpms(two_packages()));
    const auto sack = package::Sack::open({.installroot = root.path(), .arch = "x86_64"});
    ASSERT_TRUE(sack.has_value()) << describe(sack.error());
    const auto outcome = sack->solve({.verb = package::Verb::remove, .specs = {"sack-lib"}});
    ASSERT_TRUE(outcome.has_value());
    const auto& steps = std::get<package::Solution>(*outcome).steps;
    ASSERT_EQ(steps.size(), 2u);
    EXPECT_EQ(steps[0].package.nevra.name, "sack-lib");
    EXPECT_EQ(steps[1].package.nevra.name, "sack-app") << "it needs a file of the other";
    EXPECT_TRUE(steps[1].dependency);
}

TEST(SackRpmdb, reading_changes_nothing_in_the_root) {
    const TempDirectory root;
    install(root, build_rpms(two_packages()));
    // SQLite keeps its readers in the -shm file.
    const auto listing = [&] {
        return must_run({"find", root.path().string(), "-type", "f", "!", "-name", "*-shm", "-printf", "%P %s %T@\n"});
    };
    const auto before = listing();
    ASSERT_TRUE(package::Sack::open({.installroot = root.path(), .arch = "x86_64"}).has_value());
    EXPECT_EQ(listing(), before);
}

TEST(SackRpmdb, two_roots_in_one_program_are_kept_apart) {
    const TempDirectory one;
    const TempDirectory two;
    const auto packages = build_rpms(two_packages());
    install(one, {packages[0]});
    install(two, {packages[1]});
    for (int round = 0; round < 2; ++round) {
        EXPECT_THAT(names(package::Sack::open({.installroot = one.path()})->installed()), ElementsAre("sack-app-1:2-1.noarch"));
        EXPECT_THAT(names(package::Sack::open({.installroot = two.path()})->installed()), ElementsAre("sack-lib-1.0-1.noarch"));
    }
}

TEST(SackRpmdb, the_roots_keys_are_not_packages) {
    const TempDirectory root;
    install(root, build_rpms(two_packages()));
    must_run({"rpm", "--root", root.path().string(), "--dbpath", database, "--import", signing_key("sack").armoured.string()});
    const auto sack = package::Sack::open({.installroot = root.path(), .arch = "x86_64"});
    ASSERT_TRUE(sack.has_value()) << describe(sack.error());
    EXPECT_THAT(sack->installed({"gpg*"}), IsEmpty());
    EXPECT_EQ(sack->installed().size(), 2u);
}

TEST(SackRpmdb, a_damaged_database_is_unreadable_and_not_empty) {
    const TempDirectory root;
    install(root, build_rpms(two_packages()));
    const auto file = root.path() / "usr/lib/sysimage/rpm/rpmdb.sqlite";
    ASSERT_TRUE(std::filesystem::exists(file));
    for (const auto& entry : std::filesystem::directory_iterator{file.parent_path()}) {
        if (entry.path() != file) {
            std::filesystem::remove(entry.path());
        }
    }
    // The first page stays, so it is a database still; what it points to is overwritten.
    std::fstream out{file, std::ios::in | std::ios::out | std::ios::binary};
    const auto size = std::filesystem::file_size(file);
    ASSERT_GT(size, 8192u);
    out.seekp(4096);
    out << std::string(size - 4096, '\x5a');
    out.close();
    const auto sack = package::Sack::open({.installroot = root.path(), .arch = "x86_64"});
    ASSERT_FALSE(sack.has_value()) << "packages: " << sack->installed().size();
    EXPECT_EQ(sack.error().code, package::PackageErrc::rpmdb_unreadable);
}

TEST(SackRpmdb, a_database_that_is_none_is_unreadable) {
    const TempDirectory root;
    root.write("usr/lib/sysimage/rpm/rpmdb.sqlite", std::string(8192, 'x'));
    const auto sack = package::Sack::open({.installroot = root.path(), .arch = "x86_64"});
    ASSERT_FALSE(sack.has_value());
    EXPECT_EQ(sack.error().code, package::PackageErrc::rpmdb_unreadable);
    EXPECT_THAT(sack.error().cause, ::testing::HasSubstr(root.path().string()));
}

}  // namespace
}  // namespace lastack::test
