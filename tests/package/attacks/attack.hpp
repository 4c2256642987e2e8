// The stage of an attack: a root with target-1.0, one repository with a signing key and otherwise nothing configured, served by an origin
// that can lie; lastack run on it, and the same against other package managers where they are installed.
#pragma once

#include "support/process.hpp"
#include "support/rpm_builder.hpp"
#include "support/run_command.hpp"
#include "support/scripted_origin.hpp"
#include "support/temp_directory.hpp"
#include "support/yum_repository.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace lastack::test {

using testing::HasSubstr;
using testing::Not;

class Attack : public testing::Test {
protected:
    Attack();

    static RpmSpec target(const std::string& version, const std::string& signed_by = "vendor");
    static std::int64_t now();

    // A generation of the repository made by createrepo_c, as files; `revision` is its date too.
    std::filesystem::path generation(const std::vector<RpmSpec>& packages, std::int64_t revision);
    // Serves its files below /PLACE/, in place of those that were there.
    void serve(const std::filesystem::path& generation, const std::string& place = "repo");
    [[nodiscard]] std::filesystem::path only_file(const std::filesystem::path& generation, const std::string& ending) const;

    // Changes primary.xml by lines of Python that change the text `x`; repomd.xml then says what fits.
    void rewrite_primary(const std::filesystem::path& generation, const std::string& python) const;

    // The .repo file: gpgkey= and these lines.
    void configure(const std::string& baseurl, const std::string& lines = "", const std::string& id = "repo");

    ProcessResult lastack(const std::vector<std::string>& arguments);
    // Asks the servers first.
    ProcessResult update();
    [[nodiscard]] std::string installed() const;  // names and versions, blanks between

    // What dnf and zypper do in a root of their own when they are told to install `what`: printed, never judged.
    void show_peers(const std::string& what);

    TempDirectory directory_{"lastack-attack"};
    ScriptedOrigin origin_;

private:
    int generations_ = 0;
};

}  // namespace lastack::test
