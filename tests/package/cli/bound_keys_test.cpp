// Keys belong to the repository whose gpgkey= names them, for its metadata and for its packages.
#include "scratch_root.hpp"
#include "support/gpg_home.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <utility>

namespace lastack::cli::test {
namespace {

using lastack::test::detached_signature;
using lastack::test::signing_key;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A second generation within the same second would have the revision of the first, and the same entity tag at nginx.
void publish_later(const ScratchRoot& root, const Specs& packages, RepositoryOptions layout = {}) {
    layout.extra_arguments = {"--revision", std::to_string(std::time(nullptr) + 60)};
    root.publish("core", packages, layout);
    const auto repomd = root.served() / "core/repodata/repomd.xml";
    std::filesystem::last_write_time(repomd, std::filesystem::last_write_time(repomd) + std::chrono::seconds{5});
}

// A repository with repo_gpgcheck=1, its metadata signed by `signed_by`; gpgkey= names the key "vendor".
struct SignedSite {
    explicit SignedSite(const std::string& signed_by = "vendor") {
        root.add_repository(nginx, "core", {{.name = "tool"}}, "gpgcheck=0\nrepo_gpgcheck=1\ngpgkey=" + nginx.url("/key.asc") + "\n",
                            {.signed_by = signed_by});
        std::filesystem::copy_file(signing_key("vendor").armoured, root.served() / "key.asc");
    }

    [[nodiscard]] std::filesystem::path kept_key() const {
        return root.path() / "var/lib/lastack/repos/core/keys" / (signing_key("vendor").fingerprint + ".asc");
    }

