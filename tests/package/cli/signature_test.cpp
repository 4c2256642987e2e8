#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lastack::cli::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A repository with gpgcheck=1 and a package signed by `signed_by`; it names the key `offered`, served beside it.
struct Site {
    explicit Site(const std::string& signed_by = "vendor", const std::string& offered = "vendor") {
        root.add_repository(nginx, "core", {{.name = "tool", .signed_by = signed_by}},
                            offered.empty() ? "gpgcheck=1\n" : "gpgcheck=1\ngpgkey=" + nginx.url("/key.asc") + "\n");
        if (!offered.empty()) {
            std::filesystem::copy_file(lastack::test::signing_key(offered).armoured, root.served() / "key.asc");
        }
    }

    ScratchRoot root;
    NginxServer nginx{{.root = root.served()}};
};

std::string importing(const Site& site) {
    const auto key = lastack::test::signing_key("vendor");
    return "Importing GPG key 0x" + key.key_id.substr(8) + ":\n Userid     : \"" + key.user_id + "\"\n Fingerprint: " + key.fingerprint +
           "\n From       : " + site.nginx.url("/key.asc") + "\n";
}

TEST(Signature, a_key_is_not_imported_unattended) {
    const Site site;
    const auto run = site.root.lastack({"install", "tool"}, "y\n");
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Refusing to automatically import keys when running unattended."));
    EXPECT_THAT(run.err, HasSubstr("Use \"-y\" to override."));
    EXPECT_THAT(site.root.installed(), IsEmpty());
    EXPECT_THAT(site.root.keys(), IsEmpty());
}

TEST(Signature, y_imports_the_key_and_installs) {
    const Site site;
    const auto run = site.root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, HasSubstr("Retrieving key from " + site.nginx.url("/key.asc") + "\n" + importing(site)));
    EXPECT_THAT(site.root.installed(), ElementsAre("tool-1.0-1"));
    EXPECT_THAT(site.root.keys(), ElementsAre(lastack::test::signing_key("vendor").user_id));
}

TEST(Signature, at_a_terminal_the_key_is_asked_for) {
    const Site site;
    Process install(site.root.at_terminal({"install", "tool"}));
    ASSERT_TRUE(install.answer("Is this ok [y/d/N]: ", "y\n")) << install.out();
    ASSERT_TRUE(install.answer("Is this ok [y/N]: ", "y\n")) << install.out();
    const auto run = install.wait();
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(site.root.installed(), ElementsAre("tool-1.0-1"));
}

TEST(Signature, a_key_that_is_declined_is_not_imported) {
    const Site site;
    Process install(site.root.at_terminal({"install", "tool"}));
    ASSERT_TRUE(install.answer("Is this ok [y/d/N]: ", "y\n")) << install.out();
    ASSERT_TRUE(install.answer("Is this ok [y/N]: ", "n\n")) << install.out();
    const auto run = install.wait();
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(site.root.installed(), IsEmpty());
    EXPECT_THAT(site.root.keys(), IsEmpty());
}

TEST(Signature, a_key_of_the_root_is_not_imported_again) {
    const Site site;
    ASSERT_EQ(site.root.lastack({"-y", "install", "tool"}).status, 0);
    site.root.add_repository(site.nginx, "updates", {{.name = "tool", .version = "2.0", .signed_by = "vendor"}}, "gpgcheck=1\n");
    const auto run = site.root.lastack({"-y", "update"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(run.out, Not(HasSubstr("Importing")));
    EXPECT_THAT(site.root.installed(), ElementsAre("tool-2.0-1"));
}

TEST(Signature, a_package_without_one_is_refused) {
    const Site site("");
    const auto run = site.root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Package tool-1.0-1.noarch.rpm is not signed"));
    EXPECT_THAT(site.root.installed(), IsEmpty());
}

TEST(Signature, of_another_key_than_the_one_offered_is_refused) {
    const Site site("stranger");
    const auto run = site.root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("Public key for tool-1.0-1.noarch.rpm is not installed"));
    EXPECT_THAT(site.root.installed(), IsEmpty());
}

TEST(Signature, of_an_unknown_key_is_refused_where_no_gpgkey_is_named) {
    const Site site("vendor", "");
    const auto run = site.root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 1) << told(run);
    EXPECT_THAT(run.err, HasSubstr("names no gpgkey"));
    EXPECT_THAT(site.root.installed(), IsEmpty());
}

TEST(Signature, a_key_file_of_this_machine_serves_too) {
    const Site site("vendor", "");
    site.root.add_repository(site.nginx, "core", {{.name = "tool", .signed_by = "vendor"}},
                             "gpgcheck=1\ngpgkey=file://" + lastack::test::signing_key("vendor").armoured.string() + "\n");
    const auto run = site.root.lastack({"-y", "install", "tool"});
    EXPECT_EQ(run.status, 0) << told(run);
    EXPECT_THAT(site.root.installed(), ElementsAre("tool-1.0-1"));
}

}  // namespace
}  // namespace lastack::cli::test
