// A refresh is killed, or meets a full or broken disk, at each of its writes, syncs and renames. The next run works, with the old
// generation or the new one.
#include "package/kill/killed_run.hpp"
#include "support/run_command.hpp"
#include "support/temp_directory.hpp"
#include "support/written_repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>

namespace lastack::test {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;

struct Fault {
    const char* name;
    int error;  // 0: a kill
};

class FaultyRefresh : public testing::TestWithParam<Fault> {
protected:
    FaultyRefresh() : nginx_{NginxOptions{.root = directory_ / "www", .locations = {}}} {
        for (const char* name : {"root", "cache", "repos"}) {
            fs::create_directories(directory_ / name);
        }
        directory_.write("lastack.conf", "[main]\nreposdir=" + (directory_ / "repos").string() + "\nretries=2\n");
        directory_.write("repos/repo.repo", "[repo]\ngpgcheck=0\nbaseurl=" + nginx_.url("/repo") + "\n");
        publish("1.0", 1);
    }

    void publish(const std::string& version, unsigned revision) const {
        // Of another size than the last one: nginx tells files of one second apart by nothing else.
        const RpmSpec thing{.name = "thing", .version = version, .description = std::string(revision == 1 ? 10 : 300'000, 'x')};
        const auto primary = primary_xml({Entry{.spec = thing, .bytes = "x"}});
        directory_.write("www/repo/repodata/primary.xml", primary);
        directory_.write("www/repo/repodata/repomd.xml", repomd_xml(primary, {.revision = revision}));
    }
    [[nodiscard]] ProcessResult lastack(const std::vector<std::string>& arguments, std::uint64_t fault_at, bool preload) const {
        std::vector<std::string> all = {LASTACK_BUILD_DIR "/lastack",           "-c",
                                        (directory_ / "lastack.conf").string(), "--installroot",
                                        (directory_ / "root").string(),         "--setopt=cachedir=" + (directory_ / "cache").string()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        ProcessOptions options{.arguments = all};
        if (preload) {
            fs::remove(directory_ / "count");
            options.environment = {{"LD_PRELOAD", LASTACK_BUILD_DIR "/tests/libfailing_files.so"},
                                   {"FAULT_BELOW", (directory_ / "cache/").string()},
                                   {"FAULT_COUNT", (directory_ / "count").string()},
                                   {"FAULT_AT", std::to_string(fault_at)},
                                   {"FAULT_ERRNO", std::to_string(GetParam().error)}};
        }
        return run(options);
    }
    [[nodiscard]] ProcessResult lastack(const std::vector<std::string>& arguments) const { return lastack(arguments, 0, false); }
    [[nodiscard]] std::uint64_t counted() const {
        std::uint64_t count = 0;
        const auto bytes = content_of(directory_ / "count");
        std::memcpy(&count, bytes.data(), std::min(bytes.size(), sizeof count));
        return count;
    }
    void keep() const { fs::copy(directory_ / "cache", directory_ / "kept", fs::copy_options::recursive); }
    void restore() const {
        fs::remove_all(directory_ / "cache");
        fs::copy(directory_ / "kept", directory_ / "cache", fs::copy_options::recursive);
    }

    // From the cache that was kept, with a fault at each place; `old` is what it has, empty for nothing.
    void expect_every_fault_is_survived(const std::string& old) {
        restore();
        const auto undisturbed = lastack({"makecache"}, 0, true);
        ASSERT_EQ(undisturbed.status, 0) << undisturbed.err;
        const std::uint64_t places = counted();
        ASSERT_GE(places, 8u) << "nothing was counted";
        for (std::uint64_t place = 1; place <= places && !HasFailure(); ++place) {
            SCOPED_TRACE("at " + std::to_string(place) + " of " + std::to_string(places));
            restore();
            const auto faulty = lastack({"makecache"}, place, true);
            if (GetParam().error == 0) {
                EXPECT_EQ(faulty.signal, SIGKILL) << faulty.err;
            } else {
                EXPECT_EQ(faulty.signal, 0) << faulty.err;
                EXPECT_THAT(faulty.status, testing::AnyOf(0, 1)) << faulty.err;
            }
            expect_usable(old);
        }
    }
    void expect_usable(const std::string& old) {
        if (!old.empty()) {
            const auto listed = lastack({"list", "available", "-C"});
            EXPECT_EQ(listed.status, 0) << listed.err;
            EXPECT_THAT(listed.out, testing::AnyOf(HasSubstr(old), HasSubstr("2.0-1")));
        }
        const auto made = lastack({"makecache"});
        EXPECT_EQ(made.status, 0) << made.err;
        const auto listed = lastack({"list", "available", "-C"});
        EXPECT_THAT(listed.out, HasSubstr("2.0-1"));
        for (const auto& entry : fs::recursive_directory_iterator(directory_ / "cache")) {
            EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr(".part")));
        }
    }

    TempDirectory directory_{"lastack-fault"};
    NginxServer nginx_;
};

TEST_P(FaultyRefresh, of_a_changed_repository_leaves_the_old_generation_or_the_new) {
    ASSERT_EQ(lastack({"makecache"}).status, 0);
    publish("2.0", 2);
    keep();
    expect_every_fault_is_survived("1.0-1");
}

TEST_P(FaultyRefresh, of_a_new_repository_is_made_good_by_the_next) {
    publish("2.0", 2);
    keep();
    expect_every_fault_is_survived("");
}

INSTANTIATE_TEST_SUITE_P(With, FaultyRefresh, testing::Values(Fault{"kill", 0}, Fault{"no_space", ENOSPC}, Fault{"broken_disk", EIO}),
                         [](const auto& info) { return std::string{info.param.name}; });

}  // namespace
}  // namespace lastack::test
