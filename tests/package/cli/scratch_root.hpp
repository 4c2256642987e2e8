// A root in a temporary directory, the repositories it knows, and the program under test run on it.
//
//   ScratchRoot root;
//   const NginxServer nginx({.root = root.served()});
//   root.add_repository(nginx, "core", {{.name = "tool", .version = "2.0"}});
//   root.install({{.name = "tool"}});
//   const auto update = root.lastack({"-y", "update"});
#pragma once

#include "support/nginx_server.hpp"
#include "support/process.hpp"
#include "support/rpm_builder.hpp"
#include "support/temp_directory.hpp"
#include "support/yum_repository.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::cli::test {

using lastack::test::MetadataCompression;
using lastack::test::NginxLogLine;
using lastack::test::NginxOptions;
using lastack::test::NginxServer;
using lastack::test::Process;
using lastack::test::ProcessOptions;
using lastack::test::ProcessResult;
using lastack::test::RepositoryOptions;
using lastack::test::RpmSpec;
using lastack::test::TempDirectory;

using Specs = std::vector<RpmSpec>;

class ScratchRoot {
public:
    ScratchRoot();

    [[nodiscard]] const std::filesystem::path& path() const { return root_.path(); }
    [[nodiscard]] const TempDirectory& directory() const { return root_; }
    // What a server is to serve: each repository is a directory of it.
    [[nodiscard]] const std::filesystem::path& served() const { return served_.path(); }
    [[nodiscard]] std::filesystem::path cache() const { return path() / "var/cache/lastack"; }

    // Publishes a repository below served(), and names it in a .repo file of the root with these options.
    void add_repository(const NginxServer& server, const std::string& id, const Specs& packages,
                        const std::string& options = "gpgcheck=0\n", const RepositoryOptions& layout = {}) const;
    void publish(const std::string& id, const Specs& packages, const RepositoryOptions& layout = {}) const;
    void write_repo_file(const std::string& id, const std::string& text) const;
    void write_main_configuration(const std::string& options) const;  // the lines below [main]

    // The state a test starts from, made by rpm itself without looking at signatures and dependencies.
    void install(const Specs& packages) const;
    // "name-version-release" of everything installed but keys, sorted, as rpm tells it; keys() are the user ids of the imported ones.
    [[nodiscard]] std::vector<std::string> installed() const;
    [[nodiscard]] std::vector<std::string> keys() const;
    // Paths below the cache with this ending.
    [[nodiscard]] std::vector<std::filesystem::path> cached(std::string_view ending) const;

    // The program with this root; standard input is /dev/null, or `input`.
    [[nodiscard]] ProcessOptions command(const std::vector<std::string>& arguments) const;
    [[nodiscard]] ProcessResult lastack(const std::vector<std::string>& arguments, const std::optional<std::string>& input = {}) const;
    // Started at a pseudo terminal.
    [[nodiscard]] ProcessOptions at_terminal(const std::vector<std::string>& arguments) const;

private:
    TempDirectory root_{"lastack-root"};
    TempDirectory served_{"lastack-served"};
};

// For failure messages: `EXPECT_EQ(run.status, 0) << told(run)`.
[[nodiscard]] std::string told(const ProcessResult& run);

// The lines of a log whose request is for a path with this ending.
[[nodiscard]] std::vector<NginxLogLine> requests_for(const std::vector<NginxLogLine>& log, std::string_view ending);

}  // namespace lastack::cli::test
