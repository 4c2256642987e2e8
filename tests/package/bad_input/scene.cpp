#include "package/bad_input/scene.hpp"

#include "base/file.hpp"
#include "support/run_command.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <sstream>
#include <sys/prctl.h>
#include <unistd.h>

namespace lastack::test {

namespace fs = std::filesystem;

namespace {

constexpr auto most_time = std::chrono::seconds{20};
constexpr auto database = "/usr/lib/sysimage/rpm";

bool is_left_out(const fs::path& path) {
    const auto name = path.filename().string();
    return name == "lock" || name == ".mirrors" || name.ends_with(".part") || name.ends_with(".part.journal");
}

std::map<std::string, std::string> look_at(const fs::path& top, const fs::path& without) {
    std::map<std::string, std::string> found;
    std::error_code failure;
    for (fs::recursive_directory_iterator it{top, failure}, end; !failure && it != end; it.increment(failure)) {
        const auto name = it->path().lexically_relative(top).string();
        if (it->path() == without) {
            it.disable_recursion_pending();
        } else if (it->is_symlink()) {
            found[name] = "link to " + fs::read_symlink(it->path()).string();
        } else if (it->is_regular_file() && !is_left_out(it->path())) {
            found[name] = "file " + sha256_of(content_of(it->path()));
        }
    }
    return found;
}

std::set<std::string> children_of(pid_t parent) {
    std::set<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const auto name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos) {
            continue;
        }
        const auto stat = read_file(entry.path() / "stat", 4096).value_or("");  // it may have ended by now
        const auto end_of_name = stat.rfind(')');
        char process_state = 0;
        pid_t its_parent = 0;
        if (end_of_name == std::string::npos || !(std::istringstream(stat.substr(end_of_name + 1)) >> process_state >> its_parent)) {
            continue;
        }
        if (its_parent == parent) {
            found.insert(name + " " + stat.substr(stat.find('('), end_of_name - stat.find('(') + 1));
        }
    }
    return found;
}

std::string difference(const std::map<std::string, std::string>& before, const std::map<std::string, std::string>& after) {
    std::string text;
    for (const auto& [path, content] : before) {
        const auto now = after.find(path);
        if (now == after.end()) {
            text += "gone: " + path + "\n";
        } else if (now->second != content) {
            text += "changed: " + path + "\n";
        }
    }
    for (const auto& [path, content] : after) {
        text += before.contains(path) ? "" : "new: " + path + " (" + content + ")\n";
    }
    return text;
}

}  // namespace

bool steers_a_terminal(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0;
        if ((c < 0x20 && c != '\n') || c == 0x7F || (c == 0xC2 && next >= 0x80 && next < 0xA0)) {
            return true;
        }
    }
    return false;
}

Scene::Scene() {
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);  // what lastack leaves behind becomes our child and is seen
    for (const char* name : {"root", "cache", "repos", "tmp"}) {
        fs::create_directories(directory_ / name);
    }
    directory_.write("lastack.conf", "[main]\nreposdir=" + repos_directory().string() + "\ntimeout=10\nretries=3\n");
    configure("gpgcheck=0\n");
    must_run({"rpm", "--force-debian", "--root", root().string(), "--define", std::string{"_dbpath "} + database, "--nodeps", "-i",
              build_rpm(old_target()).string()});
}

RpmSpec Scene::old_target() { return {.name = "target", .files = {{.path = "/usr/share/target", .content = "one"}}}; }

