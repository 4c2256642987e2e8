// `lastack config`, over repository files as distributions ship them.
#include "base/file.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace lastack::cli::test {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

namespace fs = std::filesystem;

// Their repositories are repository_files/NAME/*.repo, the main configuration is dnf.conf or yum.conf, expected.json is what `config
// --json` prints with the root taken out of it. LASTACK_WRITE_EXPECTED=1 writes that file anew.
class Distribution : public testing::TestWithParam<const char*> {
protected:
    fs::path given = fs::path{LASTACK_SOURCE_DIR} / "tests/package/cli/repository_files" / GetParam();
    ScratchRoot root;

    void SetUp() override {
        fs::create_directories(root.path() / "etc/yum.repos.d");
        fs::create_directories(root.path() / "etc/dnf");
        fs::remove(root.path() / "etc/lastack/lastack.conf");  // it would come before theirs
        for (const auto& entry : fs::directory_iterator{given}) {
            const fs::path name = entry.path().filename();
            if (name.extension() == ".repo") {
                fs::copy_file(entry.path(), root.path() / "etc/yum.repos.d" / name);
            } else if (name == "dnf.conf") {
                fs::copy_file(entry.path(), root.path() / "etc/dnf/dnf.conf", fs::copy_options::overwrite_existing);
            } else if (name == "yum.conf") {
                fs::copy_file(entry.path(), root.path() / "etc/yum.conf", fs::copy_options::overwrite_existing);
            }
        }
        for (const auto& [name, value] : {std::pair{"basearch", "x86_64"}, {"arch", "x86_64"}}) {
            root.directory().write(std::string{"etc/dnf/vars/"} + name, std::string{value} + "\n");
        }
    }

    [[nodiscard]] std::string without_root(std::string text) const {
        const std::string path = root.path().string();
        for (auto at = text.find(path); at != std::string::npos; at = text.find(path, at)) {
            text.erase(at, path.size());
        }
        return text;
    }
};

TEST_P(Distribution, has_repository_files_whose_options_are_all_known_and_whose_values_are_told_with_their_places) {
    const auto run = root.lastack({"--releasever=9", "config", "--json"});
    ASSERT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.err, Not(HasSubstr("unknown option")));
    EXPECT_THAT(run.err, Not(HasSubstr("is left out")));
    const std::string seen = without_root(run.out);
    const fs::path expected = given / "expected.json";
    if (std::getenv("LASTACK_WRITE_EXPECTED") != nullptr) {
        std::ofstream{expected} << seen;
    }
    const auto text = read_file(expected, 1U << 20);
    ASSERT_TRUE(text) << describe(text.error());
    EXPECT_EQ(json::parse(seen), json::parse(*text));
    EXPECT_THAT(run.out + run.err, Not(HasSubstr("secret")));
}

INSTANTIATE_TEST_SUITE_P(Of, Distribution, testing::Values("fedora", "rhel", "almalinux", "rocky", "epel", "opensuse", "dnf5"),
                         [](const auto& each) { return std::string{each.param}; });

TEST(ConfigCommand, tells_the_last_word_on_an_option_and_who_said_it) {
    const ScratchRoot root;
    root.write_main_configuration("timeout=20\ncost=7\n");
    root.write_repo_file("a", "[a]\nbaseurl=http://127.0.0.1:9/\nretries=3\n");
    const auto run = root.lastack({"--setopt=a.priority=5", "--disablerepo=a", "-y", "config", "--json"});
    ASSERT_EQ(run.status, 0) << told(run);
    const auto all = json::parse(run.out);
    EXPECT_THAT(all["a"]["timeout"]["origin"].get<std::string>(), HasSubstr("conf:"));
    EXPECT_EQ(all["a"]["timeout"]["value"], "20");
    EXPECT_EQ(all["a"]["cost"]["value"], "7");
    EXPECT_THAT(all["a"]["retries"]["origin"].get<std::string>(), testing::EndsWith("/a.repo:3"));
    EXPECT_EQ(all["a"]["priority"], (json{{"value", "5"}, {"origin", "--setopt"}}));
    EXPECT_EQ(all["a"]["enabled"], (json{{"value", "0"}, {"origin", "--disablerepo"}}));
    EXPECT_EQ(all["a"]["gpgkey"]["origin"], "default");
    EXPECT_EQ(all["main"]["assumeyes"], (json{{"value", "1"}, {"origin", "--assumeyes"}}));
}

