#include "repo/signature_trust.hpp"

#include "repo/error.hpp"
#include "repo/repo_keyring.hpp"
#include "support/gpg_home.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/stat.h>

namespace lastack::repo {
namespace {

namespace fs = std::filesystem;
using test::GpgHome;
using test::TempDirectory;
using testing::HasSubstr;

constexpr std::string_view repomd = "<repomd/>\n";
constexpr auto key_url = "file:///etc/pki/RPM-GPG-KEY-vendor";

class Trust : public testing::Test {
protected:
    Trust() {
        repo_.id = "base";
        repo_.repo_gpgcheck = true;
        repo_.gpgkey = {key_url};
    }

    void import(const std::string& key) {
        const auto certificates = parse_key_file(gpg_.armoured(key));
        ASSERT_TRUE(certificates);
        const auto added = RepoKeyring(persistdir_.path(), repo_).add(certificates->front(), key_url);
        ASSERT_TRUE(added) << added.error().cause;
    }

    Result<TrustState> check(Result<std::string> signature) {
        SignatureTrust trust(persistdir_.path());
        auto state = trust.check(repo_, repomd, [&signature] { return signature; }, {});
        key_wanted_ = trust.take_key_wanted().contains(repo_.id);
        return state;
    }

    fs::path keys() const { return persistdir_.path() / "repos/base/keys"; }

    GpgHome gpg_;
    TempDirectory persistdir_;
    RepoConfig repo_;
    bool key_wanted_ = false;
};

TEST_F(Trust, an_imported_keys_signature_is_trusted) {
    const auto key = gpg_.make_key("vendor");
    import(key);
    const auto signature = gpg_.sign(key, repomd);
    const auto state = check(signature);
    ASSERT_TRUE(state) << state.error().cause;
    EXPECT_EQ(state->fingerprint, key);
    EXPECT_EQ(state->signature, signature);
}

TEST_F(Trust, nobody_is_asked_for_a_signature_that_is_not_wanted) {
    repo_.repo_gpgcheck = false;
    bool asked = false;
    SignatureTrust trust(persistdir_.path());
    const auto state = trust.check(repo_, repomd,
                                   [&asked]() -> Result<std::string> {
                                       asked = true;
                                       return "";
                                   },
                                   {});
    ASSERT_TRUE(state);
    EXPECT_TRUE(state->fingerprint.empty());
    EXPECT_FALSE(asked);
}

TEST_F(Trust, without_an_imported_key_one_is_needed) {
    const auto state = check(gpg_.sign(gpg_.make_key("vendor"), repomd));
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, RepoErrc::unknown_key);
    EXPECT_TRUE(key_wanted_);
}

TEST_F(Trust, the_key_of_another_repository_is_no_key_of_this_one) {
    const auto key = gpg_.make_key("vendor");
    repo_.id = "other";
    import(key);
    repo_.id = "base";
    const auto state = check(gpg_.sign(key, repomd));
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, RepoErrc::unknown_key);
}

TEST_F(Trust, a_key_whose_url_was_taken_out_of_gpgkey_counts_no_more) {
    const auto key = gpg_.make_key("vendor");
    import(key);
    repo_.gpgkey = {"file:///etc/pki/RPM-GPG-KEY-new"};
    const auto state = check(gpg_.sign(key, repomd));
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, RepoErrc::unknown_key);
}

TEST_F(Trust, a_missing_signature_is_refused_and_it_is_said_that_there_was_one) {
    const Error missing{.code = Errc::not_found, .url = "http://mirror/repomd.xml.asc"};
    const auto never = check(std::unexpected(missing));
    ASSERT_FALSE(never);
    EXPECT_EQ(never.error().code, RepoErrc::unsigned_metadata);
    EXPECT_FALSE(key_wanted_);
    const auto key = gpg_.make_key("vendor");
    import(key);
    ASSERT_TRUE(check(gpg_.sign(key, repomd)));
    const auto gone = check(std::unexpected(missing));
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, RepoErrc::unsigned_metadata);
    EXPECT_THAT(gone.error().cause, HasSubstr("was signed with key " + key));
    EXPECT_EQ(gone.error().url, "http://mirror/repomd.xml.asc");
}

TEST_F(Trust, a_server_that_does_not_answer_is_not_an_unsigned_repository) {
    const auto state = check(std::unexpected(Error{.code = Errc::timed_out}));
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, Errc::timed_out);
}

TEST_F(Trust, keys_that_others_could_have_written_are_not_read) {
    const auto key = gpg_.make_key("vendor");
    import(key);
    const auto signature = gpg_.sign(key, repomd);
    const auto file = keys() / (key + ".asc");
    for (const fs::path& path : {file, keys(), persistdir_.path()}) {
        const auto before = fs::status(path).permissions();
        fs::permissions(path, fs::perms::others_write, fs::perm_options::add);
        const auto state = check(signature);
        EXPECT_FALSE(state) << path;
        EXPECT_TRUE(!state && state.error().code == RepoErrc::keyring_unusable) << path;
        fs::permissions(path, before);
    }
    fs::rename(file, persistdir_.path() / "elsewhere");
    fs::create_symlink(persistdir_.path() / "elsewhere", file);
    const auto linked = check(signature);
    ASSERT_FALSE(linked);
    EXPECT_EQ(linked.error().code, RepoErrc::keyring_unusable);
}

TEST_F(Trust, a_key_under_another_ones_name_is_not_read) {
    const auto key = gpg_.make_key("vendor");
    const auto other = gpg_.make_key("other");
    import(key);
    fs::rename(keys() / (key + ".asc"), keys() / (other + ".asc"));
    const auto state = check(gpg_.sign(key, repomd));
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, RepoErrc::keyring_unusable);
}

TEST_F(Trust, kept_keys_are_readable_whatever_the_umask) {
    const auto before = ::umask(0077);
    const auto key = gpg_.make_key("vendor");
    import(key);
    ::umask(before);
    using fs::perms;
    EXPECT_EQ(fs::status(keys() / (key + ".asc")).permissions(),
              perms::owner_read | perms::owner_write | perms::group_read | perms::others_read);
}

}  // namespace
}  // namespace lastack::repo
