#include "bench/idle_client.hpp"

#include "bench/channel.hpp"
#include "bench/figures.hpp"
#include "bench/heap.hpp"
#include "bench/partner.hpp"
#include "bench/turn.hpp"

#include "lastack/client.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

namespace lastack::bench {

namespace {

constexpr std::uint64_t load_size = std::uint64_t{128} << 20;

class LastackClient final : public IdleClient {
public:
    LastackClient(const std::filesystem::path& ca, unsigned most)
        : scheme_{ca.empty() ? "http" : "https"},
          client_{{.max_parallel_downloads = most + load_downloads,
                   .max_connections_per_host = most + load_downloads,
                   .idle_limit = std::chrono::minutes{10}}} {
        options_.connection.tls.ca = ca;
        options_.connection.proxy.url = "";
        client_.expect_more(true);
    }
    ~LastackClient() override { LastackClient::end_load(); }

    void ask(const std::vector<std::uint16_t>& ports) override {
        std::vector<FetchRequest> requests;
        for (const std::uint16_t port : ports) {
            requests.push_back({.urls = {url(port, "/")}, .options = options_});
        }
        const auto results = client_.fetch(std::move(requests));
        for (const auto& result : results) {
            if (!result) {
                std::fprintf(stderr, "lastack: %s\n", describe(result.error()).c_str());
                std::exit(1);
            }
        }
    }

    void begin_load(std::uint16_t port, const std::filesystem::path& folder) override {
        stop_ = {};
        for (unsigned i = 0; i < load_downloads; ++i) {
            downloads_.emplace_back([this, port, path = folder / ("load-" + std::to_string(i))] {
                give_way();  // freeing a file of this size holds a processor for milliseconds
                while (!stop_.stop_requested()) {
                    const auto results = client_.download(
                        {{.urls = {url(port, "/" + std::to_string(load_size))}, .path = path, .size = load_size, .options = options_}},
                        nullptr, stop_.get_token());
                    if (!results[0] && !stop_.stop_requested()) {
                        std::fprintf(stderr, "lastack: %s\n", describe(results[0].error()).c_str());
                        std::exit(1);
                    }
                    std::error_code ignored;
                    std::filesystem::remove(path, ignored);
                }
            });
        }
    }

    void end_load() override {
        stop_.request_stop();
        for (std::thread& download : downloads_) {
            download.join();
        }
        downloads_.clear();
    }

private:
    [[nodiscard]] std::string url(std::uint16_t port, const std::string& target) const {
        return scheme_ + "://127.0.0.1:" + std::to_string(port) + target;
    }

    std::string scheme_;
    RequestOptions options_;
    Client client_;
    std::stop_source stop_;
    std::vector<std::thread> downloads_;
};

std::unique_ptr<IdleClient> make(const std::string& kind, const std::filesystem::path& ca, unsigned most) {
    if (kind == "lastack") {
        return make_lastack_client(ca, most);
    }
    return kind == "curl" ? make_curl_multi(ca, most) : make_bare_loop(ca);
}

void ask_in_turn(IdleClient& client, std::uint16_t first, std::istream& others) {
    std::vector<std::uint16_t> ports{first};
    for (std::uint16_t port = 0; others >> port; ports.push_back(port)) {
        if (ports.size() == spread_at_once) {
            client.ask(std::exchange(ports, {}));
        }
    }
    client.ask(ports);
}

void tell_heap() {
    const Heap heap = measure_heap();
    give_answer(std::to_string(heap.resident) + " " + std::to_string(heap.resident_trimmed) + " " + std::to_string(heap.in_use));
}

}  // namespace

std::unique_ptr<IdleClient> make_lastack_client(const std::filesystem::path& ca, unsigned most) {
    return std::make_unique<LastackClient>(ca, most);
}

int run_idle_client(const std::string& kind, const std::filesystem::path& ca, unsigned most) {
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);
    std::unique_ptr<IdleClient> client;
    for (std::string line; next_order(line);) {
        std::istringstream words{line};
        std::string order;
        std::uint16_t port = 0;
        words >> order >> port;
        if (order == "warm") {
            client.reset();
            client = make(kind, ca, most);
            client->ask({port});
            std::this_thread::sleep_for(std::chrono::milliseconds{50});  // the server closes it
            give_answer("warm");
        } else if (order == "hold") {
            unsigned count = 0;
            words >> count;
            client->ask(std::vector(count, port));
            std::this_thread::sleep_for(std::chrono::milliseconds{200});  // tickets and the like arrive
            give_answer("held");
        } else if (order == "spread") {
            ask_in_turn(*client, port, words);
            give_answer("held");
        } else if (order == "weigh") {
            tell_heap();
        } else if (order == "processor") {
            give_answer(std::to_string(processor_seconds()));
        } else if (order == "load") {
            std::string folder;
            words >> folder;
            client->begin_load(port, folder);
            give_answer("loaded");
        } else if (order == "unload") {
            client->end_load();
            give_answer("unloaded");
        } else {
            client->ask({port});
            give_answer("done");
        }
        client->wait_for_input(0);
    }
    return 0;
}

}  // namespace lastack::bench
