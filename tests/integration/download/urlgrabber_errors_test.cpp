// Each number of URLGrabError, provoked, and the code that lastack has for it. docs/guide/urlgrabber.md has the table.
#include "download/error.hpp"
#include "http/error.hpp"
#include "support/listening_socket.hpp"
#include "tls_fixture.hpp"

#include <functional>

namespace lastack::test {
namespace {

using download::DownloadErrc;
using http::HttpErrc;
using net::NetErrc;

struct Scene;

// `curl`: the libcurl code that urlgrabber has as `code` with errno 14.
struct Provoked {
    const char* name;
    int number;
    std::function<Result<void>(Scene&)> act;
    std::error_code code;
    int status = 0;
    Phase phase = Phase::none;  // none: not looked at
    friend void PrintTo(const Provoked& each, std::ostream* out) { *out << each.name; }
};

// What acts may use: the fixture's protected members, opened.
struct Scene {
    ScriptedOrigin& origin;
    TempDirectory& directory;
    TestCa& ca;
    RequestOptions& options;
    std::function<Result<void>(DownloadRequest)> download;
    std::function<Result<void>(FetchRequest)> fetch;

    [[nodiscard]] Result<void> get(std::string url) const {
        return download({.urls = {std::move(url)}, .path = directory / "file", .options = options});
    }
    [[nodiscard]] Result<void> get(std::string path, Reply reply) const {
        origin.on(path, std::move(reply));
        return get(origin.url(path));
    }
    [[nodiscard]] Result<void> in_place(std::string url) const {
        return download({.urls = {std::move(url)}, .path = directory / "file", .in_place = true, .options = options});
    }
};

class UrlgrabberError : public TlsTest, public ::testing::WithParamInterface<Provoked> {};

TEST_P(UrlgrabberError, has_a_code_of_its_own) {
    const auto bare = [](const auto& result) -> Result<void> { return result ? Result<void>{} : Failure{result.error()}; };
    Scene scene{.origin = origin,
                .directory = directory,
                .ca = ca,
                .options = request_options,
                .download = [&](DownloadRequest request) { return bare(download(std::move(request))); },
                .fetch = [&](FetchRequest request) { return bare(fetch(std::move(request))); }};
    const auto result = GetParam().act(scene);
    ASSERT_FALSE(result.has_value());
    const Error& error = result.error();
    EXPECT_EQ(error.code, GetParam().code) << error.code.category().name() << ": " << describe(error);
    EXPECT_EQ(error.http_status, GetParam().status) << describe(error);
    EXPECT_FALSE(error.url.empty());
    EXPECT_FALSE(error.cause.empty());
    if (GetParam().phase != Phase::none) {
        EXPECT_EQ(to_string(error.phase), to_string(GetParam().phase));
    }
    EXPECT_FALSE(exists("file")) << "nothing stands under the name of what failed";
}

Reply cut_body() { return Reply::steps({Send{.bytes = response_head(Reply{.headers = {{"Content-Length", "100"}}}) + "abc"}, CloseFin{}}); }

Provoked status(const char* name, int status, std::error_code code) {
    return {.name = name,
            .number = 14,
            .act = [status](Scene& s) { return s.get("/f", Reply{.status = status}); },
            .code = code,
            .status = status};
}

std::vector<Provoked> provoked() {
    return {
        {"e1_malformed_url", 1, [](Scene& s) { return s.get("http://[1:2/f"); }, Errc::invalid_argument},
        {"e1_no_scheme", 1, [](Scene& s) { return s.get("just words"); }, Errc::invalid_argument},
        {"e2_local_file_missing", 2, [](Scene& s) { return s.in_place("file://" + (s.directory / "none").string()); },
         DownloadErrc::source_not_found},
        {"e3_not_a_regular_file", 3, [](Scene& s) { return s.in_place("file:///dev/null"); }, DownloadErrc::source_unusable},
        {"e3_a_directory", 3, [](Scene& s) { return s.in_place("file://" + s.directory.path().string()); }, DownloadErrc::source_unusable},
        {"e4_connection_reset", 4,
         [](Scene& s) { return s.get("/f", Reply::steps({Send{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, Reset{}})); },
         NetErrc::reset, 200, Phase::receiving},
        {"e7_no_http", 7, [](Scene& s) { return s.get("/f", Reply::steps({Send{.bytes = "SSH-2.0-x\r\n\r\n"}, CloseFin{}})); },
         HttpErrc::bad_head},
        {"e8_read_limit", 8,
         [](Scene& s) {
             s.origin.on("/f", Reply{.body = "12345"});
             return s.fetch({.urls = {s.origin.url("/f")}, .size_limit = 4, .options = s.options});
         },
         DownloadErrc::too_large, 200},
        {"e9_range_that_ends_before_it_begins", 9,
         [](Scene& s) {
             s.options.range = ByteRange{.first = 5, .last = 4};
             return s.get("/f", Reply{.body = "0123456789"});
         },
         Errc::invalid_argument},
        {"e9_range_behind_the_file", 14,
         [](Scene& s) {
             s.origin.serve_file("/f", "0123456789");
             s.options.range = ByteRange{.first = 100};
             return s.get(s.origin.url("/f"));
         },
         HttpErrc::bad_range, 416},
        {"e12_no_answer", 12,
         [](Scene& s) {
             s.options.timeout = 150ms;
             return s.get("/f", Reply::steps({WaitUntil{"never"}}));
         },
         Errc::timed_out, 0, Phase::waiting},
        {"e12_no_connection", 12,
         [](Scene& s) {
             s.options.timeout = 150ms;
             const SilentPort silent;
             return s.get(silent.url("/f"));
         },
         Errc::timed_out, 0, Phase::connecting},
        {"e12_below_minrate", 12,
         [](Scene& s) {
             s.options.timeout = 400ms;
             s.options.minrate = 1'000'000;
             return s.get("/f", Reply{.body = std::string(100'000, 'x'), .before = {Throttle{.bytes_per_second = 2000}}});
         },
         HttpErrc::too_slow, 200, Phase::receiving},
        {"e13_malformed_proxy", 13,
         [](Scene& s) {
             s.options.connection.proxy.url = "gopher://p";
             return s.get("/f", Reply{.body = "x"});
         },
         Errc::invalid_argument},
        status("e14_http_404", 404, HttpErrc::not_found),
        status("e14_http_410", 410, HttpErrc::not_found),
        status("e14_http_401", 401, HttpErrc::forbidden),
        status("e14_http_403", 403, HttpErrc::forbidden),
        status("e14_http_429", 429, HttpErrc::client_error),
        status("e14_http_400", 400, HttpErrc::client_error),
        status("e14_http_500", 500, HttpErrc::server_error),
        status("e14_http_503", 503, HttpErrc::unavailable),
        {"e14_curl7_refused", 14, [](Scene& s) { return s.get(RefusingPort{}.url("/f")); }, NetErrc::connect_refused, 0, Phase::connecting},
        {"e14_curl18_cut_body", 14, [](Scene& s) { return s.get("/f", cut_body()); }, HttpErrc::truncated, 200, Phase::receiving},
        {"e14_curl52_no_answer", 14, [](Scene& s) { return s.get("/f", Reply::steps({CloseFin{}})); }, NetErrc::closed},
        {"e14_curl47_redirects_in_a_circle", 14, [](Scene& s) { return s.get("/f", Reply::redirect("/f")); }, HttpErrc::too_many_redirects,
         302},
        {"e14_curl1_redirect_to_another_scheme", 14, [](Scene& s) { return s.get("/f", Reply::redirect("gopher://h/")); },
         HttpErrc::bad_redirect, 302},
        {"e14_curl63_beyond_the_size_limit", 14,
         [](Scene& s) {
             s.origin.on("/f", Reply{.body = "12345"});
             return s.download({.urls = {s.origin.url("/f")}, .path = s.directory / "file", .size_limit = 4, .options = s.options});
         },
         DownloadErrc::too_large, 200},
        {"e14_curl63_another_size", 14,
         [](Scene& s) {
             s.origin.on("/f", Reply{.body = "12345"});
             return s.download({.urls = {s.origin.url("/f")}, .path = s.directory / "file", .size = 4, .options = s.options});
         },
         DownloadErrc::size_mismatch, 200},
        {"e14_curl63_head_too_large", 14,
         [](Scene& s) {
             s.options.max_header_size = 1024;
             return s.get("/f", Reply{.headers = {{"X", std::string(4000, 'x')}}, .body = "x"});
         },
         HttpErrc::head_too_large},
        {"e14_curl37_copy_of_a_missing_file", 14, [](Scene& s) { return s.get("file:///nowhere/at/all"); }, DownloadErrc::source_not_found},
        {"e14_curl35_no_tls", 14,
         [](Scene& s) {
             s.origin.on_accept(0, {Send{.bytes = "220 mail\r\n"}, CloseFin{}});
             return s.get("https://127.0.0.1:" + std::to_string(s.origin.port()) + "/f");
         },
         NetErrc::tls_failed, 0, Phase::securing},
        {"e14_curl60_certificate", 14,
         [](Scene& s) {
             TestCa other("other");
             const TlsPeer peer({.identity = other.server(), .alpn = {}, .client_ca = {}}, "127.0.0.1");
             return s.get(peer.url("/f"));
         },
         NetErrc::certificate_rejected, 0, Phase::securing},
        {"e14_curl58_client_certificate", 14,
         [](Scene& s) {
             s.options.connection.tls.client_certificate = s.directory / "none.pem";
             return s.get("https://127.0.0.1:" + std::to_string(s.origin.port()) + "/f");
         },
         NetErrc::bad_tls_file},
        {"e14_curl5_proxy_not_there", 14,
         [](Scene& s) {
             const RefusingPort closed;
             s.options.connection.proxy.url = closed.url("");
             return s.get("/f", Reply{.body = "x"});
         },
         NetErrc::proxy_unreachable},
        {"e15_user_abort", 15,
         [](Scene& s) {
             Client client;
             const auto transfer = client.start(FetchRequest{.urls = {s.origin.url("/f")}, .options = s.options});
             transfer.cancel();
             auto& mutable_transfer = const_cast<Transfer<FetchResult>&>(transfer);
             auto result = mutable_transfer.get();
             return result ? Result<void>{} : Result<void>{Failure{result.error()}};
         },
         Errc::cancelled},
        {"e16_directory_not_there", 16,
         [](Scene& s) { return s.download({.urls = {s.origin.url("/f")}, .path = s.directory / "none" / "f", .options = s.options}); },
         Errc::not_found},
        {"e16_name_too_long", 16,
         [](Scene& s) {
             return s.download({.urls = {s.origin.url("/f")}, .path = s.directory / std::string(300, 'x'), .options = s.options});
         },
         Errc::io_failed},
        {"e16_no_place_to_write", 16,
         [](Scene& s) { return s.download({.urls = {s.origin.url("/f")}, .path = "/sys/lastack-test", .options = s.options}); },
         Errc::not_permitted},
        {"negative_checkfunc", -1,
         [](Scene& s) {
             s.origin.on("/f", Reply{.body = "x"});
             return s.download({.urls = {s.origin.url("/f")},
                                .path = s.directory / "file",
                                .check = [](const std::filesystem::path&) -> Result<void> { return Failure{Error{.cause = "bad"}}; },
                                .options = s.options});
         },
         DownloadErrc::check_failed},
    };
}

INSTANTIATE_TEST_SUITE_P(Number, UrlgrabberError, ::testing::ValuesIn(provoked()),
                         [](const ::testing::TestParamInfo<Provoked>& info) { return std::string{info.param.name}; });

}  // namespace
}  // namespace lastack::test
