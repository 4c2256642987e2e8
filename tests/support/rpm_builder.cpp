#include "support/rpm_builder.hpp"

#include "base/digest_stream.hpp"
#include "base/file.hpp"
#include "support/run_command.hpp"
#include "support/signing_key.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <unistd.h>
#include <vector>

namespace lastack::test {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view builder_version = "4";  // part of every cache name: raise it when the way of building changes

fs::path store() { return fs::path(LASTACK_BUILD_DIR) / "test-rpms"; }

std::string file_name(const RpmSpec& spec) { return spec.name + "-" + spec.version + "-" + spec.release + "." + spec.arch + ".rpm"; }

void add_field(std::string& text, std::string_view value) {
    text += std::to_string(value.size());
    text += ':';
    text += value;
}

void add_fields(std::string& text, const std::vector<std::string>& values) {
    text += std::to_string(values.size()) + "[";
    for (const auto& value : values) {
        add_field(text, value);
    }
}

// Everything that decides what rpmbuild makes, unambiguously.
std::string fingerprint(const RpmSpec& spec) {
    std::string text(builder_version);
    for (const auto& value : {spec.name, spec.version, spec.release, spec.epoch, spec.arch, spec.summary, spec.description}) {
        add_field(text, value);
    }
    for (const auto* values : {&spec.requires_, &spec.provides, &spec.conflicts, &spec.obsoletes}) {
        add_fields(text, *values);
    }
    for (const auto& file : spec.files) {
        add_fields(text, {file.path, file.content, std::to_string(file.mode), file.link_to, file.copy_of, file.config ? "c" : ""});
    }
    for (const auto& scriptlet : spec.scriptlets) {
        add_fields(text, {scriptlet.section, scriptlet.body});
    }
    return digest_of(DigestAlgorithm::sha256, text + std::to_string(spec.payload_size)).hex.substr(0, 32);
}

fs::path unsigned_path(const RpmSpec& spec) { return store() / fingerprint(spec) / file_name(spec); }

fs::path path_of(const RpmSpec& spec) {
    return spec.signed_by.empty() ? unsigned_path(spec) : store() / (fingerprint(spec) + "-" + spec.signed_by) / file_name(spec);
}

// What is staged below the build root; payload_size becomes one more file.
std::vector<RpmFile> all_files(const RpmSpec& spec) {
    auto files = spec.files;
    if (spec.payload_size > 0) {
        std::string noise;
        noise.reserve(spec.payload_size);
        std::uint64_t state = std::hash<std::string>{}(spec.name) | 1;
        while (noise.size() < spec.payload_size) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise.push_back(static_cast<char>(state >> 24));
        }
        files.push_back({.path = "/usr/share/" + spec.name + ".payload", .content = std::move(noise)});
    }
    return files;
}

void stage_file(const RpmFile& file, const fs::path& root) {
    const auto target = root / file.path.substr(1);
    fs::create_directories(target.parent_path());
    if (!file.link_to.empty()) {
        fs::create_symlink(file.link_to, target);
    } else if (!file.copy_of.empty()) {
        fs::copy_file(file.copy_of, target);
    } else {
        std::ofstream(target, std::ios::binary) << file.content;
    }
}

void write_tags(std::string& text, const RpmSpec& spec) {
    text += "Version: " + spec.version + "\nRelease: " + spec.release + "\nSummary: " + spec.summary + "\nLicense: none\n";
    text += spec.epoch.empty() ? "" : "Epoch: " + spec.epoch + "\n";
    const auto list = [&text](std::string_view tag, const std::vector<std::string>& values) {
        for (const auto& value : values) {
            text += std::string(tag) + ": " + value + "\n";
        }
    };
    list("Requires", spec.requires_);
    list("Provides", spec.provides);
    list("Conflicts", spec.conflicts);
    list("Obsoletes", spec.obsoletes);
    text += "AutoReqProv: no\n";
}

