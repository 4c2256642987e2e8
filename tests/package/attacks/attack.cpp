#include "package/attacks/attack.hpp"

#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>

namespace lastack::test {

namespace fs = std::filesystem;

namespace {

constexpr auto database = "_dbpath /usr/lib/sysimage/rpm";

std::string content(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> rpm(const fs::path& root) { return {"rpm", "--force-debian", "--root", root.string(), "--define", database}; }

std::string last_line(std::string text) {
    text.erase(text.find_last_not_of('\n') + 1);
    return text.substr(text.rfind('\n') + 1);
}

}  // namespace

Attack::Attack() {
    for (const char* name : {"root", "repos"}) {
        fs::create_directories(directory_ / name);
    }
    directory_.write("lastack.conf", "[main]\nreposdir=" + (directory_ / "repos").string() + "\n");
    configure(origin_.url("/repo"));
    auto install = rpm(directory_ / "root");
    install.insert(install.end(), {"--nodeps", "-i", build_rpm(target("1.0")).string()});
    must_run(install);
}

RpmSpec Attack::target(const std::string& version, const std::string& signed_by) {
    return {.name = "target", .version = version, .files = {{.path = "/usr/share/target", .content = version}}, .signed_by = signed_by};
}

std::int64_t Attack::now() { return std::time(nullptr); }

fs::path Attack::generation(const std::vector<RpmSpec>& packages, std::int64_t revision) {
    const auto directory = directory_ / ("generation" + std::to_string(++generations_));
    create_repository(directory, build_rpms(packages),
                      {.extra_arguments = {"--revision", std::to_string(revision), "--set-timestamp-to-revision"}});
    return directory;
}

void Attack::serve(const fs::path& generation, const std::string& place) {
    for (const auto& entry : fs::recursive_directory_iterator(generation)) {
        if (entry.is_regular_file()) {
            origin_.serve_file("/" + place + "/" + entry.path().lexically_relative(generation).string(), content(entry.path()));
        }
    }
}

fs::path Attack::only_file(const fs::path& generation, const std::string& ending) const {
    for (const auto& entry : fs::recursive_directory_iterator(generation)) {
        if (entry.path().string().ends_with(ending)) {
            return entry.path().lexically_relative(generation);
        }
    }
    throw std::runtime_error("no file ends in " + ending);
}

void Attack::rewrite_primary(const fs::path& generation, const std::string& python) const {
    const std::string script =
        "import gzip, hashlib, re, sys\n"
        "p, r = sys.argv[1:]\n"
        "x = gzip.open(p).read().decode()\n" +
        python +
        "x = x.encode()\n"
        "z = gzip.compress(x)\n"
        "open(p, 'wb').write(z)\n"
        "def fit(m):\n"
        "  t = m.group(0)\n"
        "  for tag, b in (('checksum type=\"sha256\"', z), ('open-checksum type=\"sha256\"', x)):\n"
        "    t = re.sub('<' + tag + '>[0-9a-f]+', '<' + tag + '>' + hashlib.sha256(b).hexdigest(), t)\n"
        "  t = re.sub('<size>[0-9]+', '<size>%d' % len(z), t)\n"
        "  return re.sub('<open-size>[0-9]+', '<open-size>%d' % len(x), t)\n"
        "t = re.sub('<data type=\"primary\">.*?</data>', fit, open(r).read(), flags=re.S)\n"
        "open(r, 'w').write(t)\n";
    must_run({"python3", "-c", script, (generation / only_file(generation, "primary.xml.gz")).string(),
              (generation / "repodata/repomd.xml").string()});
}

void Attack::configure(const std::string& baseurl, const std::string& lines, const std::string& id) {
    const std::string key = lines.contains("gpgkey=") ? "" : "gpgkey=file://" + signing_key("vendor").armoured.string() + "\n";
    directory_.write("repos/" + id + ".repo", "[" + id + "]\nname=" + id + "\nbaseurl=" + baseurl + "\n" + key + lines);
}

ProcessResult Attack::lastack(const std::vector<std::string>& arguments) {
    std::vector<std::string> command{
        LASTACK_BUILD_DIR "/lastack",           "-c",
        (directory_ / "lastack.conf").string(), "--installroot",
        (directory_ / "root").string(),         "--setopt=cachedir=" + (directory_ / "root/var/cache/lastack").string()};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return run({.arguments = command,
                .unset = {"LASTACK_DEBUG", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}});
}

ProcessResult Attack::update() { return lastack({"-y", "--setopt=metadata_expire=0", "update"}); }

std::string Attack::installed() const {
    auto query = rpm(directory_ / "root");
    query.insert(query.end(), {"-qa", "--qf", "%{name}-%{version} "});
    std::string text = must_run(query);
    for (auto key = text.find("gpg-pubkey-"); key != std::string::npos; key = text.find("gpg-pubkey-")) {
        text.erase(key, text.find(' ', key) + 1 - key);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

void Attack::show_peers(const std::string& what) {
    const std::string test = testing::UnitTest::GetInstance()->current_test_info()->name();
    const auto root = directory_ / "peer";  // lives as long as the test: what a peer has seen, it may remember
    fs::create_directories(root / "etc/zypp/repos.d");
    fs::create_directories(root / "etc/yum.repos.d");
    for (const auto& entry : fs::directory_iterator(directory_ / "repos")) {
        const auto name = entry.path().filename();
        const auto text = content(entry.path());
        std::ofstream(root / "etc/zypp/repos.d" / name) << text << "enabled=1\nautorefresh=1\nrepo_gpgcheck=0\npkg_gpgcheck=1\n";
        std::ofstream(root / "etc/yum.repos.d" / name) << text << "gpgcheck=1\nmetadata_expire=0\n";
    }
    const struct {
        const char* program;
        std::vector<std::string> command;
    } peers[] = {{"/usr/bin/zypper", {"zypper", "--root", root.string(), "-n", "--gpg-auto-import-keys", "install", what}},
                 {"/usr/bin/dnf",
                  {"dnf", "-y", "--installroot", root.string(), "--setopt=reposdir=" + (root / "etc/yum.repos.d").string(),
                   "--releasever=1", "install", what}}};
    for (const auto& [program, command] : peers) {
        if (!fs::exists(program)) {
            std::cout << "[  PEER  ] " << test << ": " << program << " is not installed\n";
            continue;
        }
        std::vector<std::string> limited{"timeout", "20"};
        limited.insert(limited.end(), command.begin(), command.end());
        const auto result = run_command(limited);
        const bool there = fs::exists(root / "usr/share/target");
        std::cout << "[  PEER  ] " << test << ": " << program << " ended with " << result.status << (there ? ", installed it: " : ": ")
                  << last_line(result.output) << "\n";
    }
}

}  // namespace lastack::test
