// Many files over mirrors that misbehave at random: each file comes out right, and nothing is left behind.
#include "client_fixture.hpp"

#include <array>
#include <random>

namespace lastack::test {
namespace {

class Misbehaviour : public ClientTest, public ::testing::WithParamInterface<unsigned> {
protected:
    static constexpr int kFiles = 60;

    [[nodiscard]] static std::string content_for(std::string_view path) {
        const auto number = static_cast<unsigned>(std::stoi(std::string(path.substr(1))));
        return content_of(number * 997 % 60'000, number);
    }

    // What this mirror makes of a correct answer.
    [[nodiscard]] static Reply spoil(const Reply& good, std::mt19937& random) {
        const auto whole = response_bytes(good);
        const auto part = whole.substr(0, random() % (whole.size() + 1));
        // Behind a body until close, bytes that do not belong there are part of it: a wrong file, for which a mirror is given up.
        const auto what = random() % 16;
        if (good.framing == Framing::until_close && (what == 5 || what == 10)) {
            return good;
        }
        switch (what) {
            case 0:
                return Reply::steps({CloseFin{}});
            case 1:
                return Reply::steps({Reset{}});
            case 2:
                return Reply::steps({Send{.bytes = part}, CloseFin{}});
            case 3:
                return Reply::steps({Send{.bytes = part}, Reset{}});
            case 4:
                return Reply{.status = 503, .body = "busy"};
            case 5:
                return Reply::steps({Send{.bytes = whole + "extra"}});
            case 6:
                return Reply::steps({Send{.bytes = whole, .more = true}, CloseFin{}});
            case 7:
                return Reply::steps({Send{.bytes = whole}, WaitReadable{}, CloseFin{}});
            case 8:
                return Reply::steps({Send{.bytes = whole}, WaitReadable{}, Reset{}});
            case 9:
                return Reply::steps({Send{.bytes = whole}, ShutdownWrite{}});
            case 10:
                return Reply::steps({Send{.bytes = whole}, Send{.bytes = "HTTP/1.1 408 Request Timeout\r\n\r\n"}});
            default:
                return good;
        }
    }
};

TEST_P(Misbehaviour, of_mirrors_costs_time_and_no_correctness) {
    options.max_parallel_downloads = 8;
    options.max_connections_per_host = 4;
    request_options.timeout = 500ms;  // a body until close whose end is forgotten
    std::array<ScriptedOrigin, 3> mirrors;
    for (std::size_t index = 0; index < mirrors.size(); ++index) {
        const auto random = std::make_shared<std::mt19937>(GetParam() * 10 + static_cast<unsigned>(index));
        mirrors[index].on(When{}, [random](const SeenRequest& request) {
            const auto framing = static_cast<Framing>((*random)() % 3);
            return spoil(answer_for_file(request, content_for(request.path()), {.etag = "\"v1\"", .framing = framing}), *random);
        });
    }
    std::vector<DownloadRequest> requests;
    for (int number = 0; number < kFiles; ++number) {
        const auto path = "/" + std::to_string(number);
        const auto content = content_for(path);
        auto request = file({mirrors[0].url(path), mirrors[1].url(path), mirrors[2].url(path)}, "file" + std::to_string(number));
        std::ranges::rotate(request.urls, request.urls.begin() + number % 3);
        request.size = content.size();
        request.digests = {sha256(content)};
        request.options.retries = 100;
        requests.push_back(std::move(request));
    }
    const auto results = client().download(std::move(requests));
    for (int number = 0; number < kFiles; ++number) {
        const auto name = "file" + std::to_string(number);
        EXPECT_THAT(results[static_cast<std::size_t>(number)], Succeeded()) << name;
        EXPECT_TRUE(stored(name) == content_for("/" + std::to_string(number))) << name;
        EXPECT_FALSE(exists(name + ".part"));
        EXPECT_FALSE(exists(name + ".part.journal"));
    }
    EXPECT_EQ(client().connections().open, 0u);
    for (const auto& mirror : mirrors) {
        EXPECT_TRUE(mirror.wait_until_all_closed());
        expect_no_sockets_to(mirror.port());
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, Misbehaviour, ::testing::Values(1u, 2u, 3u), ::testing::PrintToStringParamName());

}  // namespace
}  // namespace lastack::test