std::string scriptlet_header(const RpmScriptlet& scriptlet, const std::string& package) {
    const auto space = scriptlet.section.find(' ');
    const auto section = scriptlet.section.substr(0, space);
    const auto rest = space == std::string::npos ? "" : scriptlet.section.substr(space);
    return section + " -n " + package + rest + "\n";
}

void write_package(std::string& text, const RpmSpec& spec) {
    text += "\n%package -n " + spec.name + "\n";
    write_tags(text, spec);
    text += "\n%description -n " + spec.name + "\n" + spec.description + "\n";
    for (const auto& scriptlet : spec.scriptlets) {
        text += "\n" + scriptlet_header(scriptlet, spec.name) + scriptlet.body + "\n";
    }
    text += "\n%files -n " + spec.name + "\n";
    for (const auto& file : all_files(spec)) {
        std::string mode;
        for (int shift = 9; shift >= 0; shift -= 3) {
            mode += static_cast<char>('0' + ((file.mode >> shift) & 7));
        }
        text += (file.config ? "%config(noreplace) " : "") + (file.link_to.empty() ? "%attr(" + mode + ", root, root) " : std::string()) +
                "\"" + file.path + "\"\n";
    }
}

constexpr std::string_view preamble = R"(%define debug_package %{nil}
%define __os_install_post %{nil}
%define _build_id_links none
%define _binaries_in_noarch_packages_terminate_build 0
%define _binary_payload w1.gzdio
%define _source_payload w1.gzdio
)";

// One spec file whose subpackages are the wanted ones: rpmbuild's start costs more than a small package.
void build_together(const std::vector<const RpmSpec*>& specs, const fs::path& work) {
    fs::remove_all(work);
    fs::create_directories(work / "staged");
    std::string text(preamble);
    text += "Name: lastack-test-batch\nVersion: 1\nRelease: 1\nSummary: batch\nLicense: none\n";
    text += "BuildArch: " + specs.front()->arch + "\n%description\nbatch\n";
    for (const auto* spec : specs) {
        write_package(text, *spec);
        for (const auto& file : all_files(*spec)) {
            stage_file(file, work / "staged");
        }
    }
    text += "\n%install\nmkdir -p %{buildroot}\ncp -a " + (work / "staged").string() + "/. %{buildroot}/\n";
    std::ofstream(work / "batch.spec") << text;
    must_run({"rpmbuild", "-bb", "--quiet", "--define", "_topdir " + work.string(), "--define", "_rpmdir " + (work / "out").string(),
              "--define", "_build_name_fmt %%{NAME}-%%{VERSION}-%%{RELEASE}.%%{ARCH}.rpm", "--target", specs.front()->arch,
              (work / "batch.spec").string()});
    for (const auto* spec : specs) {
        fs::create_directories(unsigned_path(*spec).parent_path());
        fs::rename(work / "out" / file_name(*spec), unsigned_path(*spec));
    }
    fs::remove_all(work);
}

// Subpackages of one spec file must differ in name and share one architecture and one build root.
bool fits(const RpmSpec& spec, const std::vector<const RpmSpec*>& batch, const std::set<std::string>& taken) {
    return batch.empty() || (batch.front()->arch == spec.arch && !taken.contains(spec.name) &&
                             std::ranges::none_of(spec.files, [&](const RpmFile& file) { return taken.contains(file.path); }));
}

void build_missing(std::vector<const RpmSpec*> missing) {
    const auto work = store() / ("work-" + std::to_string(::getpid()));
    while (!missing.empty()) {
        std::vector<const RpmSpec*> batch;
        std::vector<const RpmSpec*> left;
        std::set<std::string> taken;
        for (const auto* spec : missing) {
            if (fs::exists(unsigned_path(*spec))) {
                continue;
            }
            if (!fits(*spec, batch, taken)) {
                left.push_back(spec);
                continue;
            }
            batch.push_back(spec);
            taken.insert(spec->name);
            for (const auto& file : spec->files) {
                taken.insert(file.path);
            }
        }
        if (!batch.empty()) {
            build_together(batch, work);
        }
        missing = std::move(left);
    }
}

