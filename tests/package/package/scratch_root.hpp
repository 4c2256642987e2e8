// A root in a temporary directory and transactions on it, as a test wants to write them.
#pragma once

#include "package/transaction.hpp"
#include "recorder.hpp"
#include "support/rpm_builder.hpp"
#include "support/run_command.hpp"
#include "support/temp_directory.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::package::test {

using lastack::test::RpmSpec;

inline Nevra nevra_of(const RpmSpec& spec) {
    return {.name = spec.name,
            .epoch = spec.epoch.empty() ? "0" : spec.epoch,
            .version = spec.version,
            .release = spec.release,
            .arch = spec.arch};
}

// What a transaction with this package says about it; signatures are checked when the package is signed.
inline IncomingPackage incoming(const RpmSpec& spec, bool update = false) {
    return {
        .file = lastack::test::build_rpm(spec), .announced = nevra_of(spec), .update = update, .check_signature = !spec.signed_by.empty()};
}

inline std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

class ScratchRoot {
public:
    [[nodiscard]] const std::filesystem::path& path() const { return directory_.path(); }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path() / name; }

    [[nodiscard]] TransactionSpec spec(std::vector<IncomingPackage> packages, std::vector<std::int64_t> remove = {}) const {
        return {.installroot = path(),
                .incoming = std::move(packages),
                .remove = std::move(remove),
                .program = std::filesystem::path(LASTACK_BUILD_DIR) / "lastack-transact"};
    }

    // Installs without looking: the state a test starts from.
    void install(const std::vector<RpmSpec>& specs) {
        std::vector<IncomingPackage> packages;
        for (const auto& one : specs) {
            packages.push_back(incoming(one));
        }
        auto transaction = Transaction::open(spec(std::move(packages)));
        Recorder ignored;
        if (!transaction || !transaction->run(ignored)) {
            throw std::runtime_error("cannot prepare the root");
        }
    }

    // name-version-release of everything installed but keys, sorted, by rpm itself.
    [[nodiscard]] std::vector<std::string> installed() const { return query("%{name}-%{version}-%{release}\n", {"-a"}); }

    [[nodiscard]] std::int64_t number_of(const std::string& name) const { return std::stoll(query("%{dbinstance}\n", {name}).at(0)); }

    // Every path below the root but the database, with size and time of change: equal lists mean nothing was touched.
    [[nodiscard]] std::vector<std::string> files() const {
        std::vector<std::string> lines;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path())) {
            const auto name = entry.path().lexically_relative(path()).string();
            if (!name.starts_with("usr/lib/sysimage") && name != "usr" && name != "usr/lib") {
                lines.push_back(name + (entry.is_regular_file() ? " " + content_of(entry.path()) : ""));
            }
        }
        std::sort(lines.begin(), lines.end());
        return lines;
    }

private:
    [[nodiscard]] std::vector<std::string> query(const std::string& format, const std::vector<std::string>& what) const {
        std::vector<std::string> command = {"rpm", "--root", path().string(), "--define", "_dbpath /usr/lib/sysimage/rpm",
                                            "-q",  "--qf",   format};
        command.insert(command.end(), what.begin(), what.end());
        const auto text = lastack::test::must_run(command);
        std::vector<std::string> lines;
        for (std::size_t begin = 0; begin < text.size();) {
            const auto end = text.find('\n', begin);
            const auto line = text.substr(begin, end - begin);
            if (!line.starts_with("gpg-pubkey") && !line.starts_with("rpm: ")) {
                lines.push_back(line);
            }
            begin = end == std::string::npos ? text.size() : end + 1;
        }
        std::sort(lines.begin(), lines.end());
        return lines;
    }

    lastack::test::TempDirectory directory_{"lastack-root"};
};

}  // namespace lastack::package::test