    ScratchRoot root;
    NginxServer nginx{{.root = root.served()}};
};

TEST(SignedMetadata, is_not_used_unattended_before_its_key_is_accepted) {
    const SignedSite site;
    const auto run = site.root.lastack({"makecache"}, "y\n");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Refusing to automatically import keys when running unattended."));
    EXPECT_FALSE(std::filesystem::exists(site.kept_key()));
}

TEST(SignedMetadata, is_used_when_its_key_is_accepted_and_the_key_is_asked_for_once) {
    const SignedSite site;
    const auto first = site.root.lastack({"-y", "makecache"});
    EXPECT_EQ(first.status, 0) << told(first);
    EXPECT_THAT(first.out, HasSubstr("Importing GPG key 0x" + signing_key("vendor").key_id.substr(8)));
    EXPECT_TRUE(std::filesystem::exists(site.kept_key()));
    EXPECT_THAT(site.root.keys(), IsEmpty()) << "a key for metadata is none of rpm's";
    publish_later(site.root, {{.name = "tool", .version = "2.0"}}, {.signed_by = "vendor"});
    const auto second = site.root.lastack({"makecache"});
    EXPECT_EQ(second.status, 0) << told(second);
    EXPECT_THAT(second.out, Not(HasSubstr("Importing")));
}

TEST(SignedMetadata, at_a_terminal_the_key_is_asked_for_and_a_no_is_respected) {
    const SignedSite site;
    Process makecache(site.root.at_terminal({"makecache"}));
    ASSERT_TRUE(makecache.answer("Is this ok [y/N]: ", "n\n")) << makecache.out();
    const auto run = makecache.wait();
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.out + run.err, HasSubstr("Didn't install any keys"));
    EXPECT_FALSE(std::filesystem::exists(site.kept_key()));
}

TEST(SignedMetadata, assumeno_beats_y) {
    const SignedSite site;
    const auto run = site.root.lastack({"-y", "--assumeno", "makecache"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_FALSE(std::filesystem::exists(site.kept_key()));
}

TEST(SignedMetadata, of_another_key_is_refused_after_the_import) {
    const SignedSite site("stranger");
    const auto run = site.root.lastack({"-y", "makecache"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("which is not a key of the repository"));
    EXPECT_THAT(run.err, HasSubstr("Import of key(s) didn't help, wrong key(s)?"));
}

TEST(SignedMetadata, that_loses_its_signature_is_refused) {
    const SignedSite site;
    ASSERT_EQ(site.root.lastack({"-y", "makecache"}).status, 0);
    publish_later(site.root, {{.name = "tool", .version = "2.0"}});
    std::filesystem::remove(site.root.served() / "core/repodata/repomd.xml.asc");
    const auto run = site.root.lastack({"-y", "makecache"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("demands a signature, and there is none; it was signed with key"));
}

// "core" has its key "vendor"; "extras" has "stranger"; both keys are in the rpm database.
struct TwoSites {
    TwoSites() {
        root.add_repository(nginx, "core", {{.name = "tool", .signed_by = "vendor"}}, options("vendor"));
        root.add_repository(nginx, "extras", {{.name = "extra", .signed_by = "stranger"}}, options("stranger"));
        const auto run = root.lastack({"-y", "install", "tool", "extra"});
        EXPECT_EQ(run.status, 0) << told(run);
    }
    static std::string options(const std::string& key) { return "gpgcheck=1\ngpgkey=file://" + signing_key(key).armoured.string() + "\n"; }

    ScratchRoot root;
    NginxServer nginx{{.root = root.served()}};
};

TEST(BoundKeys, another_repositorys_key_does_not_sign_for_this_one) {
    const TwoSites site;
    EXPECT_THAT(site.root.keys(), testing::SizeIs(2));
    publish_later(site.root, {{.name = "tool", .version = "2.0", .signed_by = "stranger"}});
    const auto run = site.root.lastack({"-y", "--setopt=metadata_expire=0", "update"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("which this system knows, but which is not a key of repository 'core'"));
    EXPECT_THAT(site.root.installed(), ElementsAre("extra-1.0-1", "tool-1.0-1"));
}

TEST(BoundKeys, a_key_file_of_this_machine_that_rpm_has_already_is_bound_unasked) {
    const TwoSites site;
    std::filesystem::remove_all(site.root.path() / "var/lib/lastack/repos");
    publish_later(site.root, {{.name = "tool", .version = "2.0", .signed_by = "vendor"}});
    Process update(site.root.at_terminal({"--setopt=metadata_expire=0", "update"}));
    ASSERT_TRUE(update.answer("Is this ok [y/d/N]: ", "y\n")) << update.out();
    const auto run = update.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, Not(HasSubstr("Importing")));
    EXPECT_THAT(site.root.installed(), ElementsAre("extra-1.0-1", "tool-2.0-1"));
}

TEST(BoundKeys, a_key_from_the_network_is_asked_for_though_rpm_has_it) {
    const TwoSites site;
    std::filesystem::copy_file(signing_key("stranger").armoured, site.root.served() / "key.asc");
    site.root.add_repository(site.nginx, "third", {{.name = "thing", .signed_by = "stranger"}},
                             "gpgcheck=1\ngpgkey=" + site.nginx.url("/key.asc") + "\n");
    const auto run = site.root.lastack({"-y", "install", "thing"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr("Importing GPG key")) << "whoever answers for the URL could have sent any key";
}

TEST(BoundKeys, an_expired_or_revoked_key_is_not_imported) {
    const lastack::test::GpgHome gpg;
    const auto expired = gpg.make_key("old", "rsa2048", "sign", "1y", "20200101T000000");
    const auto revoked = gpg.make_key("gone", "rsa2048");
    gpg.revoke(revoked);
    for (const auto& [key, why] : {std::pair{expired, "has expired"}, std::pair{revoked, "is revoked"}}) {
        const ScratchRoot root;
        const NginxServer nginx({.root = root.served()});
        const auto file = root.directory().write("key.asc", gpg.armoured(key));
        root.add_repository(nginx, "core", {{.name = "tool", .signed_by = "vendor"}}, "gpgcheck=1\ngpgkey=file://" + file.string() + "\n");
        const auto run = root.lastack({"-y", "install", "tool"});
        EXPECT_EQ(run.status, 1) << told(run);
        EXPECT_THAT(run.err, HasSubstr("key " + key + " " + why + " and is not imported"));
        EXPECT_THAT(root.keys(), IsEmpty());
        EXPECT_THAT(root.installed(), IsEmpty());
    }
}

}  // namespace
}  // namespace lastack::cli::test
