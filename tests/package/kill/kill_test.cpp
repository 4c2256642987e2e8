// lastack is killed at random moments of its downloads. What it had is used by the next run, and nothing is fetched twice.
#include "package/kill/killed_run.hpp"
#include "support/run_command.hpp"
#include "support/temp_directory.hpp"
#include "support/written_repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace lastack::test {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto database = "/usr/lib/sysimage/rpm";
// In small pieces: nginx would send the first second's share at once.
constexpr auto one_megabyte_a_second = "limit_rate 1m; sendfile_max_chunk 32k;";

class Killed : public testing::Test {
protected:
    void start(const std::string& limited_path, const std::string& directives) {
        nginx_ = std::make_unique<NginxServer>(NginxOptions{.root = directory_ / "www", .locations = {{limited_path, directives}}});
        for (const char* name : {"root", "cache", "repos"}) {
            fs::create_directories(directory_ / name);
        }
        directory_.write("lastack.conf", "[main]\nreposdir=" + (directory_ / "repos").string() + "\n");
        directory_.write("repos/repo.repo", "[repo]\ngpgcheck=0\nbaseurl=" + nginx_->url("/repo") + "\n");
    }
    // Writes a generation below www/repo and returns its entries.
    void publish(const std::vector<Entry>& entries, unsigned revision) const {
        const auto primary = primary_xml(entries);
        directory_.write("www/repo/repodata/primary.xml", primary);
        directory_.write("www/repo/repodata/repomd.xml", repomd_xml(primary, {.revision = revision}));
        for (const auto& entry : entries) {
            directory_.write("www/repo/" + href_of(entry), entry.bytes);
        }
    }
    [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& arguments) const {
        std::vector<std::string> all = {LASTACK_BUILD_DIR "/lastack",           "-c",
                                        (directory_ / "lastack.conf").string(), "--installroot",
                                        (directory_ / "root").string(),         "--setopt=cachedir=" + (directory_ / "cache").string()};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return all;
    }
    // Root and cache as they are now are what `restore` brings back.
    void keep() const {
        for (const char* name : {"root", "cache"}) {
            fs::copy(directory_ / name, directory_ / (std::string{"kept-"} + name),
                     fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        }
    }
    void restore() const {
        for (const char* name : {"root", "cache"}) {
            fs::remove_all(directory_ / name);
            fs::copy(directory_ / (std::string{"kept-"} + name), directory_ / name,
                     fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        }
    }
    void expect_nothing_unfinished(const fs::path& place) const {
        for (const auto& entry : fs::recursive_directory_iterator(place)) {
            EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr(".part")));
        }
    }

    TempDirectory directory_{"lastack-kill"};
    std::unique_ptr<NginxServer> nginx_;
    Moments moments_;
};

class KilledUpdate : public Killed {
protected:
    static constexpr int count = 4;

