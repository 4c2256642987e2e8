// Packages that are not what the metadata says, or not packages.
#include "package/bad_input/scene.hpp"

namespace lastack::test {
namespace {

class BadPackage : public Scene {
protected:
    // The repository announces target-2.0 and the server sends this; size and digest are those of what is sent.
    void send_for_target(std::string bytes) {
        auto entry = entry_of(new_target());
        entry.bytes = std::move(bytes);
        offer_and_cache({entry});
    }
    void expect_refusal(const std::vector<std::string>& words) {
        const auto outcome = update();
        expect_failed(outcome, words);
        EXPECT_EQ(outcome.before.root, outcome.after.root);
        EXPECT_EQ(outcome.before.rpms, outcome.after.rpms);
        expect_cached_generation_works("2.0-1");
        EXPECT_TRUE(origin().wait_until_all_closed());
    }
    static std::string flipped(std::string bytes, std::size_t at) {
        bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
        return bytes;
    }
};

constexpr auto file_name = "target-2.0-1.noarch.rpm";

TEST_F(BadPackage, other_size_than_announced_is_refused_before_the_body) {
    auto entry = entry_of(new_target());
    entry.size = entry.bytes.size() + 7;
    offer_and_cache({entry});
    expect_refused(update(), {"target-2.0-1.noarch: " + repo_url("/Packages/target-2.0-1.noarch.rpm"),
                              "the server offers " + std::to_string(entry.bytes.size()) + " bytes, but " +
                                  std::to_string(entry.bytes.size() + 7) + " were announced",
                              "nothing was changed"});
}

TEST_F(BadPackage, other_digest_than_announced_is_refused) {
    auto entry = entry_of(new_target());
    entry.sha256 = std::string(64, 'a');
    offer_and_cache({entry});
    expect_refused(update(), {"target-2.0-1.noarch: " + repo_url("/Packages/target-2.0-1.noarch.rpm"),
                              "the sha256 digest is " + sha256_of(entry.bytes) + ", but " + entry.sha256 + " was announced",
                              "the mirror may be out of date or broken: try another one or try later", "nothing was changed"});
}

TEST_F(BadPackage, wrong_bytes_in_the_cache_are_fetched_again) {
    offer_and_cache({entry_of(new_target())});
    directory().write("cache/repo/packages/target-2.0-1.noarch.rpm", "left over");
    expect_done(update());
    EXPECT_THAT(state().rpms, HasSubstr("target-2.0-1.noarch"));
}

TEST_F(BadPackage, good_files_of_a_batch_are_kept_when_one_fails) {
    const RpmSpec other{.name = "other", .files = {{.path = "/usr/share/other", .content = "x"}}};
    offer_and_cache({entry_of(new_target()), entry_of(other)});
    origin().forget("/repo/Packages/other-1.0-1.noarch.rpm");
    const auto outcome = lastack({"-y", "install", "target", "other"});
    expect_failed(outcome, {"other-1.0-1.noarch: ", "404", "what was downloaded is kept for the next run"});
    EXPECT_EQ(outcome.before.rpms, outcome.after.rpms);
    EXPECT_EQ(outcome.before.root, outcome.after.root);
    EXPECT_TRUE(outcome.after.cache.contains("repo/packages/target-2.0-1.noarch.rpm"));
    origin().serve_file("/repo/Packages/other-1.0-1.noarch.rpm", entry_of(other).bytes);
    expect_done(lastack({"-y", "install", "target", "other"}));
    EXPECT_EQ(origin().record().requests_for("/repo/Packages/target-2.0-1.noarch.rpm"), 1);
}

TEST_F(BadPackage, file_that_is_no_rpm_is_refused) {
    send_for_target("<html><body>Please log in</body></html>");
    expect_refusal({std::string{file_name} + " is not an rpm package", "nothing was changed"});
}

TEST_F(BadPackage, empty_file_is_refused) {
    send_for_target("");
    expect_refusal({file_name});
}

TEST_F(BadPackage, lead_without_an_end_is_refused) {
    send_for_target(entry_of(new_target()).bytes.substr(0, 50));
    expect_refusal({std::string{file_name} + " is damaged or badly signed: librpm cannot read its header", "nothing was changed"});
}

TEST_F(BadPackage, truncated_rpm_is_refused) {
    const auto bytes = entry_of(new_target()).bytes;
    send_for_target(bytes.substr(0, bytes.size() - 1000));
    expect_refusal({std::string{file_name} + " is damaged or badly signed: ", "nothing was changed"});
}

TEST_F(BadPackage, other_name_than_announced_is_refused) {
    send_for_target(entry_of({.name = "trojan", .version = "2.0"}).bytes);
    expect_refusal({std::string{file_name} + " is not what repository 'repo' announced as target-2.0-1.noarch",
                    "the file is trojan-2.0-1.noarch", "nothing was changed"});
}

TEST_F(BadPackage, other_version_than_announced_is_refused) {
    send_for_target(entry_of({.name = "target", .version = "1.5"}).bytes);
    expect_refusal({"is not what repository 'repo' announced as target-2.0-1.noarch", "the file is target-1.5-1.noarch"});
}

TEST_F(BadPackage, other_epoch_than_announced_is_refused) {
    send_for_target(entry_of({.name = "target", .version = "2.0", .epoch = "3"}).bytes);
    expect_refusal({"announced as target-2.0-1.noarch", "the file is target-3:2.0-1.noarch"});
}

TEST_F(BadPackage, other_architecture_than_announced_is_refused) {
    send_for_target(entry_of({.name = "target", .version = "2.0", .arch = "x86_64"}).bytes);
    expect_refusal({"announced as target-2.0-1.noarch", "the file is target-2.0-1.x86_64"});
}

TEST_F(BadPackage, source_package_is_refused) {
    send_for_target(content_of(build_source_rpm(new_target())));
    expect_refusal({"announced as target-2.0-1.noarch", "source package"});
}

TEST_F(BadPackage, flipped_bit_in_the_header_is_refused_though_the_metadata_fits) {
    const auto bytes = entry_of(new_target()).bytes;
    send_for_target(flipped(bytes, bytes.find("A package of the tests")));
    expect_refusal({std::string{file_name} + " is damaged or badly signed: ", "nothing was changed"});
}

TEST_F(BadPackage, flipped_bit_in_the_payload_is_refused_though_the_metadata_fits) {
    const auto bytes = entry_of(new_target()).bytes;
    send_for_target(flipped(bytes, bytes.size() - 5000));
    expect_refusal({std::string{file_name} + " is damaged or badly signed: ", "nothing was changed"});
}

class SignedPackage : public BadPackage {
protected:
    SignedPackage() { configure("gpgcheck=1\n"); }

