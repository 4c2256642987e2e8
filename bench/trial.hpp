// What the trials share: their arguments, a folder that goes with them, and files to ask for.
#pragma once

#include "bench/fault_server.hpp"

#include "lastack/client.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lastack::bench {

// "--name VALUE" and "--flag"; ends the program with its usage for anything else.
class Arguments {
public:
    Arguments(int argc, char** argv, std::string usage);
    [[nodiscard]] bool flag(std::string_view name);
    [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t otherwise);
    [[nodiscard]] std::string text(std::string_view name, std::string otherwise);
    void end() const;  // nothing may be left

private:
    std::vector<std::string> words_;
    std::string usage_;
};

// Random where none is given, so that runs differ; every trial prints it.
[[nodiscard]] std::uint64_t seed_of(Arguments& arguments);

class TrialFolder {
public:
    explicit TrialFolder(const std::filesystem::path& parent);
    ~TrialFolder();
    TrialFolder(const TrialFolder&) = delete;
    TrialFolder& operator=(const TrialFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

// A file of the server, from these mirrors, with size and digest told.
[[nodiscard]] DownloadRequest request_for(const FaultServer& server, const std::string& path, const std::vector<std::size_t>& mirrors,
                                          const std::filesystem::path& folder);
// Byte for byte, without a digest.
[[nodiscard]] bool holds(const std::filesystem::path& file, const Content& content);

// "lastack.http 11 server error"
[[nodiscard]] std::string code_text(const std::error_code& code);

}  // namespace lastack::bench
