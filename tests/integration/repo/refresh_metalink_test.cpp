// Repositories whose mirrors a metalink names, and says what their repomd.xml must be.
#include "integration/repo/refresh_scene.hpp"
#include "repo/error.hpp"

namespace lastack::repo {
namespace {

std::string hash_of(std::string_view text) { return digest_of(DigestAlgorithm::sha256, text).hex; }

class RefreshMetalink : public Refresh {
protected:
    RefreshMetalink() {
        first().baseurl.clear();
        first().metalink = origin.url("/metalink");
    }

    static std::string repomd(int generation) {
        return repomd_of({.primary = primary_of(generation), .revision = std::to_string(generation)});
    }
    struct Parts {
        std::string size;    // of the first choice; empty: the right one
        std::string hashes;  // likewise
        std::string alternates;
        std::string urls;
    };
    void announce(int generation, const std::vector<std::string>& mirrors = {"/r"}) { announce_with(generation, {}, mirrors); }
    void announce_with(int generation, const Parts& parts, const std::vector<std::string>& mirrors = {"/r"}) {
        const std::string text = repomd(generation);
        std::string urls = parts.urls;
        int preference = 100;
        for (const std::string& mirror : mirrors) {
            urls += "<url protocol=\"http\" type=\"http\" preference=\"" + std::to_string(preference--) + "\">" + origin.url(mirror) +
                    "/repodata/repomd.xml</url>";
        }
        origin.on("/metalink",
                  Reply{.body = "<metalink version=\"3.0\" xmlns=\"http://www.metalinker.org/\" "
                                "xmlns:mm0=\"http://fedorahosted.org/mirrormanager\"><files><file name=\"repomd.xml\"><size>" +
                                (parts.size.empty() ? std::to_string(text.size()) : parts.size) + "</size><verification>" +
                                (parts.hashes.empty() ? "<hash type=\"sha256\">" + hash_of(text) + "</hash>" : parts.hashes) +
                                "</verification>" + parts.alternates + "<resources>" + urls + "</resources></file></files></metalink>"});
    }
    static std::string alternate(int generation) {
        return "<mm0:alternates><mm0:alternate><mm0:timestamp>1</mm0:timestamp><size>" + std::to_string(repomd(generation).size()) +
               "</size><verification><hash type=\"sha256\">" + hash_of(repomd(generation)) +
               "</hash></verification></mm0:alternate></mm0:alternates>";
    }
};

TEST_F(RefreshMetalink, its_mirrors_are_used_in_its_order) {
    announce(1, {"/r", "/other"});
    EXPECT_THAT(expect_generation(1).base_urls, ElementsAre(origin.url("/r"), origin.url("/other")));
    EXPECT_THAT(requested(), ElementsAre("/metalink", "/r/repodata/repomd.xml", "/r/repodata/primary.xml"));
}

TEST_F(RefreshMetalink, unchanged_metadata_costs_the_metalink_alone) {
    announce(1);
    expect_generation(1);
    const auto before = origin.requests().size();
    EXPECT_FALSE(expect_generation(1, Expiry::ignore).refreshed);
    ASSERT_EQ(origin.requests().size(), before + 1);
    EXPECT_EQ(requested().back(), "/metalink");
    expect_generation(1);
    EXPECT_EQ(origin.requests().size(), before + 1) << "it expires with the metadata";
}

TEST_F(RefreshMetalink, only_the_mirror_with_its_digest_is_believed) {
    serve(1, "/old");
    origin.on("/garbage/repodata/repomd.xml", Reply{.body = "<html>"});
    serve(2, "/new");
    announce(2, {"/old", "/garbage", "/new"});
    EXPECT_EQ(expect_generation(2).base_urls.front(), origin.url("/new"));
    serve(3, "/new");
    EXPECT_EQ(expect_generation(2, Expiry::ignore).refreshed, false) << "newer, but not what the metalink knows";
    announce(2, {"/old"});
    serve(2, "/old");
    expect_generation(2, Expiry::ignore);
}

TEST_F(RefreshMetalink, an_alternate_is_accepted_where_no_newer_one_is_to_be_had) {
    announce_with(2, {.alternates = alternate(1)});
    expect_generation(1);
    announce(2);
    EXPECT_THAT(expect_failure(RepoErrc::bad_repomd).cause, HasSubstr("none of those that the metalink knows"));
}

TEST_F(RefreshMetalink, a_wrong_size_or_one_wrong_digest_of_several_is_no_match) {
    announce_with(1, {.size = "7"});
    expect_failure(RepoErrc::bad_repomd);
    announce_with(
        1, {.hashes = "<hash type=\"sha256\">" + hash_of(repomd(1)) + "</hash><hash type=\"sha512\">" + std::string(128, '0') + "</hash>"});
    expect_failure(RepoErrc::bad_repomd);
}

TEST_F(RefreshMetalink, one_without_a_strong_hash_is_refused) {
    announce_with(1, {.hashes = " "});
    EXPECT_THAT(expect_failure(RepoErrc::bad_metalink).cause, HasSubstr("has no hash of repomd.xml"));
    const std::string weak = "<hash type=\"sha1\">" + digest_of(DigestAlgorithm::sha1, repomd(1)).hex + "</hash>";
    announce_with(1, {.hashes = weak});
    EXPECT_THAT(expect_failure(RepoErrc::bad_metalink).cause, HasSubstr("but md5 and sha1"));
    first().allow_weak_digests = true;
    expect_generation(1, Expiry::ignore);
}

TEST_F(RefreshMetalink, one_that_is_none_or_names_no_mirror_is_refused) {
    announce_with(
        1, {.urls = "<url type=\"rsync\">rsync://h/repodata/repomd.xml</url><url type=\"file\">file:///etc/repodata/repomd.xml</url>"}, {});
    expect_failure(RepoErrc::bad_metalink);
    announce_with(1, {.urls = "<url type=\"http\">" + origin.url("/r/other.xml") + "</url>"}, {});
    EXPECT_THAT(expect_failure(RepoErrc::bad_metalink).cause, HasSubstr("no URL that ends in /repodata/repomd.xml"));
    for (const char* text : {"", "<html/>", "<metalink version=\"9\" xmlns=\"urn:unknown\"/>", "# no mirrors"}) {
        origin.on("/metalink", Reply{.body = text});
        EXPECT_THAT(expect_failure(RepoErrc::bad_metalink).cause, HasSubstr("/metalink")) << text;
    }
}

TEST_F(RefreshMetalink, of_a_hundred_thousand_mirrors_the_best_are_used) {
    std::string urls;
    for (int i = 0; i < 100'000; ++i) {
        urls += "<url type=\"http\">http://127.0.0.1:1/" + std::to_string(i) + "/repodata/repomd.xml</url>";
    }
    announce_with(1, {.urls = urls});
    first().retries = 10;  // a file whose digest is known may try one that nobody knows
    const ReadyRepo ready = expect_generation(1);
    ASSERT_EQ(ready.base_urls.size(), 512u);
    EXPECT_EQ(ready.base_urls.front(), origin.url("/r"));
}

TEST_F(RefreshMetalink, version_4_is_read_too) {
    const std::string text = repomd(1);
    origin.on("/metalink", Reply{.body = "<metalink xmlns=\"urn:ietf:params:xml:ns:metalink\"><file name=\"repomd.xml\"><size>" +
                                         std::to_string(text.size()) + "</size><hash type=\"sha-256\">" + hash_of(text) + "</hash><url>" +
                                         origin.url("/r/repodata/repomd.xml") + "</url></file></metalink>"});
    expect_generation(1);
}

TEST_F(RefreshMetalink, one_in_mirrorlist_is_known_by_its_url_as_yum_did) {
    first().mirrorlist = std::exchange(first().metalink, "");
    announce(1);
    expect_generation(1);
}

TEST_F(RefreshMetalink, one_that_cannot_be_had_leaves_the_old_generation_in_use) {
    announce(1);
    expect_generation(1);
    origin.on("/metalink", Reply{.status = 404});
    first().metadata_expire = 0s;
    EXPECT_FALSE(expect_generation(1).refreshed);
    EXPECT_FALSE(run(Expiry::ignore));
}

}  // namespace
}  // namespace lastack::repo
