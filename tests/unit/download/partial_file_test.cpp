#include "download/partial_file.hpp"

#include "base/digest_stream.hpp"
#include "download/error.hpp"
#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {
std::function<void()> before_next_lock;
}

// Stands in for libc's in this program, so that another writer can come between an open and its lock.
extern "C" int flock(int fd, int operation) noexcept {
    if (before_next_lock) {
        std::exchange(before_next_lock, nullptr)();
    }
    return static_cast<int>(::syscall(SYS_flock, fd, operation));
}

namespace lastack::download {
namespace {

namespace fs = std::filesystem;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

Expectation expecting(std::string_view content) {
    return {.size = content.size(), .digests = {digest_of(DigestAlgorithm::sha256, content)}};
}

const Source source{.url = "http://h/f", .validator = "\"v1\""};

class PartialFileTest : public testing::Test {
protected:
    // As a run that was killed leaves it: some bytes and their journal.
    void leave_behind(const Expectation& expectation, std::string_view bytes) const {
        PartialFile file{path, expectation};
        ASSERT_TRUE(file.open());
        ASSERT_TRUE(file.start_over(source));
        ASSERT_TRUE(file.append(bytes_of(bytes)));
    }
    [[nodiscard]] std::ptrdiff_t entries() const {
        return std::distance(fs::directory_iterator{directory.path()}, fs::directory_iterator{});
    }

    const std::string content = "the whole content of the file";
    test::TempDirectory directory;
    fs::path path = directory / "f";
};

TEST_F(PartialFileTest, gets_its_name_only_when_whole_and_leaves_nothing_beside_it) {
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    EXPECT_EQ(file.size(), 0u);
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(content.substr(0, 10))));
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(file.append(bytes_of(content.substr(10))));
    ASSERT_TRUE(file.finish());
    EXPECT_EQ(directory.read("f"), content);
    EXPECT_EQ(entries(), 1);
}