TEST(ConfigCommand, names_the_included_file_in_which_an_option_stands_and_takes_none_from_the_network) {
    const ScratchRoot root;
    root.write_repo_file("a", "[a]\nbaseurl=http://127.0.0.1:9/\ninclude=a.inc\n");
    root.directory().write("etc/yum.repos.d/a.inc", "\ncost=8\n");
    root.write_repo_file("b", "[b]\nbaseurl=http://127.0.0.1:9/\ninclude=http://127.0.0.1:9/b.inc\n");
    const auto run = root.lastack({"config", "--json"});
    ASSERT_EQ(run.status, 0) << told(run);
    const auto all = json::parse(run.out);
    EXPECT_EQ(all["a"]["cost"], (json{{"value", "8"}, {"origin", (root.path() / "etc/yum.repos.d/a.inc:2").string()}}));
    EXPECT_FALSE(all.contains("b"));
    EXPECT_THAT(run.err, HasSubstr("b.repo:3: include: 'http://127.0.0.1:9/b.inc' is not on this machine"));
    EXPECT_THAT(run.err, HasSubstr("the repository 'b' is left out"));
}

TEST(ConfigCommand, expands_words_for_names_that_are_not_set) {
    const ScratchRoot root;
    root.directory().write("etc/yum/vars/stream", "8-stream\n");
    root.write_repo_file("a", "[a]\nname=${nothere}\nbaseurl=http://127.0.0.1:9/${stream:+s-$stream}/${branch:-main}\n");
    const auto run = root.lastack({"config", "a", "--json"});
    ASSERT_EQ(run.status, 0) << told(run);
    EXPECT_EQ(json::parse(run.out)["a"]["baseurl"]["value"], "http://127.0.0.1:9/s-8-stream/main");
    EXPECT_EQ(json::parse(run.out)["a"]["name"]["value"], "${nothere}");
}

TEST(ConfigCommand, uses_one_uuid_for_all_and_in_each_run) {
    const ScratchRoot root;
    root.write_repo_file("a", "[a]\nbaseurl=http://127.0.0.1:9/\n");
    ASSERT_EQ(root.lastack({"config"}).status, 0);
    EXPECT_FALSE(fs::exists(root.path() / "var/lib/lastack/uuid")) << "nobody used it";
    root.write_repo_file("a", "[a]\nmirrorlist=http://127.0.0.1:9/?uuid=$uuid\n[b]\nbaseurl=http://127.0.0.1:9/$uuid\n");
    std::string uuid;
    for (int i = 0; i < 2; ++i) {
        const auto run = root.lastack({"config", "--json"});
        ASSERT_EQ(run.status, 0) << told(run);
        uuid = root.directory().read("var/lib/lastack/uuid");
        ASSERT_THAT(uuid, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\n"));
        uuid.pop_back();
        const auto all = json::parse(run.out);
        EXPECT_EQ(all["a"]["mirrorlist"]["value"], "http://127.0.0.1:9/?uuid=" + uuid);
        EXPECT_EQ(all["b"]["baseurl"]["value"], "http://127.0.0.1:9/" + uuid);
    }
    EXPECT_EQ(uuid + "\n", root.directory().read("var/lib/lastack/uuid"));
}

TEST(ConfigCommand, has_dnf5_s_drop_ins_beside_its_main_file) {
    const ScratchRoot root;
    fs::remove(root.path() / "etc/lastack/lastack.conf");
    root.directory().write("usr/share/dnf5/libdnf.conf.d/20-distribution.conf", "[main]\ncost=5\nretries=5\ntimeout=5\n");
    root.directory().write("etc/dnf/libdnf5.conf.d/60-mine.conf", "[main]\nretries=6\ntimeout=6\n");
    root.directory().write("etc/dnf/dnf.conf", "[main]\ntimeout=7\n");
    const auto run = root.lastack({"config", "main", "--json"});
    ASSERT_EQ(run.status, 0) << told(run);
    const auto main = json::parse(run.out)["main"];
    const auto in_root = [&](const char* place) { return root.path().string() + place; };
    EXPECT_EQ(main["cost"], (json{{"value", "5"}, {"origin", in_root("/usr/share/dnf5/libdnf.conf.d/20-distribution.conf:2")}}));
    EXPECT_EQ(main["retries"], (json{{"value", "6"}, {"origin", in_root("/etc/dnf/libdnf5.conf.d/60-mine.conf:2")}}));
    EXPECT_EQ(main["timeout"], (json{{"value", "7"}, {"origin", in_root("/etc/dnf/dnf.conf:2")}}));
}

TEST(ConfigCommand, shows_no_password) {
    const ScratchRoot root;
    root.write_repo_file("a", "[a]\nbaseurl=http://me:hunter2@127.0.0.1:9/\nproxy=u:hunter2@proxy:3\npassword=hunter2\nusername=hunter2\n");
    for (const char* format : {"--json", "-q"}) {
        const auto run = root.lastack({"config", "a", format});
        EXPECT_EQ(run.status, 0) << told(run);
        EXPECT_THAT(run.out + run.err, Not(HasSubstr("hunter2")));
    }
}

TEST(ConfigCommand, of_nothing_that_is_there_exits_with_1) {
    const ScratchRoot root;
    const auto run = root.lastack({"config", "nothere"});
    EXPECT_EQ(run.status, 1);
    EXPECT_THAT(run.err, HasSubstr("matches"));
}

}  // namespace
}  // namespace lastack::cli::test
