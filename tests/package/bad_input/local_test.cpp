// What this machine refuses: space, permissions, locks.
#include "package/bad_input/scene.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::test {
namespace {

namespace fs = std::filesystem;

constexpr auto nobody = 65534;

class LocalTrouble : public Scene {
protected:
    // Shell words for a command line.
    [[nodiscard]] static std::string quoted(const std::vector<std::string>& command) {
        std::string text;
        for (const auto& each : command) {
            text += "'" + each + "' ";
        }
        return text;
    }
    // A shell script in a mount namespace of its own, with a small file system at `place`.
    [[nodiscard]] static std::vector<std::string> on_small_disk(const fs::path& place, const std::string& size, const std::string& script) {
        return {"unshare", "-m", "sh", "-c",
                "mount -t tmpfs -o mode=0755,size=" + size + " tmpfs '" + place.string() + "' || exit 99; " + script};
    }
    [[nodiscard]] bool can_mount() const {
        const auto result = run({.arguments = on_small_disk(directory() / "tmp", "64k", "true")});
        return result.status == 0;
    }
    [[nodiscard]] std::vector<std::string> command_for_root(const fs::path& other, const std::vector<std::string>& arguments) const {
        auto all = command(arguments);
        std::ranges::replace(all, root().string(), other.string());
        return all;
    }
    // Nothing here may be read by the other user otherwise.
    void open_to_others() const {
        for (const auto* name : {"", "root", "cache", "repos"}) {
            fs::permissions(directory() / name, fs::perms{0755});
        }
    }
    [[nodiscard]] static std::vector<std::string> as_nobody(const std::vector<std::string>& command) {
        std::vector<std::string> all = {"setpriv",        "--reuid", std::to_string(nobody), "--regid", std::to_string(nobody),
                                        "--clear-groups", "--"};
        all.insert(all.end(), command.begin(), command.end());
        return all;
    }
    [[nodiscard]] bool can_become_nobody() const {
        open_to_others();
        return run({.arguments = as_nobody({"test", "-x", LASTACK_BUILD_DIR "/lastack"})}).status == 0;
    }
};

RpmSpec large_package() { return {.name = "large", .files = {{.path = "/usr/share/large", .content = "x"}}, .payload_size = 2'000'000}; }

constexpr auto no_mount = "this machine does not let the test mount a small file system (unshare -m, mount -t tmpfs)";

TEST_F(LocalTrouble, no_space_for_a_package_is_told_and_the_next_run_resumes) {
    if (!can_mount()) {
        GTEST_SKIP() << no_mount;
    }
    offer({entry_of(large_package())});
    const auto install = quoted(command({"-y", "install", "large"}));
    const auto outcome = run_command_line(on_small_disk(cache(), "1m",
                                                        install + "; status=$?; echo PART $(stat -c %s '" + cache().string() +
                                                            "'/repo/packages/*.part) >&2; " + "mount -o remount,size=20m '" +
                                                            cache().string() + "'; " + install + ">&2; echo SECOND $? >&2; exit $status"));
    expect_failed(outcome, {"large-1.0-1.noarch: " + repo_url("/Packages/large-1.0-1.noarch.rpm"), "No space left on device",
                            "free some space and run the command again; what was downloaded is kept", "SECOND 0\n"});
    const auto at = outcome.process.err.find("PART ");
    ASSERT_NE(at, std::string::npos);
    EXPECT_GT(std::stoull(outcome.process.err.substr(at + 5)), 100'000U);
    EXPECT_THAT(outcome.after.rpms, HasSubstr("large-1.0-1.noarch"));
    const auto requests = origin().requests();
    EXPECT_EQ(requests.back().path(), "/repo/Packages/large-1.0-1.noarch.rpm");
    EXPECT_THAT(requests.back().header("Range"), testing::StartsWith("bytes="));
}

TEST_F(LocalTrouble, no_space_for_metadata_is_told_and_what_is_cached_can_be_used_and_cleaned) {
    if (!can_mount()) {
        GTEST_SKIP() << no_mount;
    }
    offer({entry_of(old_target())});
    auto entry = entry_of(new_target());
    entry.spec.description = std::string(2'000'000, 'x');
    const auto large = primary_xml({entry});
    origin().serve_file("/big/repodata/repomd.xml", repomd_xml(large, {.revision = 9}));
    origin().serve_file("/big/repodata/primary.xml", large);
    directory().write("repos/big.repo", "[big]\nenabled=0\ngpgcheck=0\nbaseurl=" + origin().url("/big") + "\n");
    const auto in_cache = "'" + cache().string() + "'";
    const auto outcome = run_command_line(on_small_disk(
        cache(), "1m",
        quoted(command({"makecache"})) + " || exit 98; " + quoted(command({"--enablerepo=big", "makecache"})) + "; status=$?; ls -a " +
            in_cache + "/big >&2; dd if=/dev/zero of=" + in_cache + "/filler 2>/dev/null; " + quoted(command({"list", "all"})) +
            " >&2; echo LIST $? >&2; " + quoted(command({"clean", "all"})) + " >&2; echo CLEAN $? >&2; exit $status"));
    expect_failed(outcome, {"repository 'big'", "No space left on device", "free some space", "LIST 0\n", "target.noarch", "CLEAN 0\n"});
    EXPECT_THAT(outcome.process.err, testing::ContainsRegex("\n\\.\n\\.\\.\npackages\n")) << "something of it was left";
}

TEST_F(LocalTrouble, no_space_in_the_root_is_told_before_anything_changes) {
    if (!can_mount()) {
        GTEST_SKIP() << no_mount;
    }
    offer_and_cache({entry_of(large_package())});
    const auto usr_share = root() / "usr/share";
    const auto outcome = run_command_line(
        on_small_disk(usr_share, "1m",
                      quoted(command({"-y", "install", "large"})) + "; status=$?; ls -a '" + usr_share.string() + "' >&2; exit $status"));
    expect_failed(outcome, {"installing package large-1.0-1.noarch needs ", " more space on the "});
    EXPECT_EQ(outcome.before.rpms, outcome.after.rpms);
    EXPECT_EQ(outcome.before.root, outcome.after.root);
    EXPECT_THAT(outcome.process.err, Not(HasSubstr("large.payload")));
}

TEST_F(LocalTrouble, cache_whose_name_is_a_file_is_named) {
    offer({entry_of(new_target())});
    fs::remove_all(cache());
    directory().write("cache", "in the way");
    expect_refused(update(), {cache().string(), "--setopt=cachedir=DIR"});
    EXPECT_TRUE(origin().requests().empty());
}

TEST_F(LocalTrouble, cache_that_may_not_be_written_is_named) {
    offer({entry_of(new_target())});
    if (::geteuid() == 0 && !can_become_nobody()) {
        GTEST_SKIP() << "another user cannot run " LASTACK_BUILD_DIR "/lastack";
    }
    fs::permissions(cache(), fs::perms{0555});
    const auto wanted = command({"makecache"});
    expect_refused(run_command_line(::geteuid() == 0 ? as_nobody(wanted) : wanted),
                   {cache().string(), "Permission denied", "--setopt=cachedir=DIR"});
    EXPECT_TRUE(origin().requests().empty());
}

TEST_F(LocalTrouble, cache_below_a_directory_that_may_not_be_written_is_named) {
    if (::geteuid() == 0 && !can_become_nobody()) {
        GTEST_SKIP() << "another user cannot run " LASTACK_BUILD_DIR "/lastack";
    }
    fs::create_directories(directory() / "closed");
    fs::permissions(directory() / "closed", fs::perms{0555});
    auto wanted = command({"makecache"});
    wanted.push_back("--setopt=cachedir=" + (directory() / "closed/cache").string());
    expect_refused(
        run_command_line(::geteuid() == 0 ? as_nobody(wanted) : wanted),
        {"cannot make the cache directory " + (directory() / "closed/cache").string() + ": Permission denied", "--setopt=cachedir=DIR"});
}

TEST_F(LocalTrouble, cache_that_everybody_may_write_is_refused) {
    fs::permissions(cache(), fs::perms{0777});
    expect_refused(update(), {"other users may write to the cache directory " + cache().string(), "chmod go-w"});
    EXPECT_TRUE(origin().requests().empty());
}

TEST_F(LocalTrouble, package_directory_that_is_a_link_is_refused) {
    cache_old_generation();
    fs::remove_all(cache() / "repo/packages");
    fs::create_directories(directory() / "elsewhere");
    fs::create_directory_symlink(directory() / "elsewhere", cache() / "repo/packages");
    expect_refused(update_metadata_too(), {(cache() / "repo/packages").string() + " is not a directory that only you may write to"});
}

TEST_F(LocalTrouble, second_lastack_names_the_first_and_with_exit_on_lock_leaves_it_alone) {
    offer_and_cache({entry_of(new_target())});
    Process first({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::pipe});
    ASSERT_TRUE(first.wait_for_output("Is this ok [y/d/N]: "));
    expect_refused(update({"--setopt=exit_on_lock=1"}),
                   {"the cache " + cache().string() + " is in use by process " + std::to_string(first.pid()) + " (lastack)",
                    "wait until it has finished"});
    first.write("y\n");
    EXPECT_EQ(first.wait().status, 0);
    EXPECT_THAT(state().rpms, HasSubstr("target-2.0-1.noarch"));
}

TEST_F(LocalTrouble, second_lastack_waits_for_the_end_of_the_first) {
    offer_and_cache({entry_of(new_target())});
    Process first({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::pipe});
    ASSERT_TRUE(first.wait_for_output("Is this ok [y/d/N]: "));
    Process second({.arguments = command({"-y", "update"})});
    ASSERT_TRUE(second.wait_for_error(std::to_string(first.pid()) + " (lastack); waiting for it to exit"));
    first.write("n\n");
    EXPECT_EQ(first.wait().status, 1);
    EXPECT_EQ(second.wait().status, 0);
    EXPECT_THAT(state().rpms, HasSubstr("target-2.0-1.noarch"));
}

TEST_F(LocalTrouble, the_wait_for_another_lastack_can_be_stopped) {
    offer_and_cache({entry_of(new_target())});
    Process first({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::pipe});
    ASSERT_TRUE(first.wait_for_output("Is this ok [y/d/N]: "));
    Process second({.arguments = command({"-y", "update"})});
    ASSERT_TRUE(second.wait_for_error("waiting for it to exit"));
    second.signal(SIGINT);
    const auto stopped = second.wait();
    EXPECT_EQ(stopped.status, 1);
    EXPECT_THAT(stopped.err, HasSubstr("Exiting on user cancel"));
    EXPECT_TRUE(first.running());
}

TEST_F(LocalTrouble, lock_left_by_a_killed_run_holds_nobody_up) {
    offer_and_cache({entry_of(new_target())});
    Process first({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::pipe});
    ASSERT_TRUE(first.wait_for_output("Is this ok [y/d/N]: "));
    first.signal(SIGKILL);
    EXPECT_EQ(first.wait().signal, SIGKILL);
    expect_done(update());
}

TEST_F(LocalTrouble, root_that_is_not_there_is_made_only_when_something_is_installed) {
    offer({entry_of(new_target())});
    const auto missing = directory() / "new-root";
    expect_done(run_command_line(command_for_root(missing, {"-y", "update"})));
    EXPECT_FALSE(fs::exists(missing));
    expect_done(run_command_line(command_for_root(missing, {"-y", "install", "target"})));
    EXPECT_TRUE(fs::exists(missing / "usr/share/target"));
}

TEST_F(LocalTrouble, root_that_cannot_be_made_is_named) {
    offer_and_cache({entry_of(new_target())});
    expect_failed(run_command_line(command_for_root("/proc/new-root", {"-y", "install", "target"})), {"/proc/new-root"});
}

TEST_F(LocalTrouble, root_that_is_a_file_is_refused) {
    const auto file = directory().write("a-file", "x");
    expect_refused(run_command_line(command_for_root(file, {"-y", "install", "target"})),
                   {"the installroot " + file.string() + " is not a directory"});
    EXPECT_TRUE(origin().requests().empty());
}

TEST_F(LocalTrouble, root_that_is_not_absolute_is_refused) {
    expect_refused(run_command_line({LASTACK_BUILD_DIR "/lastack", "--installroot", "somewhere", "-y", "update"}),
                   {"the installroot 'somewhere' is not an absolute path", "--installroot=/PATH"});
}

TEST_F(LocalTrouble, root_that_is_mounted_for_reading_only_is_refused_before_the_download) {
    offer_and_cache({entry_of(new_target())});
    if (!can_mount()) {
        GTEST_SKIP() << "this machine does not let the test mount a root for reading only";
    }
    const auto place = "'" + root().string() + "'";
    const auto outcome = run_command_line({"unshare", "-m", "sh", "-c",
                                           "mount --bind " + place + " " + place + " && mount -o remount,ro,bind " + place +
                                               " || exit 99; " + quoted(command({"-y", "update"}))});
    expect_refused(outcome, {"the root " + root().string(), "Read-only file system", "mounted for writing"});
    EXPECT_EQ(origin().record().requests_for("/repo/Packages/target-2.0-1.noarch.rpm"), 0);
}

TEST_F(LocalTrouble, user_who_may_not_write_to_the_root_is_told_before_the_download) {
    if (::geteuid() != 0 || !can_become_nobody()) {
        GTEST_SKIP() << "no other user can run " LASTACK_BUILD_DIR "/lastack";
    }
    offer({entry_of(new_target())});
    fs::create_directories(directory() / "own");
    ASSERT_EQ(::chown((directory() / "own").c_str(), nobody, nobody), 0);
    auto wanted = command({"-y", "update"});
    std::ranges::replace(wanted, "--setopt=cachedir=" + cache().string(), "--setopt=cachedir=" + (directory() / "own/cache").string());
    expect_refused(run_command_line(as_nobody(wanted)), {"the root " + root().string(), "Permission denied", "run it as root"});
    EXPECT_EQ(origin().record().requests_for("/repo/Packages/target-2.0-1.noarch.rpm"), 0);
}

TEST_F(LocalTrouble, damaged_rpm_database_is_refused) {
    offer_and_cache({entry_of(new_target())});
    for (const auto& entry : fs::directory_iterator(root() / "usr/lib/sysimage/rpm")) {
        if (entry.path().filename().string().starts_with("rpmdb.sqlite")) {
            std::ofstream(entry.path(), std::ios::trunc) << std::string(8192, 'x');
        }
    }
    expect_failed(update(), {"rpm database", root().string()});
}

TEST_F(LocalTrouble, missing_transaction_program_is_named) {
    offer_and_cache({entry_of(new_target())});
    fs::copy_file(LASTACK_BUILD_DIR "/lastack", directory() / "lastack");
    auto wanted = command({"-y", "update"});
    wanted.front() = (directory() / "lastack").string();
    const auto outcome = run_command_line(wanted);
    expect_failed(outcome, {"cannot find ", "lastack-transact", "install lastack again"});
    EXPECT_EQ(outcome.before.rpms, outcome.after.rpms);
}

}  // namespace
}  // namespace lastack::test
