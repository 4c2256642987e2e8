// Real rpms for tests, built by rpmbuild from a small description, signed by keys of the build directory. Each description is built once
// per build directory (LASTACK_BUILD_DIR/test-rpms, named by content) and only read afterwards; several test programs may ask at the same
// time.
//
//   const auto rpm = build_rpm({.name = "foo", .requires_ = {"bar >= 2"}, .files = {{.path = "/usr/share/foo", .content = "x"}}});
//   const auto signed_rpm = build_rpm({.name = "foo", .signed_by = "vendor"});
//   const auto key = signing_key("vendor").armoured;   // what a .repo file's gpgkey= would serve
//
// All functions throw std::runtime_error with the tool's output when rpmbuild, gpg or rpmsign fails: a test then fails with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

struct RpmFile {
    std::string path;     // absolute, as installed
    std::string content;  // of a regular file
    unsigned mode = 0644;
    std::string link_to{};  // not empty: a symbolic link with this target instead of a file
    std::string copy_of{};  // not empty: the content comes from this file of the host (for example /bin/busybox)
    bool config = false;    // %config(noreplace)
};

struct RpmScriptlet {
    std::string section;  // "%post", "%preun -p <lua>", "%triggerin -p <lua> -- other"
    std::string body;
};

struct RpmSpec {
    std::string name;
    std::string version = "1.0";
    std::string release = "1";
    std::string epoch{};  // empty: none
    std::string arch = "noarch";
    std::vector<std::string> requires_{};
    std::vector<std::string> provides{};
    std::vector<std::string> conflicts{};
    std::vector<std::string> obsoletes{};
    std::vector<RpmFile> files{};
    std::vector<RpmScriptlet> scriptlets{};
    std::uint64_t payload_size = 0;  // bytes that do not compress, in /usr/share/<name>.payload
    std::string summary = "A package of the tests";
    std::string description = "Built by lastack's tests.";
    std::string signed_by{};  // name of a key, made when first asked for; empty: not signed
};

// The built file, named name-version-release.arch.rpm. Read it or copy it; never write to it.
[[nodiscard]] std::filesystem::path build_rpm(const RpmSpec& spec);

// The same for many, in order. Far cheaper than one by one: what is missing is built together.
[[nodiscard]] std::vector<std::filesystem::path> build_rpms(const std::vector<RpmSpec>& specs);

// The source rpm of one package, unsigned.
[[nodiscard]] std::filesystem::path build_source_rpm(const RpmSpec& spec);

// A static busybox with /bin/sh and the applets scriptlets use: what a root needs before a shell scriptlet can run in it.
[[nodiscard]] RpmSpec shell_package();

struct SigningKey {
    std::filesystem::path armoured;  // file with the public key block
    std::string key_id;              // 16 hex digits, lower case, of the primary key (which signs)
    std::string fingerprint;         // 40 hex digits, lower case
    std::string user_id;             // "lastack test <name> <name@lastack.test>"
};

// RSA 2048, without passphrase and without end; generated when first asked for in this build directory.
[[nodiscard]] SigningKey signing_key(std::string_view name);

// Detached armoured signature of a file by such a key (for repomd.xml.asc).
[[nodiscard]] std::string detached_signature(const std::filesystem::path& file, std::string_view key_name);

}  // namespace lastack::test
