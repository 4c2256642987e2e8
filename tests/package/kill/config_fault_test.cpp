// `config set` is killed, or meets a full or broken disk, at each of its writes, syncs and renames: every file is the old one or the new
// one, and the same command works the next time.
#include "support/process.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace lastack::test {
namespace {

namespace fs = std::filesystem;

using testing::AnyOf;
using testing::HasSubstr;

struct Fault {
    const char* name;
    int error;  // 0: a kill
};

constexpr auto main_file = "root/etc/lastack/lastack.conf";
constexpr auto repo_file = "root/etc/yum.repos.d/a.repo";
constexpr auto old_main = "[main]\nkeepcache=1\n";
constexpr auto new_main = "[main]\nkeepcache=0\n";
constexpr auto old_repo = "# mine\n[a]\nbaseurl=http://127.0.0.1:9/\n";
constexpr auto new_repo = "# mine\n[a]\nbaseurl=http://127.0.0.1:9/\ncost=7\n";

class FaultyConfigSet : public testing::TestWithParam<Fault> {
protected:
    void restore() const {
        fs::remove_all(directory_ / "root");
        directory_.write(main_file, old_main);
        directory_.write(repo_file, old_repo);
    }

    [[nodiscard]] ProcessResult set(std::uint64_t fault_at, bool preload) const {
        ProcessOptions options{.arguments = {LASTACK_BUILD_DIR "/lastack", "--installroot=" + (directory_ / "root").string(), "config",
                                             "set", "keepcache=0", "a.cost=7"}};
        if (preload) {
            fs::remove(directory_ / "count");
            options.environment = {{"LD_PRELOAD", LASTACK_BUILD_DIR "/tests/libfailing_files.so"},
                                   {"FAULT_BELOW", (directory_ / "root/").string()},
                                   {"FAULT_COUNT", (directory_ / "count").string()},
                                   {"FAULT_AT", std::to_string(fault_at)},
                                   {"FAULT_ERRNO", std::to_string(GetParam().error)}};
        }
        return run(options);
    }

    [[nodiscard]] std::uint64_t counted() const {
        std::uint64_t count = 0;
        const std::string bytes = directory_.read("count");
        std::memcpy(&count, bytes.data(), std::min(bytes.size(), sizeof count));
        return count;
    }

    [[nodiscard]] std::size_t files() const {
        std::size_t count = 0;
        for (const auto& entry : fs::recursive_directory_iterator{directory_ / "root"}) {
            count += entry.is_regular_file() ? 1 : 0;
        }
        return count;
    }

    TempDirectory directory_{"lastack-config-fault"};
};

TEST_P(FaultyConfigSet, leaves_each_file_as_it_was_or_as_it_shall_be) {
    restore();
    const auto undisturbed = set(0, true);
    ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
    const std::uint64_t places = counted();
    ASSERT_GE(places, 8U) << "two files, each written, synced and renamed, and their directories synced";
    for (std::uint64_t place = 1; place <= places && !HasFailure(); ++place) {
        SCOPED_TRACE("at " + std::to_string(place) + " of " + std::to_string(places));
        restore();
        const auto faulty = set(place, true);
        if (GetParam().error == 0) {
            EXPECT_EQ(faulty.signal, SIGKILL) << faulty.err;
        } else {
            EXPECT_EQ(faulty.status, 1) << faulty.out;
            EXPECT_THAT(faulty.err, HasSubstr("cannot change"));
            EXPECT_EQ(files(), 2U) << "nothing is left beside them";
        }
        EXPECT_THAT(directory_.read(main_file), AnyOf(old_main, new_main));
        EXPECT_THAT(directory_.read(repo_file), AnyOf(old_repo, new_repo));
        const auto again = set(0, false);
        EXPECT_EQ(again.status, 0) << again.err;
        EXPECT_EQ(directory_.read(main_file), new_main);
        EXPECT_EQ(directory_.read(repo_file), new_repo);
        EXPECT_EQ(files(), 2U);
    }
}

INSTANTIATE_TEST_SUITE_P(With, FaultyConfigSet, testing::Values(Fault{"kill", 0}, Fault{"no_space", ENOSPC}, Fault{"broken_disk", EIO}),
                         [](const auto& info) { return std::string{info.param.name}; });

}  // namespace
}  // namespace lastack::test
