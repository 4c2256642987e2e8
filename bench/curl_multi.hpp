// libcurl's multi interface, as a program with many requests uses it.
#pragma once

#include <cstdint>
#include <curl/curl.h>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lastack::bench {

class CurlMulti {
public:
    CurlMulti(std::filesystem::path ca, unsigned most_connections);
    ~CurlMulti();
    CurlMulti(const CurlMulti&) = delete;
    CurlMulti& operator=(const CurlMulti&) = delete;

    struct Answer {
        CURLcode result = CURLE_OK;
        long status = 0;
        std::string body;
    };
    // `count` requests, at most as many at a time as there may be connections; `url` gives the address of each, `done` is told each end.
    void transfer(unsigned count, const std::function<std::string(unsigned)>& url,
                  const std::function<void(unsigned, const Answer&)>& done);
    // Lets the handle do what it wants to do while there is nothing to do, until `fd` is readable.
    void wait_for_input(int fd);

private:
    struct Transfer;
    void begin(Transfer& transfer, unsigned index, const std::string& url);

    std::filesystem::path ca_;
    CURLM* multi_;
    unsigned most_;
};

}  // namespace lastack::bench
