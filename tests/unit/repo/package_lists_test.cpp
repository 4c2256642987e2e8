#include "repo/package_lists.hpp"

#include "read_in_steps.hpp"
#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

namespace lastack::repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// What the reader told, one line each.
Result<std::vector<std::string>> files_of(std::string_view text, std::size_t step = 4096) {
    std::vector<std::string> told;
    FilelistsReader reader{"filelists.xml",
                           [&](const ListedPackage& package) {
                               told.push_back(package.pkgid + " " + package.name + " " + package.epoch + ":" + package.version + "-" +
                                              package.release + "." + package.arch);
                           },
                           [&](std::string_view path, ListedFileKind kind) {
                               told.push_back(std::string{kind == ListedFileKind::directory ? "d "
                                                          : kind == ListedFileKind::ghost   ? "g "
                                                                                            : "f "} +
                                              std::string{path});
                           }};
    auto read = test::read_in_steps(reader, text, step);
    return read ? Result<std::vector<std::string>>{std::move(told)} : std::unexpected(read.error());
}

std::string filelists(const std::string& inner) { return "<filelists packages='1'>" + inner + "</filelists>"; }
std::string package(const std::string& inner) { return filelists("<package pkgid='a' name='n'><version ver='1'/>" + inner + "</package>"); }

TEST(Filelists, every_file_is_told_after_its_package) {
    const std::string text = R"(<?xml version="1.0" encoding="UTF-8"?>
<filelists xmlns="http://linux.duke.edu/metadata/filelists" packages="2">
<package pkgid="aa" name="foo" arch="x86_64">
  <version epoch="1" ver="2" rel="3"/>
  <file>/usr/bin/foo</file>
  <file type="dir">/usr/share/foo</file>
  <file type="ghost">/var/log/foo &amp; co..log</file>
</package>
<package pkgid="bb" name="bar" arch="noarch"><version epoch="0" ver="1" rel="1"/></package>
</filelists>)";
    for (const std::size_t step : {std::size_t{1}, std::size_t{1000}}) {
        const auto told = files_of(text, step);
        ASSERT_TRUE(told) << describe(told.error());
        EXPECT_THAT(*told, ElementsAre("aa foo 1:2-3.x86_64", "f /usr/bin/foo", "d /usr/share/foo", "g /var/log/foo & co..log",
                                       "bb bar 0:1-1.noarch"));
    }
}

TEST(Filelists, paths_that_climb_or_are_none_are_refused) {
    for (const std::string path : {"../etc/passwd", "/usr/../etc", "/..", "/a/..", "relative", "", "x/usr"}) {
        const auto told = files_of(package("<file>" + path + "</file>"));
        ASSERT_FALSE(told) << path;
        EXPECT_EQ(told.error().code, RepoErrc::bad_metadata) << path;
        EXPECT_THAT(told.error().cause, HasSubstr("is no path")) << path;
    }
    EXPECT_FALSE(files_of(package("<file>/" + std::string(5000, 'x') + "</file>")));
    EXPECT_FALSE(files_of(package(std::string("<file>/a\0b</file>", 17)))) << "NUL";
    EXPECT_FALSE(files_of(package("<file>/a&#0;b</file>"))) << "NUL";
    EXPECT_TRUE(files_of(package("<file>/usr/lib/...</file><file>/a..b/..c/d..</file>")));
}

TEST(Filelists, packages_without_a_name_or_version_are_refused) {
    for (const char* inner : {"<package name='n'><version ver='1'/></package>", "<package pkgid='a'><version ver='1'/></package>",
                              "<package pkgid='a' name='n'><version/></package>", "<package pkgid='a' name='n'><file>/a</file></package>",
                              "<package pkgid='a' name='n'/>"}) {
        EXPECT_FALSE(files_of(filelists(inner))) << inner;
    }
}

// Peak memory of this process in KiB.
long peak_memory() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("VmHWM:")) {
            return std::stol(line.substr(6));
        }
    }
    return 0;
}

TEST(Filelists, a_million_files_cost_no_memory) {
    std::size_t files = 0;
    FilelistsReader reader{"filelists.xml", [](const ListedPackage&) {}, [&](std::string_view, ListedFileKind) { ++files; }};
    const auto feed = [&](std::string_view text) { return reader.feed(std::as_bytes(std::span{text})); };
    std::string thousand;
    for (int i = 0; i < 1000; ++i) {
        thousand += "<file>/a</file>";
    }
    ASSERT_TRUE(feed("<filelists><package pkgid='a' name='n'><version ver='1'/>"));
    const long before = peak_memory();
    for (int i = 0; i < 1'000; ++i) {
        ASSERT_TRUE(feed(thousand));
    }
    ASSERT_TRUE(feed("</package></filelists>"));
    ASSERT_TRUE(reader.end());
    EXPECT_EQ(files, 1'000'000u);
    EXPECT_LT(peak_memory() - before, 8 * 1024);
}

TEST(Changelogs, every_change_is_told_after_its_package) {
    std::vector<std::string> told;
    ChangelogsReader reader{
        "other.xml", [&](const ListedPackage& listed) { told.push_back(listed.name); },
        [&](const ListedChange& change) { told.push_back(change.author + " @" + std::to_string(change.date) + ": " + change.text); }};
    const auto read = test::read_in_steps(reader, R"(<otherdata packages="1"><package pkgid="aa" name="foo" arch="x86_64">
<version epoch="1" ver="2" rel="3"/>
<changelog author="A &lt;a@b&gt; - 1-2" date="1700000000">- first
- second</changelog><changelog author="B" date="never">x</changelog><changelog date="-1"/>
</package></otherdata>)",
                                          7);
    ASSERT_TRUE(read) << describe(read.error());
    EXPECT_THAT(told, ElementsAre("foo", "A <a@b> - 1-2 @1700000000: - first\n- second", "B @0: x", " @0: "));
}

}  // namespace
}  // namespace lastack::repo
