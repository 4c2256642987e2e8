// What the user gets wrong: configuration, options, commands.
#include "package/bad_input/scene.hpp"

#include <functional>
#include <sys/stat.h>
#include <tuple>

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

TEST_F(BadConfiguration, file_url_of_something_endless_or_of_the_kernel_is_refused_and_the_other_repositories_go_on) {
    offer({entry_of(new_target())});
    for (const std::string line :
         {"baseurl=file:///dev/zero", "baseurl=file:///proc/self", "baseurl=file:///proc/self/fd/0", "mirrorlist=file:///dev/zero",
          "mirrorlist=file:///proc/self/mem", "metalink=file:///dev/zero", "baseurl=file:///dev/tty"}) {
        SCOPED_TRACE(line);
        directory().write("repos/odd.repo", "[odd]\n" + line + "\ngpgcheck=0\n");
        expect_failed(lastack({"makecache"}), {"repository 'odd'", "--disablerepo=odd"});
        directory().write("repos/odd.repo", "[odd]\n" + line + "\ngpgcheck=0\nskip_if_unavailable=1\n");
        const auto outcome = lastack({"makecache"});
        expect_done(outcome);
        EXPECT_THAT(outcome.process.err, HasSubstr("repository 'odd' is left out"));
    }
}

TEST_F(BadConfiguration, repo_file_that_is_no_ordinary_file_is_left_out_and_the_other_repositories_go_on) {
    offer({entry_of(new_target())});
    const auto odd = repos_directory() / "odd.repo";
    const std::pair<std::string, std::function<void()>> kinds[] = {
        {"a pipe", [&] { ASSERT_EQ(::mkfifo(odd.c_str(), 0644), 0); }},
        {"a link to itself", [&] { std::filesystem::create_symlink("odd.repo", odd); }},
        {"a link to nothing", [&] { std::filesystem::create_symlink("nothere", odd); }},
        {"a link to what never ends", [&] { std::filesystem::create_symlink("/dev/zero", odd); }},
        {"a directory", [&] { std::filesystem::create_directory(odd); }},
        {"a line of 10 MiB", [&] { directory().write("repos/odd.repo", "[odd]\nname=" + std::string(10 << 20, 'x') + "\n"); }},
    };
    for (const auto& [kind, make] : kinds) {
        SCOPED_TRACE(kind);
        make();
        const auto outcome = lastack({"makecache"});
        expect_done(outcome);
        EXPECT_THAT(outcome.process.err, HasSubstr("warning: " + odd.string() + ":0: the file is left out: "));
        EXPECT_LT(outcome.process.err.size(), 2000U);
        std::filesystem::remove(odd);
    }
}

TEST_F(BadConfiguration, hostile_lines_of_a_repo_file_are_named_and_the_other_repositories_go_on) {
    offer({entry_of(new_target())});
    const std::string good = "[good]\nbaseurl=" + repo_url() + "\ngpgcheck=0\n";
    const std::tuple<const char*, std::string, std::string> rows[] = {
        {"NUL", std::string{"[odd]\nname=a\0b\n", 15}, ":2: the line holds a control character; the repository 'odd' is left out"},
        {"escape", "[odd]\nname=\x1b]0;x\x07\n", ":2: the line holds a control character; the repository 'odd' is left out"},
        {"long line", "[odd]\nname=" + std::string(1 << 20, 'x') + "\n",
         ":2: the line is longer than 65536 bytes; the repository 'odd' is left out"},
        {"slash", "[../odd]\nenabled=1\n", ":1: the repository id '../odd' is not usable"},
        {"dots", "[..]\nenabled=1\n", ":1: the repository id '..' is not usable"},
        {"absolute", "[/etc/odd]\nenabled=1\n", ":1: the repository id '/etc/odd' is not usable"},
        {"percent", "[%2e%2e]\nenabled=1\n", ":1: the repository id '%2e%2e' is not usable"},
        {"escape in the id", "[a\x1b[2Jb]\nenabled=1\n", ":1: the line holds a control character; it is left out"},
        {"bidi in the id", "[a\xE2\x80\xAE]\nenabled=1\n", ":1: the repository id"},
        {"main", "[main]\ngpgcheck=0\nassumeyes=1\n", ":1: [main] belongs to the main configuration file and is ignored here"},
        {"no section", "baseurl=http://127.0.0.1:1/\n", ":1: the option 'baseurl' stands before any [section]"},
        {"include from the network", "[odd]\ninclude=http://127.0.0.1:1/x\n", ":2: include: 'http://127.0.0.1:1/x' is not on this machine"},
        {"include of standard input", "[odd]\ninclude=/dev/stdin\n", ":2: include: "},
    };
    for (const auto& [what, text, words] : rows) {
        SCOPED_TRACE(what);
        directory().write("repos/odd.repo", text + good);
        const auto outcome = lastack({"--disablerepo=odd*", "makecache"});
        expect_done(outcome);
        EXPECT_THAT(outcome.process.err, HasSubstr(in_repos("odd.repo") + words));
        EXPECT_FALSE(steers_a_terminal(outcome.all()));
        EXPECT_THAT(lastack({"repolist", "-q"}).process.out, HasSubstr("good"));
    }
}

TEST_F(BadConfiguration, byte_order_mark_and_words_nested_without_end_do_no_harm) {
    offer({entry_of(new_target())});
    std::string nested;
    for (int i = 0; i < 10'000; ++i) {
        nested += "${x:-";
    }
    directory().write("repos/odd.repo", "\xEF\xBB\xBF[odd]\r\nname=" + nested + "\r\nbaseurl=" + repo_url() + "\r\ngpgcheck=0\r\n");
    const auto outcome = lastack({"makecache"});
    expect_done(outcome);
    EXPECT_EQ(outcome.process.err, "");
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
