#define LIBSOLV_SOLVABLE_PREPEND_DEP  // as the library was built with: see package/solv/libsolv.hpp
#include "package/solv/index_file.hpp"

#include "base/digest_stream.hpp"
#include "package/error.hpp"
#include "package/sack.hpp"
#include "package/solv/package_pool.hpp"
#include "package/solv_indexer.hpp"
#include "repo/error.hpp"
#include "support/temp_directory.hpp"
#include "unit/package/primary_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::package {
namespace {

namespace fs = std::filesystem;

using testing::HasSubstr;
using testing::SizeIs;

class IndexFile : public testing::Test {
protected:
    IndexFile() { use(test::primary_text({{.name = "foo"}, {.name = "a/b"}, {.name = "bar"}})); }

    void use(const std::string& primary) {
        source.path = directory.write("primary.xml", primary);
        source.file = {.type = "primary",
                       .digests = {digest_of(DigestAlgorithm::sha256, primary)},
                       .open_digests = {digest_of(DigestAlgorithm::sha256, primary)},
                       .open_size = primary.size()};
        index = solv::index_path(source);
    }
    Result<void> build() {
        SolvIndexer indexer;
        return indexer.build({}, std::span{&source, 1}, {});
    }
    std::string content() { return directory.read(index.filename().string()); }
    void overwrite(const std::string& bytes) { directory.write(index.filename().string(), bytes); }

    // How many packages are left out of the index; nothing when it is not used.
    [[nodiscard]] std::optional<unsigned> load() const {
        solv::PackagePool pool{"x86_64"};
        return solv::load_index(pool.add_repository("base", 99, 1000), source);
    }

    // What a run sees, whatever the index is like.
    void expect_packages(const std::string& what) {
        auto sack = Sack::open({.installroot = directory.path(), .arch = "x86_64"});
        const auto added = sack->add_repository({.id = "base", .indexed = source});
        ASSERT_TRUE(added) << what << ": " << describe(added.error());
        EXPECT_THAT(sack->available(), SizeIs(2)) << what;
        EXPECT_THAT(sack->available({"foo"}), SizeIs(1)) << what;
        ASSERT_THAT(sack->notices(), SizeIs(1)) << what;
        EXPECT_THAT(sack->notices().front(), HasSubstr("1 package with an unacceptable name")) << what;
    }
    void expect_ignored_and_made_anew(const std::string& what, const std::string& good) {
        EXPECT_FALSE(load()) << what;
        expect_packages(what);
        EXPECT_TRUE(load()) << what;
        EXPECT_EQ(content(), good) << what;
    }

    test::TempDirectory directory;
    repo::MetadataFile source;
    fs::path index;
};

TEST_F(IndexFile, it_holds_what_the_metadata_says_and_is_used_in_its_place) {
    ASSERT_TRUE(build());
    EXPECT_EQ(load(), 1u);
    fs::remove(source.path);
    expect_packages("without the metadata");
    EXPECT_FALSE(fs::exists(index.string() + ".new"));
}

TEST_F(IndexFile, an_index_that_is_there_is_not_made_again) {
    ASSERT_TRUE(build());
    fs::remove(source.path);
    EXPECT_TRUE(build());
}

TEST_F(IndexFile, a_damaged_index_of_damaged_metadata_is_an_error_and_goes_away) {
    ASSERT_TRUE(build());
    std::string changed = content();
    changed.back() = static_cast<char>(changed.back() ^ 1);
    overwrite(changed);
    directory.write("primary.xml", test::primary_text({{.name = "oof"}, {.name = "a/b"}, {.name = "bar"}}));
    EXPECT_TRUE(SolvIndexer{}.has(source)) << "by its header";
    EXPECT_FALSE(SolvIndexer{IndexCheck::whole}.has(source));
    auto sack = Sack::open({.installroot = directory.path(), .arch = "x86_64"});
    const auto added = sack->add_repository({.id = "base", .indexed = source});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, PackageErrc::bad_metadata);
    EXPECT_THAT(added.error().cause, HasSubstr("was changed since it was downloaded"));
    EXPECT_FALSE(SolvIndexer{}.has(source)) << "the next refresh looks at the metadata itself";
}

