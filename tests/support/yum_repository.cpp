#include "support/yum_repository.hpp"

#include "base/digest_stream.hpp"
#include "support/rpm_builder.hpp"
#include "support/run_command.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace lastack::test {

namespace fs = std::filesystem;

namespace {

void put_package(const fs::path& package, const fs::path& directory) {
    const auto target = directory / package.filename();
    fs::remove(target);
    std::error_code other_file_system;
    fs::create_hard_link(package, target, other_file_system);
    if (other_file_system) {
        fs::copy_file(package, target);
    }
}

void replace_between(std::string& text, std::size_t from, std::string_view before, std::string_view after, const std::string& value) {
    const auto begin = text.find(before, from) + before.size();
    text.replace(begin, text.find(after, begin) - begin, value);
}

std::string content_of(const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// createrepo_c of Debian 12 cannot write zstd: each file is packed again by the zstd program and its entry in repomd.xml changed; the
// checksum and size of the open file stay as they are.
void recompress_with_zstd(const fs::path& repodata) {
    auto repomd = content_of(repodata / "repomd.xml");
    for (const std::string type : {"primary", "filelists", "other"}) {
        const auto open_file = repodata / (type + ".xml");
        const auto packed = repodata / (type + ".xml.zst");
        must_run({"gzip", "-d", (repodata / (type + ".xml.gz")).string()});
        must_run({"zstd", "-q", open_file.string(), "-o", packed.string()});
        fs::remove(open_file);
        const auto bytes = content_of(packed);
        const auto entry = repomd.find("<data type=\"" + type + "\">");
        replace_between(repomd, entry, "<checksum type=\"sha256\">", "<", digest_of(DigestAlgorithm::sha256, bytes).hex);
        replace_between(repomd, entry, "<location href=\"", "\"", "repodata/" + packed.filename().string());
        replace_between(repomd, entry, "<size>", "<", std::to_string(bytes.size()));
    }
    std::ofstream(repodata / "repomd.xml", std::ios::binary) << repomd;
}

}  // namespace

void create_repository(const fs::path& directory, const std::vector<fs::path>& packages, const RepositoryOptions& options) {
    const auto package_directory = options.package_directory.empty() ? directory : directory / options.package_directory;
    fs::create_directories(package_directory);
    for (const auto& package : packages) {
        put_package(package, package_directory);
    }
    fs::remove_all(directory / "repodata");
    std::vector<std::string> command = {"createrepo_c", "--quiet", "--no-database", "--workers", "2"};
    if (options.compression == MetadataCompression::xz) {
        command.insert(command.end(), {"--general-compress-type", "xz"});
    }
    if (options.compression == MetadataCompression::zstd) {
        command.emplace_back("--simple-md-filenames");
    }
    command.insert(command.end(), options.extra_arguments.begin(), options.extra_arguments.end());
    command.push_back(directory.string());
    must_run(command);
    if (options.compression == MetadataCompression::zstd) {
        recompress_with_zstd(directory / "repodata");
    }
    if (!options.signed_by.empty()) {
        std::ofstream(directory / "repodata/repomd.xml.asc") << detached_signature(directory / "repodata/repomd.xml", options.signed_by);
    }
}

}  // namespace lastack::test
