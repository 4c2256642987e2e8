// A document of any size to standard output while it arrives, in 64 KiB of memory: stream URL
#include <cstdio>
#include <lastack/client.hpp>

int main(int count, char** words) {
    if (count != 2) {
        return 2;
    }
    lastack::Client client;
    lastack::FetchRequest request;
    request.urls = {words[1]};
    auto reader = client.open(request);
    std::vector<std::byte> room(64 * 1024);
    while (reader) {
        const auto size = reader->read(room);
        if (!size) {
            std::fprintf(stderr, "%s\n", describe(size.error()).c_str());
            return 1;
        }
        if (*size == 0) {
            return 0;
        }
        std::fwrite(room.data(), 1, *size, stdout);
    }
    std::fprintf(stderr, "%s\n", describe(reader.error()).c_str());
    return 1;
}
