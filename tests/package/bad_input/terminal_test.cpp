// Bytes from outside that would steer a terminal: none reaches it, whatever it came in with. (Every other test checks its output too.)
#include "package/bad_input/scene.hpp"

namespace lastack::test {
namespace {

constexpr auto red = "\x1b[31m";
constexpr auto c1_red =
    "\xc2\x9b"
    "31m";  // CSI as one character of ISO 6429's second set

class HostileText : public Scene {
protected:
    // On a terminal lastack itself moves the cursor while it downloads; a pipe shows only what others brought.
    static void expect_harmless(const Outcome& outcome) {
        SCOPED_TRACE(testing::PrintToString(outcome.all()));
        expect_clean_ending(outcome);
        EXPECT_FALSE(steers_a_terminal(outcome.all()));
    }
};

TEST_F(HostileText, reason_phrase_of_a_server_is_escaped) {
    cache_old_generation();
    origin().on("/repo/repodata/repomd.xml",
                Reply::steps({Send{std::string{"HTTP/1.1 404 "} + red + c1_red + "gone\r\nContent-Length: 0\r\n\r\n"}}));
    const auto outcome = update_metadata_too();
    expect_harmless(outcome);
    EXPECT_EQ(outcome.process.status, 1);
}

TEST_F(HostileText, location_of_a_redirect_is_escaped) {
    cache_old_generation();
    for (const std::string& location :
         {std::string{"/a"} + red, std::string{"ftp"} + red + "://x/", std::string{"http://h"} + c1_red + "/"}) {
        origin().on("/repo/repodata/repomd.xml",
                    Reply::steps({Send{"HTTP/1.1 302 Found\r\nLocation: " + location + "\r\nContent-Length: 0\r\n\r\n"}}));
        const auto outcome = update_metadata_too();
        expect_harmless(outcome);
        EXPECT_EQ(outcome.process.status, 1);
    }
}

TEST_F(HostileText, url_of_the_configuration_is_escaped) {
    configure("gpgcheck=0\n", origin().url(std::string{"/"} + red + "x"));
    const auto outcome = lastack({"makecache"});
    expect_harmless(outcome);
    EXPECT_EQ(outcome.process.status, 1);
}

TEST_F(HostileText, names_in_the_configuration_are_escaped) {
    directory().write("repos/odd.repo", std::string{"[odd"} + red + "]\nbaseurl=http://x/\n[fine]\nname=" + red + "\nenabled=" + red +
                                            "\nba" + red + "d=1\n" + c1_red + "\n");
    offer({entry_of(new_target())});
    expect_harmless(lastack({"makecache"}));
}

TEST_F(HostileText, arguments_are_escaped) {
    cache_old_generation();
    expect_harmless(lastack({"-y", "install", std::string{"pack"} + red}));
    expect_harmless(lastack({"list", std::string{"pack"} + red}));
    expect_harmless(lastack({"get", std::string{"http://127.0.0.1/"} + red}));
    expect_harmless(lastack({std::string{"--setopt=a"} + red, "makecache"}));
    expect_harmless(lastack({std::string{"--enablerepo=a"} + red, "makecache"}));
    expect_harmless(lastack({std::string{"--releasever="} + red, "makecache"}));
    expect_harmless(lastack({"clean", std::string{"every"} + red}));
    expect_harmless(lastack({"help", std::string{"me"} + red}));
    expect_harmless(lastack({std::string{"command"} + red}));
    expect_harmless(lastack({std::string{"--option"} + red, "update"}));
    expect_harmless(lastack({std::string{"--repofrompath=x"} + red, "update"}));
}

TEST_F(HostileText, words_of_the_metadata_are_escaped) {
    auto entry = entry_of(new_target());
    entry.spec.summary = std::string{"nice"} + c1_red;
    entry.spec.description = c1_red;
    auto odd = entry_of({.name = "odd", .requires_ = {std::string{"cap"} + c1_red}});
    auto odd_name = entry_of({.name = "renamed"});
    odd_name.spec.name = std::string{"na"} + c1_red + "me";
    auto odd_version = entry_of({.name = "versioned"});
    odd_version.spec.version = std::string{"1"} + c1_red;
    offer_and_cache({entry, odd, odd_name, odd_version});
    expect_harmless(lastack({"list", "all"}));
    expect_harmless(lastack({"-y", "install", "odd"}));
    expect_harmless(lastack({"-y", "install", "na*"}));
    expect_harmless(lastack({"-y", "install", "versioned"}));
    expect_harmless(lastack({"check-update"}));
    expect_harmless(update());
}

TEST_F(HostileText, href_of_a_package_is_escaped) {
    auto entry = entry_of(new_target());
    entry.href = std::string{"Packages/target"} + c1_red + ".rpm";
    offer_and_cache({entry});
    const auto outcome = update();
    expect_harmless(outcome);
    EXPECT_EQ(outcome.process.status, 1);
}

TEST_F(HostileText, words_of_repomd_are_escaped) {
    cache_old_generation();
    const auto primary = primary_xml({});
    auto repomd = repomd_xml(primary, {.revision = next_revision()});
    offer_metadata("<repo" + std::string{c1_red} + "/>", primary);
    expect_harmless(update_metadata_too());
    repomd.replace(repomd.find("type=\"sha256\""), 13, "type=\"sha" + std::string{c1_red} + "\"");
    offer_metadata(repomd, primary);
    expect_harmless(update_metadata_too());
}

TEST_F(HostileText, output_of_scriptlets_is_escaped) {
    const RpmSpec loud{.name = "loud",
                       .files = {{.path = "/usr/share/loud", .content = "x"}},
                       .scriptlets = {{.section = "%pre -p <lua>", .body = "print('\\27[31mred\\27]0;title\\7')"},
                                      {.section = "%post -p <lua>", .body = "error('\\27[2Jgone')"}}};
    offer_and_cache({entry_of(loud)});
    const auto outcome = lastack({"-y", "install", "loud"});
    expect_harmless(outcome);
    EXPECT_THAT(outcome.process.out, HasSubstr("\\x1b[31mred"));
}

TEST_F(HostileText, names_of_files_in_conflict_are_escaped) {
    const auto path = std::string{"/usr/share/a"} + c1_red;
    offer_and_cache({entry_of({.name = "left", .files = {{.path = path, .content = "left"}}}),
                     entry_of({.name = "right", .files = {{.path = path, .content = "right"}}})});
    const auto outcome = lastack({"-y", "install", "left", "right"});
    expect_harmless(outcome);
    EXPECT_EQ(outcome.process.status, 1);
}

TEST_F(HostileText, answers_of_a_server_that_is_no_http_server_are_escaped) {
    origin().on("/repo/repodata/repomd.xml", Reply::steps({Send{std::string{"SSH-2.0-"} + red + "\r\n\r\n"}, WaitForPeerClose{}}));
    const auto outcome = lastack({"makecache"});
    expect_harmless(outcome);
    EXPECT_EQ(outcome.process.status, 1);
}

TEST_F(HostileText, trace_of_connections_is_escaped) {
    origin().on("/repo/repodata/repomd.xml",
                Reply::steps({Send{std::string{"HTTP/1.1 302 "} + red + "\r\nLocation: /" + c1_red + "\r\nContent-Length: 0\r\n\r\n"}}));
    expect_harmless(lastack({"-v", "makecache"}));
}

}  // namespace
}  // namespace lastack::test