void sign_missing(const std::vector<const RpmSpec*>& specs) {
    std::set<std::string> keys;
    for (const auto* spec : specs) {
        keys.insert(spec->signed_by);
    }
    for (const auto& key : keys) {
        std::vector<const RpmSpec*> chosen;
        std::vector<fs::path> copies;
        for (const auto* spec : specs) {
            if (spec->signed_by == key && !key.empty() && !fs::exists(path_of(*spec))) {
                chosen.push_back(spec);
                copies.push_back(store() / ("signing-" + std::to_string(::getpid()) + "-" + std::to_string(copies.size()) + ".rpm"));
                fs::copy_file(unsigned_path(*spec), copies.back(), fs::copy_options::overwrite_existing);
            }
        }
        if (!chosen.empty()) {
            sign_rpms(copies, key);
        }
        for (std::size_t i = 0; i < chosen.size(); ++i) {
            fs::create_directories(path_of(*chosen[i]).parent_path());
            fs::rename(copies[i], path_of(*chosen[i]));
        }
    }
}

}  // namespace

FileDescriptor lock_store() {
    fs::create_directories(store());
    FileDescriptor lock(::open((store() / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock.valid() || ::flock(lock.get(), LOCK_EX) != 0) {
        throw std::runtime_error("cannot lock " + store().string());
    }
    return lock;
}

fs::path store_directory() { return store(); }

std::vector<fs::path> build_rpms(const std::vector<RpmSpec>& specs) {
    std::vector<fs::path> paths;
    std::vector<const RpmSpec*> missing;
    for (const auto& spec : specs) {
        paths.push_back(path_of(spec));
        if (!fs::exists(paths.back())) {
            missing.push_back(&spec);
        }
    }
    if (!missing.empty()) {
        const auto lock = lock_store();
        build_missing(missing);
        sign_missing(missing);
    }
    return paths;
}

fs::path build_rpm(const RpmSpec& spec) { return build_rpms({spec}).front(); }

fs::path build_source_rpm(const RpmSpec& spec) {
    const auto path = store() / (fingerprint(spec) + "-src") / (spec.name + "-" + spec.version + "-" + spec.release + ".src.rpm");
    const auto lock = lock_store();
    if (fs::exists(path)) {
        return path;
    }
    const auto work = store() / ("work-" + std::to_string(::getpid()));
    fs::create_directories(work);
    std::string text = std::string(preamble) + "Name: " + spec.name + "\n";
    write_tags(text, spec);
    text += "BuildArch: " + spec.arch + "\n%description\n" + spec.description + "\n%files\n";
    std::ofstream(work / (spec.name + ".spec")) << text;
    must_run({"rpmbuild", "-bs", "--quiet", "--define", "_topdir " + work.string(), "--define", "_srcrpmdir " + work.string(),
              (work / (spec.name + ".spec")).string()});
    fs::create_directories(path.parent_path());
    fs::rename(work / path.filename(), path);
    fs::remove_all(work);
    return path;
}

RpmSpec shell_package() {
    RpmSpec spec{.name = "lastack-test-shell", .provides = {"/bin/sh"}, .summary = "A shell for scriptlets"};
    spec.files.push_back({.path = "/bin/busybox", .content = "", .mode = 0755, .copy_of = "/bin/busybox"});
    for (const std::string applet : {"sh", "cat", "echo", "sleep", "ls", "kill", "yes", "head", "dd", "env", "readlink", "seq", "touch"}) {
        spec.files.push_back({.path = "/bin/" + applet, .content = "", .link_to = "busybox"});
    }
    return spec;
}

}  // namespace lastack::test
