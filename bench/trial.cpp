#include "bench/trial.hpp"

#include "bench/channel.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

namespace lastack::bench {

Arguments::Arguments(int argc, char** argv, std::string usage) : words_(argv + 1, argv + argc), usage_{std::move(usage)} {}

bool Arguments::flag(std::string_view name) { return std::erase(words_, name) > 0; }

std::string Arguments::text(std::string_view name, std::string otherwise) {
    const auto at = std::ranges::find(words_, name);
    if (at == words_.end() || at + 1 == words_.end()) {
        return otherwise;
    }
    std::string value = *(at + 1);
    words_.erase(at, at + 2);
    return value;
}

std::uint64_t Arguments::number(std::string_view name, std::uint64_t otherwise) {
    const std::string value = text(name, std::to_string(otherwise));
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) {
        std::fprintf(stderr, "%s\n", usage_.c_str());
        std::exit(2);
    }
    return number;
}

void Arguments::end() const {
    if (!words_.empty()) {
        std::fprintf(stderr, "%s\n", usage_.c_str());
        std::exit(2);
    }
}

std::uint64_t seed_of(Arguments& arguments) {
    const std::uint64_t seed = arguments.number("--seed", std::random_device{}());
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    return seed;
}

TrialFolder::TrialFolder(const std::filesystem::path& parent) {
    std::string name = (parent / "lastack-trial-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        die("a folder of the trial");
    }
    path_ = name;
}

TrialFolder::~TrialFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

DownloadRequest request_for(const FaultServer& server, const std::string& path, const std::vector<std::size_t>& mirrors,
                            const std::filesystem::path& folder) {
    const Content content = server.content(path);
    DownloadRequest request;
    for (const std::size_t mirror : mirrors) {
        request.urls.push_back(server.url(mirror, path));
    }
    request.path = folder / path.substr(1);
    request.size = content.size;
    request.digests = {{.algorithm = DigestAlgorithm::sha256, .hex = content.sha256()}};
    request.options.connection.proxy.url = "";
    return request;
}

bool holds(const std::filesystem::path& file, const Content& content) {
    std::error_code error;
    if (std::filesystem::file_size(file, error) != content.size || error) {
        return false;
    }
    std::ifstream in{file, std::ios::binary};
    std::vector<char> got(std::size_t{256} << 10);
    std::vector<char> wanted(got.size());
    for (std::uint64_t at = 0; at < content.size; at += got.size()) {
        const std::size_t n = std::min<std::uint64_t>(got.size(), content.size - at);
        wanted.resize(n);
        content.fill(at, wanted);
        if (!in.read(got.data(), static_cast<std::streamsize>(n)) || !std::equal(wanted.begin(), wanted.end(), got.begin())) {
            return false;
        }
    }
    return true;
}

std::string code_text(const std::error_code& code) {
    return std::string{code.category().name()} + " " + std::to_string(code.value()) + " " + code.message();
}

}  // namespace lastack::bench
