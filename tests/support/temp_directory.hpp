// A directory of a test's own, removed with everything in it.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace lastack::test {

class TempDirectory {
public:
    explicit TempDirectory(std::string_view prefix = "lastack-test") {
        std::error_code error;
        const auto parent = std::filesystem::temp_directory_path(error);
        std::string name = (error ? "/tmp" : parent.string()) + "/" + std::string(prefix) + "-XXXXXX";
        if (::mkdtemp(name.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
        }
        path_ = name;
    }
    ~TempDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;

    [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
    [[nodiscard]] std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

    // Writes a file, with the directories that lead to it.
    std::filesystem::path write(std::string_view name, std::string_view content) const {
        const auto target = path_ / name;
        std::filesystem::create_directories(target.parent_path());
        std::ofstream out(target, std::ios::binary | std::ios::trunc);
        out.write(content.data(), static_cast<std::streamsize>(content.size()));
        out.close();
        if (!out) {
            throw std::runtime_error("cannot write " + target.string());
        }
        return target;
    }

    // The whole content; empty when the file does not exist.
    [[nodiscard]] std::string read(std::string_view name) const {
        std::ifstream in(path_ / name, std::ios::binary | std::ios::ate);
        std::string content(in ? static_cast<std::size_t>(in.tellg()) : 0, '\0');
        in.seekg(0);
        in.read(content.data(), static_cast<std::streamsize>(content.size()));
        content.resize(static_cast<std::size_t>(in.gcount()));
        return content;
    }

private:
    std::filesystem::path path_;
};

}  // namespace lastack::test