RpmSpec Scene::new_target() {
    return {.name = "target", .version = "2.0", .files = {{.path = "/usr/share/target", .content = "two"}}, .payload_size = 60'000};
}

void Scene::offer(const std::vector<Entry>& entries) {
    const auto primary = primary_xml(entries);
    offer_metadata(repomd_xml(primary, {.revision = next_revision()}), primary);
    for (const auto& entry : entries) {
        origin_.serve_file("/repo/" + href_of(entry), entry.bytes);
    }
}

void Scene::offer_metadata(std::string repomd, std::string primary) {
    origin_.serve_file("/repo/repodata/repomd.xml", std::move(repomd));
    origin_.serve_file("/repo/repodata/primary.xml", std::move(primary));
}

void Scene::offer_and_cache(const std::vector<Entry>& entries) {
    offer(entries);
    expect_done(lastack({"makecache"}));
}

void Scene::cache_old_generation() { offer_and_cache({entry_of(old_target())}); }

void Scene::configure(std::string_view lines, std::string_view baseurl) {
    directory_.write("repos/repo.repo", "[repo]\nname=A repository\nbaseurl=" + (baseurl.empty() ? repo_url() : std::string{baseurl}) +
                                            "\n" + std::string{lines});
}

std::vector<std::string> Scene::command(const std::vector<std::string>& arguments) const {
    std::vector<std::string> all = {
        LASTACK_BUILD_DIR "/lastack",           "-c", (directory_ / "lastack.conf").string(), "--installroot", root().string(),
        "--setopt=cachedir=" + cache().string()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

Outcome Scene::run_command_line(const std::vector<std::string>& arguments) {
    Outcome outcome{.before = state()};
    const auto children_before = children_of(::getpid());
    const auto begun = std::chrono::steady_clock::now();
    outcome.process =
        run({.arguments = arguments,
             .environment = {{"TMPDIR", (directory_ / "tmp").string()}},
             .unset = {"LASTACK_DEBUG", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}});
    outcome.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
    outcome.after = state();
    std::ranges::set_difference(children_of(::getpid()), children_before, std::back_inserter(outcome.left_running));
    for (const auto& entry : fs::directory_iterator(directory_ / "tmp")) {
        outcome.left_files.push_back(entry.path().filename().string());
    }
    return outcome;
}

Outcome Scene::update(const std::vector<std::string>& options) {
    std::vector<std::string> arguments = {"-y", "update"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return lastack(arguments);
}

Outcome Scene::update_metadata_too(std::vector<std::string> options) {
    options.emplace_back("--refresh");
    return update(options);
}

State Scene::state() const {
    const auto rpm_database = root() / std::string_view{database}.substr(1);
    return {.root = look_at(root(), rpm_database),
            .cache = look_at(cache(), {}),
            .rpms = run_command({"rpm", "--root", root().string(), "--define", std::string{"_dbpath "} + database, "-qa", "--qf",
                                 "%{nevra} %{installtid}\n"})
                        .output};
}

std::uint64_t Scene::cache_size() const {
    std::uint64_t size = 0;
    for (const auto& entry : fs::recursive_directory_iterator(cache())) {
        size += entry.is_regular_file() ? entry.file_size() : 0;
    }
    return size;
}

void Scene::expect_clean_ending(const Outcome& outcome) {
    EXPECT_FALSE(outcome.process.timed_out);
    EXPECT_EQ(outcome.process.signal, 0);
    EXPECT_LT(outcome.took, most_time);
    EXPECT_THAT(outcome.left_running, testing::IsEmpty());
    EXPECT_THAT(outcome.left_files, testing::IsEmpty());
    EXPECT_FALSE(steers_a_terminal(outcome.all())) << outcome.all();
    EXPECT_THAT(outcome.process.err, Not(HasSubstr("internal error")));
}

void Scene::expect_failed(const Outcome& outcome, const std::vector<std::string>& words) {
    SCOPED_TRACE("output:\n" + outcome.all());
    expect_clean_ending(outcome);
    EXPECT_EQ(outcome.process.status, 1);
    EXPECT_THAT(outcome.process.err, testing::AnyOf(HasSubstr("Error: "), HasSubstr("Error downloading packages:\n")));
    for (const auto& each : words) {
        EXPECT_THAT(outcome.process.err, HasSubstr(each));
    }
}

void Scene::expect_refused(const Outcome& outcome, const std::vector<std::string>& words) {
    expect_failed(outcome, words);
    EXPECT_EQ(outcome.before.rpms, outcome.after.rpms);
    EXPECT_EQ(difference(outcome.before.root, outcome.after.root), "");
    EXPECT_EQ(difference(outcome.before.cache, outcome.after.cache), "");
}

void Scene::expect_done(const Outcome& outcome) {
    SCOPED_TRACE("output:\n" + outcome.all());
    expect_clean_ending(outcome);
    EXPECT_EQ(outcome.process.status, 0);
}

void Scene::expect_cached_generation_works(const std::string& offered) {
    const auto asked = origin_.requests().size();
    const auto listed = lastack({"list", "all"});
    expect_done(listed);
    EXPECT_THAT(listed.process.out, HasSubstr(offered));
    EXPECT_EQ(origin_.requests().size(), asked) << "the server was asked";
}

}  // namespace lastack::test