    KilledUpdate() {
        std::vector<RpmSpec> specs;
        for (int i = 0; i < count; ++i) {
            const auto name = "kill-" + std::to_string(i);
            specs.push_back({.name = name, .files = {{.path = "/usr/share/" + name, .content = "one"}}});
        }
        for (int i = 0; i < count; ++i) {
            const auto name = "kill-" + std::to_string(i);
            specs.push_back(
                {.name = name, .version = "2.0", .files = {{.path = "/usr/share/" + name, .content = "two"}}, .payload_size = 650'000});
        }
        const auto files = build_rpms(specs);
        for (std::size_t i = count; i < specs.size(); ++i) {
            packages_.push_back({.spec = specs[i], .bytes = content_of(files[i])});
        }
        start("/repo/Packages/", one_megabyte_a_second);
        publish(packages_, 1);
        std::vector<std::string> install = {
            "rpm", "--force-debian", "--root", (directory_ / "root").string(), "--define", std::string{"_dbpath "} + database, "-i"};
        for (std::size_t i = 0; i < count; ++i) {
            install.push_back(files[i].string());
        }
        must_run(install);
        must_run(command({"makecache"}));
        keep();
    }

    struct AtTheKill {
        bool complete = false;
        Unfinished part;
    };
    [[nodiscard]] fs::path cached(const Entry& package) const {
        return directory_ / "cache/repo/packages" / fs::path(href_of(package)).filename();
    }
    [[nodiscard]] AtTheKill look_at(const Entry& package) const {
        return {.complete = sha256_of(content_of(cached(package))) == sha256_of(package.bytes), .part = unfinished(cached(package))};
    }
    [[nodiscard]] static bool needs_request(const Entry& package, const AtTheKill& was) {
        return !was.complete && !(was.part.has_journal && was.part.size == package.bytes.size());
    }
    void expect_only_the_rest_is_fetched(const Entry& package, const AtTheKill& was, const std::vector<NginxLogLine>& requests) const {
        const auto path = "/repo/" + href_of(package);
        SCOPED_TRACE(path + ", unfinished bytes: " + std::to_string(was.part.size));
        const auto asked = requests_for(requests, path);
        if (!needs_request(package, was)) {
            EXPECT_THAT(asked, IsEmpty());
            return;
        }
        ASSERT_THAT(asked, SizeIs(1));
        const bool resumes = was.part.size > 0 && was.part.has_journal;
        EXPECT_EQ(asked.front().range, resumes ? "bytes=" + std::to_string(was.part.size) + "-" : "");
        EXPECT_EQ(asked.front().status, resumes ? 206 : 200);
        EXPECT_EQ(asked.front().body_bytes, package.bytes.size() - (resumes ? was.part.size : 0));
    }
    void expect_all_updated() const {
        const auto rpms =
            must_run({"rpm", "--root", (directory_ / "root").string(), "--define", std::string{"_dbpath "} + database, "-qa"});
        for (const auto& package : packages_) {
            EXPECT_THAT(rpms, HasSubstr(package.spec.name + "-2.0-1.noarch"));
            EXPECT_THAT(rpms, testing::Not(HasSubstr(package.spec.name + "-1.0-1.noarch")));
            EXPECT_EQ(content_of(directory_ / "root/usr/share" / package.spec.name), "two");
            EXPECT_EQ(sha256_of(content_of(cached(package))), sha256_of(package.bytes));
        }
    }

    std::vector<Entry> packages_;
};

TEST_F(KilledUpdate, twenty_times_at_a_random_moment_of_the_downloads_costs_nothing_that_was_there) {
    constexpr int rounds = 20;
    const auto update = command({"-y", "update"});
    const auto undisturbed = time_between(update, "Downloading packages:", "Running transaction check");
    expect_all_updated();
    int killed = 0;
    int complete = 0;
    int resumed = 0;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        restore();
        const auto moment = moments_.below(undisturbed);
        SCOPED_TRACE("seed " + std::to_string(moments_.seed()) + ", round " + std::to_string(round) + ", killed after " +
                     std::to_string(moment.count()) + " ms of " + std::to_string(undisturbed.count()));
        killed += run_and_kill(update, "Downloading packages:", "Running transaction check", moment) ? 1 : 0;
        std::vector<AtTheKill> was;
        std::size_t expected = 0;
        for (const auto& package : packages_) {
            was.push_back(look_at(package));
            complete += was.back().complete ? 1 : 0;
            resumed += was.back().part.size > 0 && was.back().part.has_journal ? 1 : 0;
            expected += needs_request(package, was.back()) ? 1 : 0;
        }
        const LogMark mark(*nginx_);
        const auto result = run({.arguments = update});
        EXPECT_EQ(result.status, 0) << result.out << result.err;
        expect_all_updated();
        expect_nothing_unfinished(directory_ / "cache");
        const auto requests = mark.requests_since(expected);
        EXPECT_THAT(requests, SizeIs(expected));
        for (std::size_t i = 0; i < packages_.size(); ++i) {
            expect_only_the_rest_is_fetched(packages_[i], was[i], requests);
        }
    }
    std::cout << "killed " << killed << ", complete files " << complete << ", unfinished files " << resumed << " (undisturbed "
              << undisturbed.count() << " ms)\n";
    EXPECT_GE(killed, rounds / 2);
    EXPECT_GT(resumed, 0);
}

class KilledRefresh : public Killed {};

TEST_F(KilledRefresh, at_a_random_moment_leaves_the_old_or_the_new_generation) {
    constexpr int rounds = 8;
    start("/repo/repodata/", one_megabyte_a_second);
    Entry entry{.spec = {.name = "thing", .description = std::string(300'000, 'o')}, .bytes = "x"};
    publish({entry}, 1);
    must_run(command({"makecache"}));
    keep();
    entry.spec.version = "2.0";
    entry.spec.description = std::string(600'000, 'n');
    publish({entry}, 20);  // of another length, as nginx tells versions apart by size and second
    const auto refresh = command({"makecache"});
    const auto undisturbed = time_between(refresh, "", "Metadata Cache Created");
    int resumed = 0;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        restore();
        const auto moment = moments_.below(undisturbed);
        SCOPED_TRACE("seed " + std::to_string(moments_.seed()) + ", round " + std::to_string(round) + ", killed after " +
                     std::to_string(moment.count()) + " ms of " + std::to_string(undisturbed.count()));
        (void)run_and_kill(refresh, "", "Metadata Cache Created", moment);
        fs::path part;
        for (const auto& file : fs::directory_iterator(directory_ / "cache/objects")) {
            part = file.path().extension() == ".part" ? file.path() : part;
        }
        const auto left = part.empty() ? Unfinished{} : unfinished(part.parent_path() / part.stem());
        const LogMark mark(*nginx_);
        const auto listed = run({.arguments = command({"list", "available", "--setopt=metadata_expire=never"})});
        EXPECT_EQ(listed.status, 0) << listed.err;
        EXPECT_THAT(listed.out, testing::ContainsRegex("thing.noarch +[12].0-1 "));
        const auto result = run({.arguments = refresh});
        EXPECT_EQ(result.status, 0) << result.out << result.err;
        const auto now = run({.arguments = command({"list", "available"})});
        EXPECT_THAT(now.out, testing::ContainsRegex("thing.noarch +2.0-1 "));
        expect_nothing_unfinished(directory_ / "cache");
        const auto digest = sha256_of(primary_xml({entry}));
        EXPECT_EQ(sha256_of(content_of(directory_ / "cache/objects" / ("sha256-" + digest))), digest);
        if (left.size > 0 && left.has_journal) {
            ++resumed;
            // Killed between the last byte and the name: nothing is left to ask for.
            const bool whole = left.size == fs::file_size(part.parent_path() / part.stem());
            const auto asked = requests_for(mark.requests_since(whole ? 1 : 2), "/repo/repodata/primary.xml");
            ASSERT_THAT(asked, SizeIs(whole ? 0 : 1));
            if (whole) {
                continue;
            }
            EXPECT_EQ(asked.front().range, "bytes=" + std::to_string(left.size) + "-");
            EXPECT_EQ(asked.front().status, 206);
        }
    }
    std::cout << "unfinished downloads " << resumed << " (undisturbed " << undisturbed.count() << " ms)\n";
}

class KilledGet : public Killed {};

TEST_F(KilledGet, at_a_random_moment_is_resumed_by_range_with_the_etag) {
    constexpr int rounds = 6;
    start("/files/", one_megabyte_a_second);
    std::string content;
    for (int i = 0; content.size() < 1'000'000; ++i) {
        content += std::to_string(i * 7919) + "\n";
    }
    directory_.write("www/files/data", content);
    const auto target = directory_ / "got/data";
    const auto get = command({"get", "-d", (directory_ / "got").string(), nginx_->url("/files/data")});
    fs::create_directories(directory_ / "got");
    const auto undisturbed = time_between(get, "", "data");
    int resumed = 0;
    for (int round = 0; round < rounds && !HasFailure(); ++round) {
        fs::remove_all(directory_ / "got");
        fs::create_directories(directory_ / "got");
        const auto moment = moments_.below(undisturbed);
        SCOPED_TRACE("seed " + std::to_string(moments_.seed()) + ", round " + std::to_string(round) + ", killed after " +
                     std::to_string(moment.count()) + " ms of " + std::to_string(undisturbed.count()));
        const bool killed = run_and_kill(get, "", "data", moment);
        const auto left = unfinished(target);
        EXPECT_FALSE(killed && fs::exists(target) && content_of(target) != content) << "a broken file under its final name";
        const LogMark mark(*nginx_);
        const auto result = run({.arguments = get});
        EXPECT_EQ(result.status, 0) << result.out << result.err;
        EXPECT_TRUE(content_of(target) == content);
        expect_nothing_unfinished(directory_ / "got");
        const auto requests = requests_for(mark.requests_since(1), "/files/data");
        ASSERT_THAT(requests, SizeIs(1));
        const bool resumes = left.size > 0 && left.has_journal;
        EXPECT_EQ(requests.front().range, resumes ? "bytes=" + std::to_string(left.size) + "-" : "");
        resumed += requests.front().status == 206 ? 1 : 0;
        EXPECT_TRUE(!resumes || requests.front().status == 206 || (requests.front().status == 416 && left.size == content.size()));
    }
    EXPECT_GT(resumed, 0);
}

}  // namespace
}  // namespace lastack::test
