#include "scratch_root.hpp"

#include "support/run_command.hpp"

#include <algorithm>

namespace lastack::cli::test {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> rpm_command(const fs::path& root, const std::vector<std::string>& arguments) {
    std::vector<std::string> command = {"rpm", "--root", root.string(), "--define", "_dbpath /usr/lib/sysimage/rpm"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return command;
}

// Debian's rpm tells first that it should not be used directly.
std::vector<std::string> sorted_lines(const std::string& text) {
    std::vector<std::string> lines;
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        if (const auto line = text.substr(begin, end - begin); !line.empty() && !line.starts_with("rpm: ")) {
            lines.push_back(line);
        }
        begin = end + 1;
    }
    std::ranges::sort(lines);
    return lines;
}

}  // namespace

ScratchRoot::ScratchRoot() {
    write_main_configuration("");
    fs::create_directories(path() / "etc/yum.repos.d");  // else those of the host would be read
    // nginx looks into it with the rights of its worker.
    fs::permissions(served(), fs::perms::group_exec | fs::perms::others_exec, fs::perm_options::add);
}

void ScratchRoot::add_repository(const NginxServer& server, const std::string& id, const Specs& packages, const std::string& options,
                                 const RepositoryOptions& layout) const {
    publish(id, packages, layout);
    write_repo_file(id, "[" + id + "]\nname=" + id + "\nbaseurl=" + server.url("/" + id) + "\n" + options);
}

void ScratchRoot::publish(const std::string& id, const Specs& packages, const RepositoryOptions& layout) const {
    lastack::test::create_repository(served() / id, lastack::test::build_rpms(packages), layout);
}

void ScratchRoot::write_repo_file(const std::string& id, const std::string& text) const {
    root_.write("etc/yum.repos.d/" + id + ".repo", text);
}

void ScratchRoot::write_main_configuration(const std::string& options) const {
    root_.write("etc/lastack/lastack.conf", "[main]\n" + options);
}

void ScratchRoot::install(const Specs& packages) const {
    auto command = rpm_command(path(), {"--force-debian", "--nosignature", "--nodeps", "-U"});
    for (const auto& package : lastack::test::build_rpms(packages)) {
        command.push_back(package.string());
    }
    lastack::test::must_run(command);
}

std::vector<std::string> ScratchRoot::installed() const {
    auto lines = sorted_lines(lastack::test::must_run(rpm_command(path(), {"-qa", "--qf", "%{name}-%{version}-%{release}\n"})));
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("gpg-pubkey-"); });
    return lines;
}

std::vector<std::string> ScratchRoot::keys() const {
    return sorted_lines(lastack::test::must_run(rpm_command(path(), {"-qa", "gpg-pubkey", "--qf", "%{packager}\n"})));
}

std::vector<fs::path> ScratchRoot::cached(std::string_view ending) const {
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::recursive_directory_iterator each(cache(), error), end; !error && each != end; each.increment(error)) {
        if (each->path().string().ends_with(ending)) {
            found.push_back(each->path());
        }
    }
    return found;
}

ProcessOptions ScratchRoot::command(const std::vector<std::string>& arguments) const {
    ProcessOptions options{
        .arguments = {LASTACK_BUILD_DIR "/lastack", "--installroot=" + path().string()},
        .environment = {{"LC_ALL", "C.UTF-8"}},
        .unset = {"LASTACK_DEBUG", "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"}};
    options.arguments.insert(options.arguments.end(), arguments.begin(), arguments.end());
    return options;
}

ProcessResult ScratchRoot::lastack(const std::vector<std::string>& arguments, const std::optional<std::string>& input) const {
    auto options = command(arguments);
    if (input) {
        options.stdin_is = ProcessOptions::Input::text;
        options.input = *input;
    }
    return lastack::test::run(options);
}

ProcessOptions ScratchRoot::at_terminal(const std::vector<std::string>& arguments) const {
    auto options = command(arguments);
    options.stdin_is = ProcessOptions::Input::terminal;
    return options;
}

std::string told(const ProcessResult& run) {
    return "status " + (run.status ? std::to_string(*run.status) : "none, signal " + std::to_string(run.signal)) + "\n-- out\n" + run.out +
           "\n-- err\n" + run.err;
}

std::vector<NginxLogLine> requests_for(const std::vector<NginxLogLine>& log, std::string_view ending) {
    std::vector<NginxLogLine> found;
    std::ranges::copy_if(log, std::back_inserter(found),
                         [&](const NginxLogLine& line) { return line.request.ends_with(std::string(ending) + " HTTP/1.1"); });
    return found;
}

}  // namespace lastack::cli::test