TEST_F(IndexFile, none_is_made_when_there_is_none) { expect_packages("no index"); }

TEST_F(IndexFile, what_is_truncated_is_ignored_and_made_anew) {
    ASSERT_TRUE(build());
    const std::string good = content();
    for (std::size_t size = 0; size < good.size(); size += 97) {
        overwrite(good.substr(0, size));
        EXPECT_FALSE(load()) << size;
    }
    overwrite(good.substr(0, good.size() - 1));
    expect_ignored_and_made_anew("the last byte missing", good);
}

TEST_F(IndexFile, what_was_changed_is_ignored_and_made_anew) {
    ASSERT_TRUE(build());
    const std::string good = content();
    for (std::size_t at = 0; at < good.size(); at += 13) {
        std::string changed = good;
        changed[at] = static_cast<char>(changed[at] ^ 0x80);
        overwrite(changed);
        EXPECT_FALSE(load()) << at;
    }
    overwrite(good + "more");
    expect_ignored_and_made_anew("more at the end", good);
}

TEST_F(IndexFile, another_version_is_ignored_and_made_anew) {
    ASSERT_TRUE(build());
    const std::string good = content();
    for (const std::string_view word : {"format ", "libsolv ", "made of sha256 ", "left out "}) {
        std::string other = good;
        char& digit = other[other.find(word) + word.size()];
        digit = digit == '7' ? '8' : '7';
        overwrite(other);
        expect_ignored_and_made_anew(std::string{word}, good);
    }
}

TEST_F(IndexFile, the_index_of_other_metadata_is_ignored_and_made_anew) {
    ASSERT_TRUE(build());
    const std::string good = content();
    use(test::primary_text({{.name = "evil"}}));
    fs::remove(index);
    ASSERT_TRUE(build());
    const std::string other = content();
    use(test::primary_text({{.name = "foo"}, {.name = "a/b"}, {.name = "bar"}}));
    overwrite(other);
    expect_ignored_and_made_anew("replaced", good);
}

TEST_F(IndexFile, what_others_may_write_is_not_read) {
    ASSERT_TRUE(build());
    const std::string good = content();
    for (const mode_t mode : {0664U, 0646U, 0666U}) {
        ASSERT_EQ(::chmod(index.c_str(), mode), 0);
        expect_ignored_and_made_anew("mode " + std::to_string(mode), good);
    }
    if (::geteuid() == 0) {
        ASSERT_EQ(::chown(index.c_str(), 12'345, 12'345), 0);
        expect_ignored_and_made_anew("somebody else's", good);
    }
    fs::rename(index, directory / "elsewhere");
    fs::create_symlink(directory / "elsewhere", index);
    expect_ignored_and_made_anew("a link", good);
    EXPECT_FALSE(fs::is_symlink(index));
}

TEST_F(IndexFile, bad_metadata_leaves_no_index) {
    ASSERT_TRUE(build());
    const std::string good = content();
    fs::remove(index);
    source.file.open_digests = {digest_of(DigestAlgorithm::sha256, "other")};
    const auto built = build();
    ASSERT_FALSE(built);
    EXPECT_EQ(built.error().code, repo::RepoErrc::bad_metadata);
    EXPECT_FALSE(fs::exists(index));
    EXPECT_FALSE(fs::exists(index.string() + ".new"));
}

TEST_F(IndexFile, what_a_killed_run_left_is_replaced) {
    directory.write(index.filename().string() + ".new", "half");
    ASSERT_TRUE(build());
    EXPECT_TRUE(load());
    EXPECT_FALSE(fs::exists(index.string() + ".new"));
}

}  // namespace
}  // namespace lastack::package
