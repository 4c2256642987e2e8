// Files with their digests, several at a time: download_list (URL SHA256 FILE)...
#include <cstdio>
#include <lastack/client.hpp>

int main(int count, char** words) {
    std::vector<lastack::DownloadRequest> files;
    for (int i = 1; i + 2 < count; i += 3) {
        auto& file = files.emplace_back();
        file.urls = {words[i]};
        file.digests = {lastack::parse_digest("sha256", words[i + 1]).value()};
        file.path = words[i + 2];
    }
    lastack::Client client;
    const auto results = client.download(files, [](const lastack::FileProgress& file) {
        std::printf("%s: %llu bytes\n", std::string{file.label}.c_str(), static_cast<unsigned long long>(file.received));
    });
    int failed = 0;
    for (const auto& result : results) {
        if (!result) {
            std::fprintf(stderr, "%s\n", describe(result.error()).c_str());
            ++failed;
        }
    }
    return failed == 0 ? 0 : 1;
}
