// A document to standard output: fetch URL
#include <cstdio>
#include <lastack/client.hpp>

int main(int count, char** words) {
    if (count != 2) {
        return 2;
    }
    lastack::Client client;
    const auto document = client.fetch(words[1]);
    if (!document) {
        std::fprintf(stderr, "%s\n", describe(document.error()).c_str());
        return 1;
    }
    std::fwrite(document->body.data(), 1, document->body.size(), stdout);
    return 0;
}
