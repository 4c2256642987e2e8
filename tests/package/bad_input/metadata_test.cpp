// repomd.xml and primary.xml that arrive whole and are wrong.
#include "package/bad_input/scene.hpp"

namespace lastack::test {
namespace {

class BadMetadata : public Scene {
protected:
    BadMetadata() { cache_old_generation(); }

    [[nodiscard]] std::string repomd_url() { return repo_url("/repodata/repomd.xml"); }
    [[nodiscard]] std::string primary_url() { return repo_url("/repodata/primary.xml"); }
    [[nodiscard]] std::string primary() const { return primary_xml({entry_of(new_target())}); }

    void expect_refusal(std::vector<std::string> words) {
        words.emplace_back("repository 'repo': ");
        expect_refused(update_metadata_too(), words);
        expect_cached_generation_works("1.0-1");
        EXPECT_TRUE(origin().wait_until_all_closed());
    }
};

TEST_F(BadMetadata, repomd_that_is_a_web_page_is_refused) {
    offer_metadata("<!DOCTYPE html>\n<html><body>Please log in</body></html>\n", "");
    expect_refusal({repomd_url(), "a DOCTYPE is not allowed"});
}

TEST_F(BadMetadata, repomd_that_is_not_xml_is_refused) {
    offer_metadata("404 but with status 200\n", "");
    expect_refusal({repomd_url() + ":1:1: not well-formed XML"});
}

TEST_F(BadMetadata, empty_repomd_is_refused) {
    offer_metadata("", "");
    expect_refusal({repomd_url(), "not well-formed XML"});
}

TEST_F(BadMetadata, entities_in_repomd_are_refused) {
    auto repomd = repomd_xml(primary(), {.revision = next_revision()});
    repomd.insert(repomd.find("<repomd"), "<!DOCTYPE repomd [<!ENTITY lol \"lol\"><!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n");
    offer_metadata(repomd, primary());
    expect_refusal({repomd_url() + ":2:", "a DOCTYPE is not allowed"});
}

TEST_F(BadMetadata, truncated_repomd_is_refused) {
    const auto repomd = repomd_xml(primary(), {.revision = next_revision()});
    offer_metadata(repomd.substr(0, repomd.size() / 2), primary());
    expect_refusal({repomd_url() + ":", "not well-formed XML"});
}

TEST_F(BadMetadata, repomd_without_primary_is_refused) {
    auto repomd = repomd_xml(primary(), {.revision = next_revision()});
    repomd.replace(repomd.find("type=\"primary\""), 14, "type=\"filelist\"");
    offer_metadata(repomd, primary());
    expect_refusal({repomd_url(), "no <data type=\"primary\">"});
}

TEST_F(BadMetadata, repomd_without_a_checksum_is_refused) {
    auto repomd = repomd_xml(primary(), {.revision = next_revision()});
    const auto begin = repomd.find("<checksum");
    repomd.erase(begin, repomd.find("</checksum>") + 11 - begin);
    offer_metadata(repomd, primary());
    expect_refusal({repomd_url(), "no checksum"});
}

TEST_F(BadMetadata, repomd_that_is_older_than_ours_is_refused) {
    const auto old = primary_xml({});
    offer_metadata(repomd_xml(old, {.revision = 1}), old);
    expect_refusal({repomd_url(), "is older than the one we have", "--allow-rollback"});
}

TEST_F(BadMetadata, primary_of_another_size_is_refused) {
    offer_metadata(repomd_xml(primary(), {.revision = next_revision(), .size = primary().size() + 1}), primary());
    expect_refusal({primary_url(), "the server offers " + std::to_string(primary().size()) + " bytes, but " +
                                       std::to_string(primary().size() + 1) + " were announced"});
}

TEST_F(BadMetadata, primary_with_another_digest_is_refused) {
    offer_metadata(repomd_xml(primary(), {.revision = next_revision(), .sha256 = std::string(64, '0')}), primary());
    expect_refusal({primary_url(), "the sha256 digest is " + sha256_of(primary()) + ", but " + std::string(64, '0') + " was announced",
                    "try another one"});
}

TEST_F(BadMetadata, primary_that_is_no_xml_is_refused_though_its_digest_fits) {
    const std::string text = "once upon a time\n";
    offer_metadata(repomd_xml(text, {.revision = next_revision()}), text);
    expect_refusal({primary_url(), "not XML"});
}

TEST_F(BadMetadata, primary_with_a_doctype_is_refused_though_its_digest_fits) {
    auto text = primary();
    text.insert(text.find("<metadata"), "<!DOCTYPE metadata [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]>\n");
    offer_metadata(repomd_xml(text, {.revision = next_revision()}), text);
    expect_refusal({primary_url(), "a DOCTYPE is not allowed"});
}

TEST_F(BadMetadata, truncated_primary_is_refused_though_its_digest_fits) {
    const auto text = primary().substr(0, primary().size() / 2);
    offer_metadata(repomd_xml(text, {.revision = next_revision()}), text);
    expect_refusal({"repo", "primary.xml", "it is not well-formed XML"});
}

TEST_F(BadMetadata, without_asking_for_fresh_the_cached_generation_is_used_and_said_so) {
    offer_metadata("not XML", "");
    const auto outcome = lastack({"list", "all", "--setopt=metadata_expire=0"});
    expect_done(outcome);
    EXPECT_THAT(outcome.process.out, testing::HasSubstr("1.0-1"));
    EXPECT_THAT(outcome.process.err,
                testing::HasSubstr("warning: repository 'repo' could not be refreshed, its cached metadata (checked "));
    EXPECT_THAT(outcome.process.err, testing::HasSubstr("not well-formed XML"));
}

class BadPrimaryLocation : public BadMetadata, public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(BadPrimaryLocation, is_refused_before_it_is_asked_for) {
    offer_metadata(repomd_xml(primary(), {.revision = next_revision(), .location = GetParam().second}), primary());
    const auto asked = origin().requests().size();
    expect_refusal({repomd_url(), "<location href>"});
    EXPECT_EQ(origin().requests().size(), asked + 1);
}

INSTANTIATE_TEST_SUITE_P(In, BadPrimaryLocation,
                         testing::Values(std::pair{"dots", "repodata/../../primary.xml"}, std::pair{"encoded_dots", "%2e%2e/primary.xml"},
                                         std::pair{"absolute", "/etc/passwd"}, std::pair{"file_url", "file:///etc/passwd"},
                                         std::pair{"other_host", "http://127.0.0.1:1/primary.xml"},
                                         std::pair{"newline", "repodata/primary\n.xml"}),
                         [](const auto& info) { return std::string{info.param.first}; });

struct BadLocation {
    const char* name;
    const char* href;
    const char* base;
    const char* words;
};

class BadPackageLocation : public Scene, public testing::WithParamInterface<BadLocation> {};

TEST_P(BadPackageLocation, is_refused_before_it_is_asked_for) {
    auto entry = entry_of(new_target());
    entry.href = GetParam().href;
    entry.base = GetParam().base;
    offer_and_cache({entry});
    const auto asked = origin().requests().size();
    expect_refused(update(), {"package target-2.0-1.noarch of repository repo: ", GetParam().words, "ask its maintainer"});
    EXPECT_EQ(origin().requests().size(), asked);
}

INSTANTIATE_TEST_SUITE_P(In, BadPackageLocation,
                         testing::Values(BadLocation{"dots", "Packages/../../target.rpm", "", "it has the segment '..'"},
                                         BadLocation{"encoded_dots", "%2e%2e/%2E%2e/target.rpm", "", "it has the segment '..'"},
                                         BadLocation{"encoded_slash", "Packages%2f..%2f..%2ftarget.rpm", "", "it has the segment '..'"},
                                         BadLocation{"absolute", "/etc/target.rpm", "", "it is absolute"},
                                         BadLocation{"file_url", "file:///etc/target.rpm", "", "it has a scheme of its own"},
                                         BadLocation{"ftp_url", "ftp://127.0.0.1/target.rpm", "", "it has a scheme of its own"},
                                         BadLocation{"http_url", "http://127.0.0.1:1/target.rpm", "", "it has a scheme of its own"},
                                         BadLocation{"newline", "Packages/tar\nget.rpm", "", "holds a control character"},
                                         BadLocation{"encoded_newline", "Packages/tar%0aget.rpm", "", "holds a control character"},
                                         BadLocation{"hidden_file", "Packages/.target.rpm", "", "does not end in the name of an rpm file"},
                                         BadLocation{"another_ending", "Packages/target.part", "",
                                                     "does not end in the name of an rpm file"},
                                         BadLocation{"base_of_local_files", "target.rpm", "file:///etc/", "'file' is not http or https"},
                                         BadLocation{"base_with_a_password", "target.rpm", "http://me:secret@127.0.0.1/", "a user's name"},
                                         BadLocation{"base_that_leaves", "target.rpm", "../../", "leaves the repository"}),
                         [](const auto& info) { return std::string{info.param.name}; });

}  // namespace
}  // namespace lastack::test
