#include "bench/curl_multi.hpp"

#include "bench/idle_client.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <poll.h>

namespace lastack::bench {

struct CurlMulti::Transfer {
    CURL* easy = ::curl_easy_init();
    unsigned index = 0;
    Answer answer;

    Transfer() = default;
    ~Transfer() { ::curl_easy_cleanup(easy); }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
};

CurlMulti::CurlMulti(std::filesystem::path ca, unsigned most_connections)
    : ca_{std::move(ca)}, multi_{::curl_multi_init()}, most_{most_connections} {
    ::curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(most_));
    ::curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(most_));
}

CurlMulti::~CurlMulti() { ::curl_multi_cleanup(multi_); }

void CurlMulti::begin(Transfer& transfer, unsigned index, const std::string& url) {
    transfer.index = index;
    transfer.answer = {};
    ::curl_easy_setopt(transfer.easy, CURLOPT_URL, url.c_str());
    ::curl_multi_add_handle(multi_, transfer.easy);
}

void CurlMulti::transfer(unsigned count, const std::function<std::string(unsigned)>& url,
                         const std::function<void(unsigned, const Answer&)>& done) {
    const auto store = +[](char* bytes, std::size_t size, std::size_t pieces, void* answer) -> std::size_t {
        static_cast<Answer*>(answer)->body.append(bytes, size * pieces);
        return size * pieces;
    };
    std::vector<std::unique_ptr<Transfer>> transfers;
    unsigned next = 0;
    for (; next < count && next < most_; ++next) {
        Transfer& transfer = *transfers.emplace_back(std::make_unique<Transfer>());
        ::curl_easy_setopt(transfer.easy, CURLOPT_PRIVATE, &transfer);
        ::curl_easy_setopt(transfer.easy, CURLOPT_WRITEFUNCTION, store);
        ::curl_easy_setopt(transfer.easy, CURLOPT_WRITEDATA, &transfer.answer);
        ::curl_easy_setopt(transfer.easy, CURLOPT_NOSIGNAL, 1L);
        ::curl_easy_setopt(transfer.easy, CURLOPT_PROXY, "");
        ::curl_easy_setopt(transfer.easy, CURLOPT_TIMEOUT, 120L);
        ::curl_easy_setopt(transfer.easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        if (!ca_.empty()) {
            ::curl_easy_setopt(transfer.easy, CURLOPT_CAINFO, ca_.c_str());
        }
        begin(transfer, next, url(next));
    }
    for (unsigned ended = 0; ended < count;) {
        int running = 0;
        ::curl_multi_perform(multi_, &running);
        int left = 0;
        while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
            Transfer* transfer = nullptr;
            ::curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
            ::curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &transfer->answer.status);
            transfer->answer.result = message->data.result;
            ::curl_multi_remove_handle(multi_, transfer->easy);
            done(transfer->index, transfer->answer);
            ++ended;
            if (next < count) {
                begin(*transfer, next, url(next));
                ++next;
            }
        }
        if (ended < count) {
            ::curl_multi_poll(multi_, nullptr, 0, 100, nullptr);
        }
    }
}

void CurlMulti::wait_for_input(int fd) {
    curl_waitfd input{.fd = fd, .events = CURL_WAIT_POLLIN, .revents = 0};
    while (input.revents == 0) {
        int running = 0;
        ::curl_multi_poll(multi_, &input, 1, 100, nullptr);
        ::curl_multi_perform(multi_, &running);
    }
}

namespace {

class CurlClient final : public IdleClient {
public:
    CurlClient(const std::filesystem::path& ca, unsigned most) : scheme_{ca.empty() ? "http" : "https"}, multi_{ca, most} {}

    void ask(const std::vector<std::uint16_t>& ports) override {
        const auto url = [&](unsigned i) { return scheme_ + "://127.0.0.1:" + std::to_string(ports[i]) + "/"; };
        multi_.transfer(static_cast<unsigned>(ports.size()), url, [](unsigned, const CurlMulti::Answer& answer) {
            if (answer.result != CURLE_OK) {
                std::fprintf(stderr, "libcurl: %s\n", ::curl_easy_strerror(answer.result));
                std::exit(1);
            }
        });
    }
    void begin_load(std::uint16_t, const std::filesystem::path&) override {}
    void end_load() override {}
    void wait_for_input(int fd) override { multi_.wait_for_input(fd); }

private:
    std::string scheme_;
    CurlMulti multi_;
};

}  // namespace

std::unique_ptr<IdleClient> make_curl_multi(const std::filesystem::path& ca, unsigned most) {
    return std::make_unique<CurlClient>(ca, most);
}

}  // namespace lastack::bench