TEST_F(PartialFileTest, is_taken_up_where_an_earlier_run_ended) {
    leave_behind(expecting(content), content.substr(0, 10));
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    EXPECT_EQ(file.size(), 10u);
    EXPECT_EQ(file.source(), source);
    ASSERT_TRUE(file.append(bytes_of(content.substr(10))));
    ASSERT_TRUE(file.finish());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(PartialFileTest, that_is_whole_already_only_needs_its_name) {
    leave_behind(expecting(content), content);
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    EXPECT_EQ(file.size(), content.size());
    EXPECT_TRUE(file.finish());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(PartialFileTest, of_another_size_or_digest_begins_anew) {
    const std::string other = "another content of the file!!";
    for (const Expectation& now : {expecting(other), Expectation{.size = 99, .digests = expecting(content).digests},
                                   Expectation{.size = content.size(), .digests = {}}, Expectation{}}) {
        leave_behind(expecting(content), content.substr(0, 10));
        PartialFile file{path, now};
        ASSERT_TRUE(file.open());
        EXPECT_EQ(file.size(), 0u);
        EXPECT_EQ(file.source(), Source{});
        EXPECT_EQ(fs::file_size(directory / "f.part"), 0u);
        EXPECT_FALSE(fs::exists(directory / "f.part.journal"));
    }
}

TEST_F(PartialFileTest, longer_than_expected_begins_anew) {
    leave_behind(expecting(content), content + "!");
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    EXPECT_EQ(file.size(), 0u);
}

TEST_F(PartialFileTest, without_a_whole_journal_begins_anew) {
    const std::string good = write_journal({.expectation = expecting(content), .source = source});
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        directory.write("f.part", content.substr(0, 10));
        directory.write("f.part.journal", good.substr(0, cut));
        PartialFile file{path, expecting(content)};
        ASSERT_TRUE(file.open());
        EXPECT_EQ(file.size(), 0u) << cut;
    }
    directory.write("f.part", content.substr(0, 10));
    directory.write("f.part.journal", good);
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    EXPECT_EQ(file.size(), 10u);
}

TEST_F(PartialFileTest, with_garbage_for_a_journal_begins_anew) {
    for (const std::string& garbage : {std::string{}, std::string(200'000, 'x'), std::string(100, '\0'), std::string{"\n\n\n"}}) {
        directory.write("f.part", content.substr(0, 10));
        directory.write("f.part.journal", garbage);
        PartialFile file{path, expecting(content)};
        ASSERT_TRUE(file.open());
        EXPECT_EQ(file.size(), 0u);
    }
}

TEST_F(PartialFileTest, is_refused_while_another_handle_or_process_writes_it) {
    PartialFile first{path, expecting(content)};
    ASSERT_TRUE(first.open());
    ASSERT_TRUE(first.start_over(source));
    ASSERT_TRUE(first.append(bytes_of(content.substr(0, 10))));
    PartialFile second{path, expecting(content)};
    const auto opened = second.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Errc::locked);
    const pid_t child = ::fork();
    if (child == 0) {
        PartialFile third{path, expecting(content)};
        const auto tried = third.open();
        ::_exit(!tried && tried.error().code == Errc::locked ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(directory.read("f.part"), content.substr(0, 10));
    ASSERT_TRUE(first.append(bytes_of(content.substr(10))));
    EXPECT_TRUE(first.finish());
}

// Between opening the partial file and locking it, its writer may give it its name or throw it away.
TEST_F(PartialFileTest, opened_just_before_it_got_its_name_never_touches_the_finished_file) {
    std::optional<PartialFile> first{std::in_place, path, expecting(content)};
    ASSERT_TRUE(first->open());
    ASSERT_TRUE(first->start_over(source));
    ASSERT_TRUE(first->append(bytes_of(content)));
    before_next_lock = [&first] {
        EXPECT_TRUE(first->finish());
        first.reset();
    };
    PartialFile second{path, expecting("something else")};
    ASSERT_TRUE(second.open());
    EXPECT_FALSE(before_next_lock);
    EXPECT_EQ(directory.read("f"), content);
    ASSERT_TRUE(second.start_over(source));
    ASSERT_TRUE(second.append(bytes_of("something else")));
    ASSERT_TRUE(second.finish());
    EXPECT_EQ(directory.read("f"), "something else");
}

TEST_F(PartialFileTest, opened_just_before_it_was_thrown_away_is_made_anew) {
    std::optional<PartialFile> first{std::in_place, path, expecting(content)};
    ASSERT_TRUE(first->open());
    before_next_lock = [&first] {
        first->discard_if_empty();
        first.reset();
    };
    PartialFile second{path, expecting(content)};
    ASSERT_TRUE(second.open());
    ASSERT_TRUE(second.start_over(source));
    ASSERT_TRUE(second.append(bytes_of(content)));
    EXPECT_TRUE(second.finish());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(PartialFileTest, short_of_its_size_keeps_its_bytes_and_gets_no_name) {
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(content.substr(0, 10))));
    const auto finished = file.finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, DownloadErrc::size_mismatch);
    EXPECT_EQ(file.size(), 10u);
    EXPECT_FALSE(fs::exists(path));
    ASSERT_TRUE(file.append(bytes_of(content.substr(10))));
    EXPECT_TRUE(file.finish());
}

TEST_F(PartialFileTest, with_the_wrong_digest_is_thrown_away_and_can_begin_anew) {
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(std::string(content.size(), 'x'))));
    const auto finished = file.finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, DownloadErrc::digest_mismatch);
    EXPECT_NE(finished.error().cause.find(expecting(content).digests[0].hex), std::string::npos);
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(file.size(), 0u);
    EXPECT_FALSE(fs::exists(directory / "f.part.journal"));
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(content)));
    EXPECT_TRUE(file.finish());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(PartialFileTest, must_match_every_digest_listed) {
    Expectation both = expecting(content);
    both.digests.push_back(digest_of(DigestAlgorithm::sha512, std::string_view{"other"}));
    PartialFile file{path, both};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(content)));
    EXPECT_EQ(file.finish().error().code, DownloadErrc::digest_mismatch);
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(PartialFileTest, of_unknown_size_and_digest_is_taken_as_it_is) {
    PartialFile file{path, {}};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(content)));
    EXPECT_TRUE(file.finish());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(PartialFileTest, leaves_nothing_when_nothing_came_and_everything_when_something_did) {
    {
        PartialFile file{path, expecting(content)};
        ASSERT_TRUE(file.open());
        ASSERT_TRUE(file.start_over(source));
        file.discard_if_empty();
        EXPECT_EQ(entries(), 0);
    }
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of("x")));
    file.discard_if_empty();
    EXPECT_EQ(entries(), 2);
}

TEST_F(PartialFileTest, replaces_an_older_file_in_one_step) {
    directory.write("f", "old");
    PartialFile file{path, expecting(content)};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    ASSERT_TRUE(file.append(bytes_of(content)));
    EXPECT_EQ(directory.read("f"), "old");
    ASSERT_TRUE(file.finish());
    EXPECT_EQ(directory.read("f"), content);
}