    static RpmSpec signed_target(const std::string& key) {
        auto spec = new_target();
        spec.signed_by = key;
        return spec;
    }
    static std::string key_id(const std::string& key) { return signing_key(key).key_id; }
    // The repository's gpgkey is this key, served by the origin.
    void name_key(const std::string& content) {
        origin().serve_file("/key", content);
        configure("gpgcheck=1\ngpgkey=" + origin().url("/key") + "\n");
    }
};

TEST_F(SignedPackage, package_without_signature_is_refused) {
    offer_and_cache({entry_of(new_target())});
    expect_refusal({std::string{"Package "} + file_name + " is not signed", "gpgcheck=1 demands signed packages", "'repo'"});
}

TEST_F(SignedPackage, unknown_key_without_a_gpgkey_is_refused) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    expect_refusal({"repository 'repo'", "it names no gpgkey to import", "set gpgkey=URL"});
}

TEST_F(SignedPackage, good_key_is_imported_and_the_package_installed) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    name_key(content_of(signing_key("vendor").armoured));
    const auto outcome = update();
    expect_done(outcome);
    EXPECT_THAT(outcome.process.out, HasSubstr("Importing GPG key 0x" + key_id("vendor").substr(8)));
    EXPECT_THAT(outcome.after.rpms, HasSubstr("target-2.0-1.noarch"));
}

TEST_F(SignedPackage, key_of_somebody_else_does_not_help) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    name_key(content_of(signing_key("stranger").armoured));
    const auto outcome = update();
    expect_failed(outcome,
                  {std::string{"Public key for "} + file_name + " is not installed (key " + key_id("vendor") + ")", "wrong key(s)?"});
    EXPECT_THAT(outcome.after.rpms, HasSubstr("target-1.0-1.noarch"));
    // The key stays the repository's, as the user agreed to it.
    auto root = outcome.after.root;
    std::erase_if(root, [](const auto& file) { return file.first.starts_with("var/lib/lastack/repos/repo/keys/"); });
    EXPECT_EQ(outcome.before.root, root);
}

