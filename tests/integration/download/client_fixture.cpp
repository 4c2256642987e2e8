#include "client_fixture.hpp"

#include <algorithm>
#include <random>
#include <unistd.h>

namespace lastack {

void PrintTo(const Result<DownloadResult>& result, std::ostream* out) {
    *out << (result ? "a download of " + std::to_string(result->size) + " bytes from " + result->url : describe(result.error()));
}

void PrintTo(const Result<FetchResult>& result, std::ostream* out) {
    *out << (result ? "a document of " + std::to_string(result->body.size()) + " bytes from " + result->url : describe(result.error()));
}

}  // namespace lastack

namespace lastack::test {

std::string content_of(std::size_t size, unsigned seed) {
    std::mt19937 random(seed);
    std::string bytes(size, '\0');
    for (char& byte : bytes) {
        byte = static_cast<char>(random() & 0xFF);
    }
    return bytes;
}

Digest sha256(std::string_view content) { return digest_of(DigestAlgorithm::sha256, content); }

ClientTest::~ClientTest() {
    client_.reset();
    if (HasFailure()) {
        const std::scoped_lock lock(trace_mutex_);
        std::string seen;
        for (const auto& request : origin.requests()) {
            seen += std::to_string(request.connection) + "/" + std::to_string(request.number_on_connection) + " " + request.method + " " +
                    request.target + (request.has("Range") ? " " + std::string(request.header("Range")) : "") +
                    (request.after_fin ? " (after FIN)" : "") + "\n";
        }
        GTEST_LOG_(INFO) << "the client's trace:\n" << trace_ << "the origin saw:\n" << seen;
    }
}

Client& ClientTest::client() {
    if (!client_) {
        ClientOptions traced = options;
        traced.trace = [this](std::string_view line) {
            const std::scoped_lock lock(trace_mutex_);
            trace_ += std::string(line) + "\n";
        };
        client_.emplace(traced);
    }
    return *client_;
}

DownloadRequest ClientTest::file(std::vector<std::string> urls, std::string_view name) const {
    return {.urls = std::move(urls), .path = directory / name, .options = request_options};
}

FetchRequest ClientTest::document(std::vector<std::string> urls) const { return {.urls = std::move(urls), .options = request_options}; }

Result<DownloadResult> ClientTest::download(DownloadRequest request, std::stop_token stop) {
    std::vector<DownloadRequest> requests;
    requests.push_back(std::move(request));
    return std::move(client().download(std::move(requests), nullptr, std::move(stop)).at(0));
}

Result<FetchResult> ClientTest::fetch(FetchRequest request) {
    std::vector<FetchRequest> requests;
    requests.push_back(std::move(request));
    return std::move(client().fetch(std::move(requests)).at(0));
}

void ClientTest::expect_fetched(std::string_view path, std::string_view body) {
    auto request = document(origin.url(path));
    request.options.retries = 1;
    const auto result = fetch(std::move(request));
    ASSERT_THAT(result, Succeeded());
    EXPECT_EQ(result->body, body);
}

void ClientTest::leave_partial(const DownloadRequest& request, std::string_view path, std::string_view content, std::size_t size,
                               std::vector<Header> fields) {
    Reply whole{.headers = std::move(fields)};
    whole.headers.push_back({"Content-Length", std::to_string(content.size())});
    auto bytes = response_head(whole) + std::string(content.substr(0, size));
    origin.on(When{.path = std::string(path), .times = 1}, Reply::steps({Send{.bytes = std::move(bytes)}, CloseFin{}}));
    auto first = request;
    first.options.retries = 1;
    ASSERT_FALSE(download(std::move(first)).has_value());
    const auto part = request.path.filename().string() + ".part";
    ASSERT_EQ(stored(part), content.substr(0, size));
}

void ClientTest::expect_no_sockets() {
    EXPECT_EQ(client().connections().open, 0u);
    expect_no_sockets_to(origin.port());
}

void ClientTest::expect_no_sockets_to(std::uint16_t port) {
    [[maybe_unused]] const auto turned = client().connections();
    const auto sockets = own_sockets_to(port);
    EXPECT_TRUE(sockets.empty()) << describe(sockets);
}

std::vector<std::chrono::nanoseconds> close_latencies(const Record& record) {
    std::vector<std::chrono::nanoseconds> times;
    for (const auto& connection : record.connections) {
        if (connection.fin_sent && connection.peer_closed()) {
            times.push_back(*connection.peer_closed() - *connection.fin_sent);
        }
    }
    return times;
}

std::chrono::nanoseconds first_quartile(std::vector<std::chrono::nanoseconds> times) {
    if (times.empty()) {
        return std::chrono::nanoseconds::max();
    }
    std::ranges::sort(times);
    return times[times.size() / 4];
}

}  // namespace lastack::test
