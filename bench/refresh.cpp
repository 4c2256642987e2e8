// Ten repositories on ten servers, and on one, each answer 50 ms late: what does a refresh take when all is new, and when nothing is?
//
//   bench_refresh [--check] [PROGRAM]     the program itself is timed (default: lastack beside this one); it needs no network but loopback
//
// With --check a missed goal makes the status 1: at most two round trips when nothing is new; at most one connection to each of ten
// servers.
#include "base/digest_stream.hpp"
#include "support/process.hpp"
#include "support/scripted_origin.hpp"
#include "support/temp_directory.hpp"

#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace lastack;
using namespace std::chrono_literals;

constexpr int count = 10;
constexpr auto late = 50ms;

std::string repomd_of(const std::string& primary) {
    return "<repomd><revision>1</revision><data type=\"primary\"><checksum type=\"sha256\">" +
           digest_of(DigestAlgorithm::sha256, primary).hex + "</checksum><location href=\"repodata/primary.xml\"/></data></repomd>";
}

test::Responder answer(std::string body) {
    return [body = std::move(body)](const test::SeenRequest& request) {
        test::Reply reply{.headers = {{"ETag", "\"1\""}}, .body = body, .before = {test::Delay{late}}};
        if (request.has("If-None-Match")) {
            reply.status = 304;
            reply.body.clear();
        }
        return reply;
    };
}

void serve(test::ScriptedOrigin& server, int number) {
    const std::string path = "/" + std::to_string(number);
    const std::string primary = "<?xml version=\"1.0\"?><metadata xmlns=\"http://linux.duke.edu/metadata/common\" packages=\"0\"><!-- " +
                                std::to_string(number) + " --></metadata>";
    server.on(test::When{.path = path + "/repodata/repomd.xml"}, answer(repomd_of(primary)));
    server.on(test::When{.path = path + "/repodata/primary.xml"}, answer(primary));
}

double seconds_of(const std::vector<std::string>& command) {
    const auto begun = std::chrono::steady_clock::now();
    const auto result = test::run({.arguments = command});
    if (result.status != 0) {
        std::fprintf(stderr, "%s%s", result.out.c_str(), result.err.c_str());
        std::exit(1);
    }
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

constexpr double most_rounds = 2;

bool measure(const std::string& program, int hosts) {
    test::TempDirectory directory{"lastack-bench-refresh"};
    std::deque<test::ScriptedOrigin> servers(static_cast<std::size_t>(hosts));
    std::filesystem::create_directories(directory / "root");
    for (int i = 0; i < count; ++i) {
        test::ScriptedOrigin& server = servers[static_cast<std::size_t>(i % hosts)];
        serve(server, i);
        const std::string id = "r" + std::to_string(i);
        directory.write("repos/" + id + ".repo", "[" + id + "]\nname=x\ngpgcheck=0\nbaseurl=" + server.url("/" + std::to_string(i)) + "\n");
    }
    directory.write("lastack.conf", "[main]\nreposdir=" + (directory / "repos").string() + "\n");
    std::vector<std::string> command{program,
                                     "-q",
                                     "-c",
                                     (directory / "lastack.conf").string(),
                                     "--installroot",
                                     (directory / "root").string(),
                                     "--setopt=cachedir=" + (directory / "cache").string(),
                                     "makecache"};
    const double start = seconds_of({program, "help"});
    const double cold = seconds_of(command);
    int opened = 0;
    for (const test::ScriptedOrigin& server : servers) {
        opened = std::max(opened, server.accepted());
    }
    double unchanged = seconds_of(command);
    for (int i = 0; i < 4; ++i) {
        unchanged = std::min(unchanged, seconds_of(command));
    }
    const auto rounds = [start](double seconds) { return (seconds - start) / std::chrono::duration<double>(late).count(); };
    std::printf(
        "%2d hosts: cold %.3f s (%.1f round trips, at most %d connections to a host), unchanged %.3f s (%.1f round trips), start %.3f s\n",
        hosts, cold, rounds(cold), opened, unchanged, rounds(unchanged), start);
    return rounds(unchanged) <= most_rounds && opened <= count / hosts;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> arguments(argv + 1, argv + argc);
    const bool check = std::erase(arguments, "--check") > 0;
    const std::string program = arguments.empty() ? LASTACK_BUILD_DIR "/lastack" : arguments.front();
    const bool ten = measure(program, count);
    const bool one = measure(program, 1);
    return check && !(ten && one) ? 1 : 0;
}
