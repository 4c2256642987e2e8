// What the user gets wrong: configuration, options, commands.
#include "package/bad_input/scene.hpp"

namespace lastack::test {
namespace {

class BadConfiguration : public Scene {
protected:
    void expect_usage(const std::vector<std::string>& arguments, const std::string& words) {
        const auto outcome = lastack(arguments);
        SCOPED_TRACE(outcome.all());
        expect_clean_ending(outcome);
        EXPECT_EQ(outcome.process.status, 2);
        EXPECT_THAT(outcome.process.err, HasSubstr(words));
        EXPECT_EQ(outcome.before, outcome.after);
    }
    [[nodiscard]] std::string in_repos(const std::string& name) const { return (repos_directory() / name).string(); }
};

TEST_F(BadConfiguration, unknown_command_is_wrong_usage) { expect_usage({"frobnicate"}, "frobnicate"); }

TEST_F(BadConfiguration, missing_command_is_wrong_usage) { expect_usage({}, "no known command was given"); }

TEST_F(BadConfiguration, unknown_option_is_wrong_usage) { expect_usage({"update", "--frobnicate"}, "--frobnicate"); }

TEST_F(BadConfiguration, install_without_packages_is_wrong_usage) { expect_usage({"install"}, "PACKAGE"); }

TEST_F(BadConfiguration, unknown_thing_to_clean_is_wrong_usage) { expect_usage({"clean", "dishes"}, "dishes"); }

TEST_F(BadConfiguration, get_of_something_that_is_no_url_is_wrong_usage) {
    expect_usage({"get", "rsync://127.0.0.1/x"}, "'rsync' is not http");
}

TEST_F(BadConfiguration, bad_line_in_a_repo_file_is_named_and_the_other_repositories_go_on) {
    directory().write("repos/broken.repo", "[broken]\nname=Broken\nbaseurl=http://127.0.0.1:1/\nthis is no option\n[also]\nbaseurl=" +
                                               origin().url("/also") + "\nenabled=0\n");
    offer({entry_of(new_target())});
    const auto outcome = update();
    expect_done(outcome);
    EXPECT_THAT(outcome.process.err, HasSubstr("warning: " + in_repos("broken.repo") + ":4: "));
    EXPECT_THAT(outcome.process.err, HasSubstr("the repository 'broken' is left out"));
    EXPECT_THAT(outcome.after.rpms, HasSubstr("target-2.0-1.noarch"));
}

TEST_F(BadConfiguration, bad_value_in_a_repo_file_is_named_and_the_other_repositories_go_on) {
    directory().write("repos/broken.repo", "[broken]\nbaseurl=http://127.0.0.1:1/\ntimeout=soon\n");
    offer({entry_of(new_target())});
    const auto outcome = update();
    expect_done(outcome);
    EXPECT_THAT(outcome.process.err, HasSubstr("warning: " + in_repos("broken.repo") + ":3: timeout"));
}

TEST_F(BadConfiguration, enabled_repository_without_a_usable_url_is_named) {
    directory().write("repos/local.repo", "[local]\nbaseurl=gopher://h/srv/repo\n");
    expect_refused(lastack({"makecache"}), {"repository 'local'", "'gopher' is not http or https", "--disablerepo=local"});
}

TEST_F(BadConfiguration, binary_repo_file_does_no_harm) {
    std::string bytes;
    for (int i = 0; i < 4096; ++i) {
        bytes += static_cast<char>(i * 7);
    }
    directory().write("repos/noise.repo", bytes);
    offer({entry_of(new_target())});
    expect_done(update());
}

TEST_F(BadConfiguration, misspelt_option_is_told_what_may_have_been_meant) {
    configure("gpgcheck=0\nskip_if_unavialable=1\n");
    offer({entry_of(new_target())});
    const auto outcome = lastack({"makecache"});
    expect_done(outcome);
    EXPECT_THAT(outcome.process.err, HasSubstr(in_repos("repo.repo") +
                                               ":5: unknown option 'skip_if_unavialable' in [repo]; did you mean 'skip_if_unavailable'?"));
}

TEST_F(BadConfiguration, unknown_repository_to_enable_is_named) {
    expect_refused(lastack({"--enablerepo=nothere", "makecache"}), {"there is no repository 'nothere'"});
}

TEST_F(BadConfiguration, next_step_for_an_unknown_repository_is_something_that_lastack_can_do) {
    const auto outcome = lastack({"--enablerepo=nothere", "makecache"});
    EXPECT_THAT(outcome.process.err, Not(HasSubstr("repolist")));
    EXPECT_THAT(outcome.process.err, HasSubstr(".repo"));
}

TEST_F(BadConfiguration, setopt_without_a_value_is_refused) {
    expect_refused(lastack({"--setopt=timeout", "makecache"}), {"--setopt=timeout has no '='", "write --setopt=KEY=VALUE"});
}

TEST_F(BadConfiguration, setopt_of_an_unknown_option_is_refused) {
    expect_refused(lastack({"--setopt=timeuot=3", "makecache"}), {"there is no option 'timeuot' in [main]", "did you mean 'timeout'?"});
}

TEST_F(BadConfiguration, setopt_of_a_bad_value_is_refused) {
    expect_refused(lastack({"--setopt=retries=many", "makecache"}), {"--setopt=retries=many: "});
}

TEST_F(BadConfiguration, bad_line_in_the_main_file_is_refused_with_its_place) {
    const auto file = directory().write("bad.conf", "[main]\ngpgcheck=perhaps\n");
    expect_refused(run_command_line({LASTACK_BUILD_DIR "/lastack", "-c", file.string(), "makecache"}),
                   {file.string() + ":2: gpgcheck", "correct that line"});
}

TEST_F(BadConfiguration, main_file_that_is_not_there_is_named) {
    const auto outcome = run_command_line({LASTACK_BUILD_DIR "/lastack", "-c", "/nonexistent/lastack.conf", "makecache"});
    expect_refused(outcome, {"/nonexistent/lastack.conf", "name a readable file with -c FILE"});
}

}  // namespace
}  // namespace lastack::test