TEST_F(SignedPackage, key_is_not_imported_without_consent) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    name_key(content_of(signing_key("vendor").armoured));
    Process lastack({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::terminal});
    const auto before = state();
    ASSERT_TRUE(lastack.answer("Is this ok [y/d/N]: ", "y\n"));
    ASSERT_TRUE(lastack.answer("Is this ok [y/N]: ", "n\n"));
    const auto result = lastack.wait();
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.out, HasSubstr("the key was not imported"));
    EXPECT_EQ(before.rpms, state().rpms);
    EXPECT_EQ(before.root, state().root);
}

TEST_F(SignedPackage, key_is_not_imported_when_nobody_can_be_asked) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    name_key(content_of(signing_key("vendor").armoured));
    const auto before = state();
    const auto result = run({.arguments = command({"update"}), .stdin_is = ProcessOptions::Input::text, .input = "y\ny\ny\n"});
    EXPECT_EQ(result.status, 1);
    EXPECT_THAT(result.err, testing::AllOf(HasSubstr("Refusing to automatically import keys when running unattended."),
                                           HasSubstr("Use \"-y\" to override.")));
    EXPECT_EQ(before.rpms, state().rpms);
}

TEST_F(SignedPackage, key_that_is_not_there_is_named) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    configure("gpgcheck=1\ngpgkey=" + origin().url("/nokey") + "\n");
    expect_refusal({origin().url("/nokey") + ": ", "the key of repository 'repo' cannot be had", "404"});
}

TEST_F(SignedPackage, key_that_is_none_is_refused) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    name_key("<html>Please log in</html>");
    expect_refusal({origin().url("/key") + ": ", "the file holds no armoured public key"});
}

TEST_F(SignedPackage, damaged_key_is_refused) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    const auto key = content_of(signing_key("vendor").armoured);
    name_key(flipped(key, key.size() / 2));
    expect_refusal({origin().url("/key") + ": ", "key"});
}

TEST_F(SignedPackage, endless_key_is_given_up) {
    offer_and_cache({entry_of(signed_target("vendor"))});
    origin().on("/key", Reply::steps({Send{"HTTP/1.1 200 OK\r\n\r\n-----BEGIN PGP PUBLIC KEY BLOCK-----\n"}, SendEndless{"AAAA"}}));
    configure("gpgcheck=1\ngpgkey=" + origin().url("/key") + "\n");
    expect_refusal({origin().url("/key") + ": ", "larger than the 1048576 bytes"});
}

TEST_F(SignedPackage, signed_header_that_was_changed_is_refused_with_the_key_known) {
    name_key(content_of(signing_key("vendor").armoured));
    const auto bytes = entry_of(signed_target("vendor")).bytes;
    send_for_target(flipped(bytes, bytes.find("A package of the tests")));
    expect_refusal({std::string{file_name} + " is damaged or badly signed: ", "nothing was changed"});
}

// What an attacker without the key can do: right digests everywhere, but no signature that fits.
TEST_F(SignedPackage, signature_that_was_changed_is_refused_with_the_key_known) {
    name_key(content_of(signing_key("vendor").armoured));
    const RpmSpec known{.name = "known", .signed_by = "vendor"};
    const auto bytes = entry_of(signed_target("vendor")).bytes;
    std::string raw_id;
    for (std::size_t i = 0; i < 16; i += 2) {
        raw_id += static_cast<char>(std::stoi(key_id("vendor").substr(i, 2), nullptr, 16));
    }
    const auto at = bytes.find(raw_id);
    ASSERT_NE(at, std::string::npos);
    auto entry = entry_of(signed_target("vendor"));
    entry.bytes = flipped(bytes, at + 60);
    offer_and_cache({entry, entry_of(known)});
    expect_done(lastack({"-y", "install", "known"}));  // the key is in the root from here on
    expect_refusal({std::string{file_name} + " is damaged or badly signed: ", "nothing was changed"});
}

}  // namespace
}  // namespace lastack::test
