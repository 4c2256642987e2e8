#include "support/signing_key.hpp"

#include "support/rpm_builder.hpp"
#include "support/run_command.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::test {

namespace fs = std::filesystem;

namespace {

std::string user_id(std::string_view name) { return "lastack test " + std::string(name) + " <" + std::string(name) + "@lastack.test>"; }

fs::path home_of(std::string_view name) { return store_directory() / ("gnupg-" + std::string(name)); }

std::vector<std::string> gpg(const fs::path& home) {
    return {"/usr/bin/gpg", "--homedir",       home.string(), "--batch",      "--quiet",
            "--no-tty",     "--pinentry-mode", "loopback",    "--passphrase", ""};
}

std::string run_gpg(const fs::path& home, const std::vector<std::string>& arguments) {
    auto command = gpg(home);
    command.insert(command.end(), arguments.begin(), arguments.end());
    return must_run(command);
}

// gpg leaves an agent behind that would outlive the test.
void end_agent(const fs::path& home) { (void)run_command({"gpgconf", "--homedir", home.string(), "--kill", "all"}); }

std::string fingerprint_in(std::string_view listing) {
    const auto line = listing.find("\nfpr:");
    if (line == std::string_view::npos) {
        throw std::runtime_error("gpg lists no fingerprint");
    }
    const auto begin = listing.find_first_not_of(':', line + 5);
    std::string fingerprint(listing.substr(begin, listing.find(':', begin) - begin));
    std::ranges::transform(fingerprint, fingerprint.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return fingerprint;
}

// Made beside its final name, so that a half generated key is never used.
void make_key(std::string_view name) {
    const auto home = home_of(name);
    if (fs::exists(home)) {
        return;
    }
    const auto staged = fs::path(home.string() + ".new");
    fs::remove_all(staged);
    fs::create_directories(staged);
    fs::permissions(staged, fs::perms::owner_all);
    run_gpg(staged, {"--quick-generate-key", user_id(name), "rsa2048", "sign", "never"});
    std::ofstream(staged / "key.asc") << run_gpg(staged, {"--armor", "--export"});
    std::ofstream(staged / "fingerprint") << fingerprint_in(run_gpg(staged, {"--with-colons", "--list-keys"}));
    end_agent(staged);
    fs::rename(staged, home);
}

}  // namespace

SigningKey signing_key(std::string_view name) {
    const auto home = home_of(name);
    if (!fs::exists(home)) {
        const auto lock = lock_store();
        make_key(name);
    }
    SigningKey key{.armoured = home / "key.asc", .key_id = {}, .fingerprint = {}, .user_id = user_id(name)};
    std::ifstream(home / "fingerprint") >> key.fingerprint;
    key.key_id = key.fingerprint.substr(key.fingerprint.size() - 16);
    return key;
}

void sign_rpms(const std::vector<fs::path>& rpms, std::string_view key_name) {
    make_key(key_name);
    const auto home = home_of(key_name);
    std::vector<std::string> command = {"rpmsign",  "--addsign",
                                        "--define", "__gpg /usr/bin/gpg",
                                        "--define", "_gpg_path " + home.string(),
                                        "--define", "_gpg_name " + user_id(key_name)};
    for (const auto& rpm : rpms) {
        command.push_back(rpm.string());
    }
    must_run(command);
    end_agent(home);
}

std::string detached_signature(const fs::path& file, std::string_view key_name) {
    const auto lock = lock_store();
    make_key(key_name);
    auto text = run_gpg(home_of(key_name), {"--armor", "--detach-sign", "--output", "-", file.string()});
    end_agent(home_of(key_name));
    return text;
}

}  // namespace lastack::test
