// A libcurl client as package managers use it: gets a URL with the multi interface, says so, and keeps its handle with the connection in it
// until standard input ends, as one does that waits for an answer.  idle_curl URL [FILE-OF-TRUSTED-ISSUERS]
#include <cstdio>
#include <curl/curl.h>

namespace {

std::size_t swallow(char* /*bytes*/, std::size_t size, std::size_t count, void* /*target*/) { return size * count; }

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 3 || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        return 2;
    }
    CURL* easy = curl_easy_init();
    CURLM* multi = curl_multi_init();
    curl_easy_setopt(easy, CURLOPT_URL, argv[1]);
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
    if (argc == 3) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, argv[2]);
    }
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &swallow);
    curl_multi_add_handle(multi, easy);
    int running = 1;
    while (running > 0 && curl_multi_perform(multi, &running) == CURLM_OK && running > 0) {
        curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
    }
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_multi_remove_handle(multi, easy);
    std::printf("got %ld\n", status);
    std::fflush(stdout);
    while (std::getchar() != EOF) {
    }
    curl_multi_cleanup(multi);
    curl_easy_cleanup(easy);
    curl_global_cleanup();
    return status == 200 ? 0 : 1;
}
