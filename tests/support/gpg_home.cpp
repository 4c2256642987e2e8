#include "support/gpg_home.hpp"

#include "support/run_command.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace lastack::test {

namespace fs = std::filesystem;

namespace {

std::string user_id(const std::string& name) { return name + " <" + name + "@lastack.test>"; }

std::vector<std::string> at(const std::string& time) {
    return time.empty() ? std::vector<std::string>{} : std::vector<std::string>{"--faked-system-time", time + "!"};
}

}  // namespace

GpgHome::GpgHome() { fs::permissions(directory_.path(), fs::perms::owner_all); }

GpgHome::~GpgHome() { (void)run_command({"gpgconf", "--homedir", directory_.path().string(), "--kill", "all"}); }

std::string GpgHome::run(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{"/usr/bin/gpg", "--homedir", directory_.path().string(), "--batch",
                                     "--quiet",      "--no-tty",  "--pinentry-mode",          "loopback",
                                     "--passphrase", ""};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return must_run(command);
}

std::string GpgHome::make_key(const std::string& name, const std::string& algorithm, const std::string& usage, const std::string& expire,
                              const std::string& made_at) const {
    auto arguments = at(made_at);
    arguments.insert(arguments.end(), {"--quick-generate-key", user_id(name), algorithm, usage, expire});
    run(arguments);
    const auto listing = run({"--with-colons", "--list-keys", "=" + user_id(name)});
    const auto line = listing.find("\nfpr:");
    if (line == std::string::npos) {
        throw std::runtime_error("gpg lists no fingerprint of " + name);
    }
    const auto begin = listing.find_first_not_of(':', line + 5);
    std::string fingerprint = listing.substr(begin, listing.find(':', begin) - begin);
    std::ranges::transform(fingerprint, fingerprint.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return fingerprint;
}

void GpgHome::revoke(const std::string& fingerprint) const {
    std::string upper = fingerprint;
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    std::ifstream prepared(directory_.path() / "openpgp-revocs.d" / (upper + ".rev"));
    std::string text{std::istreambuf_iterator<char>(prepared), {}};
    text.replace(text.find(":-----BEGIN"), 1, "");  // the colon keeps it from being used by accident
    std::ofstream(scratch("revocation")) << text;
    run({"--import", scratch("revocation").string()});
}

std::string GpgHome::armoured(const std::string& fingerprint) const { return run({"--armor", "--export", fingerprint}); }

std::string GpgHome::sign(const std::string& fingerprint, std::string_view data, const std::vector<std::string>& options) const {
    std::ofstream(scratch("data"), std::ios::binary) << data;
    const auto signature = scratch("data.asc");  // the standard output may hold warnings too
    fs::remove(signature);
    auto arguments = options;
    arguments.insert(arguments.end(),
                     {"--local-user", fingerprint, "--armor", "--output", signature.string(), "--detach-sign", scratch("data").string()});
    run(arguments);
    std::ifstream file(signature, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void GpgHome::take_signing_away(const std::string& fingerprint) const {
    std::ofstream(scratch("commands")) << "change-usage\nS\nQ\nsave\n";
    must_run({"/usr/bin/gpg", "--homedir", directory_.path().string(), "--no-tty", "--expert", "--pinentry-mode", "loopback",
              "--passphrase", "", "--command-file", scratch("commands").string(), "--edit-key", fingerprint});
}

}  // namespace lastack::test