TEST_F(PartialFileTest, of_a_part_and_of_a_whole_are_not_taken_for_each_other) {
    const Expectation expectation{.size = 10, .digests = {digest_of(DigestAlgorithm::sha256, std::string_view{"0123456789"})}};
    const auto bytes = std::as_bytes(std::span{std::string_view{"567"}});
    {
        PartialFile part{directory / "f", expectation, PartialFile::Extent::part};
        ASSERT_TRUE(part.open());
        ASSERT_TRUE(part.start_over({.url = "http://h/f", .first = 5}));
        ASSERT_TRUE(part.append(bytes));
    }
    {
        PartialFile again{directory / "f", expectation, PartialFile::Extent::part};
        ASSERT_TRUE(again.open());
        EXPECT_EQ(again.size(), 3u);
        EXPECT_EQ(again.source().first, 5u);
        std::array<std::byte, 8> room{};
        EXPECT_EQ(again.read(room, 1).value(), 2u);
        EXPECT_EQ(static_cast<char>(room[0]), '6');
    }
    {
        PartialFile too_long{directory / "f", {.size = 7, .digests = expectation.digests}, PartialFile::Extent::part};
        ASSERT_TRUE(too_long.open());
        EXPECT_EQ(too_long.size(), 0u);
        ASSERT_TRUE(too_long.start_over({.url = "http://h/f", .first = 5}));
        ASSERT_TRUE(too_long.append(bytes));
    }
    PartialFile whole{directory / "f", {.size = 7, .digests = expectation.digests}};
    ASSERT_TRUE(whole.open());
    EXPECT_EQ(whole.size(), 0u);
}

TEST_F(PartialFileTest, follows_no_link_and_hangs_on_no_fifo) {
    directory.write("victim", "precious");
    fs::create_symlink(directory / "victim", directory / "f.part");
    EXPECT_FALSE((PartialFile{path, {}}.open()));
    EXPECT_EQ(directory.read("victim"), "precious");
    fs::remove(directory / "f.part");
    ASSERT_EQ(::mkfifo((directory / "f.part").c_str(), 0600), 0);
    EXPECT_FALSE((PartialFile{path, {}}.open()));
    fs::remove(directory / "f.part");
    fs::create_symlink(directory / "victim", directory / "f.part.journal");
    PartialFile file{path, {}};
    ASSERT_TRUE(file.open());
    ASSERT_TRUE(file.start_over(source));
    EXPECT_EQ(directory.read("victim"), "precious");
}

TEST_F(PartialFileTest, in_a_directory_that_is_not_there_is_an_error) {
    PartialFile file{directory / "absent/f", {}};
    EXPECT_EQ(file.open().error().code, Errc::not_found);
}

TEST(JournalFormat, reads_back_what_it_wrote) {
    const Digest sha256 = digest_of(DigestAlgorithm::sha256, std::string_view{"x"});
    const Digest md5 = digest_of(DigestAlgorithm::md5, std::string_view{"x"});
    for (const Journal& journal : {Journal{}, Journal{.expectation = {.size = 0}, .source = source},
                                   Journal{.expectation = {.size = UINT64_MAX, .digests = {sha256, md5}}},
                                   Journal{.source = {.url = "http://h/?a b", .validator = "Mon, 01 Jan 2024 00:00:00 GMT"}},
                                   Journal{.expectation = {.size = 9}, .source = {.url = "http://h/", .first = 5}},
                                   Journal{.source = {.url = "", .validator = "\"with \\ and  spaces \""}}}) {
        EXPECT_EQ(parse_journal(write_journal(journal)), journal) << write_journal(journal);
    }
}

class BadJournal : public testing::TestWithParam<const char*> {};

TEST_P(BadJournal, is_none) { EXPECT_EQ(parse_journal(GetParam()), std::nullopt); }

INSTANTIATE_TEST_SUITE_P(Table, BadJournal,
                         testing::Values("", "\n", "end\n", "lastack-partial 1", "lastack-partial 1\n", "lastack-partial 1\nurl x\n",
                                         "lastack-partial 1\nurl x\nend", "lastack-partial 2\nurl x\nend\n",
                                         "lastack-partial 1 \nurl x\nend\n", "lastack-partial 1\nurl x\nend\n\n",
                                         "lastack-partial 1\nurl x\nend\nend\n", "lastack-partial 1\nurl x\nsize\nend\n",
                                         "lastack-partial 1\nurl x\nsize -1\nend\n", "lastack-partial 1\nurl x\nsize 5 \nend\n",
                                         "lastack-partial 1\nurl x\nsize 99999999999999999999\nend\n",
                                         "lastack-partial 1\nurl x\nfirst\nend\n", "lastack-partial 1\nurl x\nfirst -1\nend\n",
                                         "lastack-partial 1\nurl x\ndigest\nend\n", "lastack-partial 1\nurl x\ndigest sha256\nend\n",
                                         "lastack-partial 1\nurl x\ndigest sha256 abc\nend\n", "lastack-partial 1\nurl x\nunknown y\nend\n",
                                         "lastack-partial 1\n\nend\n"));

}  // namespace
}  // namespace lastack::download
