// What a server can do wrong with any file: each is tried with repomd.xml, with primary.xml and with a package.
#include "package/bad_input/scene.hpp"

#include <numeric>

namespace lastack::test {
namespace {

constexpr std::uint64_t kernel_buffers = std::uint64_t{16} << 20;  // what a peer may have sent that nobody read
constexpr std::uint64_t repomd_limit = std::uint64_t{8} << 20;

enum class File : std::uint8_t { repomd, primary, package };

class BadServer : public Scene, public testing::WithParamInterface<File> {
protected:
    BadServer() {
        const auto wanted = entry_of(new_target());
        if (GetParam() == File::package) {
            offer_and_cache({wanted});
        } else {
            cache_old_generation();
            offer({wanted});
        }
        const auto primary = primary_xml({wanted});
        right_ = GetParam() == File::package ? wanted.bytes
                                             : (GetParam() == File::primary ? primary : repomd_xml(primary, {.revision = next_revision()}));
    }

    [[nodiscard]] static std::string path() {
        switch (GetParam()) {
            case File::repomd:
                return "/repo/repodata/repomd.xml";
            case File::primary:
                return "/repo/repodata/primary.xml";
            case File::package:
                break;
        }
        return "/repo/Packages/target-2.0-1.noarch.rpm";
    }
    [[nodiscard]] std::string url() { return origin().url(path()); }
    // What a good server would send.
    [[nodiscard]] const std::string& right() const { return right_; }
    [[nodiscard]] std::uint64_t most_accepted() const { return GetParam() == File::repomd ? repomd_limit : right_.size(); }

    [[nodiscard]] static std::string too_much() {
        return GetParam() == File::repomd ? "the document is larger than the " : "the server sends more than the ";
    }

    void answer(Reply reply) { origin().on(path(), std::move(reply)); }
    [[nodiscard]] std::uint64_t sent() {
        const auto record = origin().record();
        return std::accumulate(record.connections.begin(), record.connections.end(), std::uint64_t{0},
                               [](std::uint64_t sum, const SeenConnection& each) { return sum + each.sent; });
    }

    Outcome ask(const std::vector<std::string>& options = {}) {
        return GetParam() == File::package ? update(options) : update_metadata_too(options);
    }
    void expect_refusal(const std::vector<std::string>& words, const std::vector<std::string>& options = {}) {
        expect_refused(ask(options), words);
        EXPECT_TRUE(origin().wait_until_all_closed());
        if (GetParam() == File::package) {
            expect_cached_generation_works("2.0-1");
        } else {
            expect_cached_generation_works("1.0-1");
        }
    }

private:
    std::string right_;
};

TEST_P(BadServer, file_that_is_not_there_is_named_with_its_status) {
    origin().forget(path());
    expect_refusal({url() + ": ", "404"});
    EXPECT_EQ(origin().record().requests_for(path()), GetParam() == File::package ? 1 : 2);
}

TEST_P(BadServer, forbidden_file_is_named_with_its_status) {
    answer({.status = 403, .body = "go away"});
    expect_refusal({url() + ": ", "403"});
}

TEST_P(BadServer, error_of_the_server_is_named_after_the_retries) {
    answer({.status = 503, .body = "busy"});
    expect_refusal({url() + ": ", "503"});
}

TEST_P(BadServer, body_that_is_always_cut_short_is_refused) {
    const auto head = response_head({.headers = {{"Content-Length", std::to_string(right().size())}}});
    answer(Reply::steps({Send{head + right().substr(0, right().size() / 2)}, CloseFin{}}));
    const auto missing = std::to_string(right().size() - right().size() / 2);
    expect_refusal(
        {url() + ": ", "the connection ended before the body did: " + missing + " of " + std::to_string(right().size()) + " bytes"});
}

TEST_P(BadServer, body_that_is_cut_short_once_is_healed) {
    const auto head = response_head({.headers = {{"Content-Length", std::to_string(right().size())}}});
    origin().forget(path());
    origin().once(path(), Reply::steps({Send{head + right().substr(0, right().size() / 2)}, CloseFin{}}));
    origin().serve_file(path(), right());
    const auto outcome = ask();
    if (GetParam() == File::repomd) {
        // This repomd.xml has another revision than the one offered; its primary is the same.
        expect_done(outcome);
        return;
    }
    expect_done(outcome);
    bool resumed = false;
    for (const auto& request : origin().requests()) {
        resumed = resumed || (request.path() == path() && request.header("Range") == "bytes=" + std::to_string(right().size() / 2) + "-");
    }
    EXPECT_TRUE(resumed);
}

TEST_P(BadServer, endless_body_is_given_up_at_its_limit) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\n\r\n"}, SendEndless{"all work and no play "}}));
    expect_refusal({url() + ": ", too_much() + std::to_string(most_accepted()) + " bytes"});
    EXPECT_LT(sent(), 2 * most_accepted() + kernel_buffers);
    EXPECT_LT(cache_size(), most_accepted() + (1u << 20));
}

TEST_P(BadServer, endless_chunks_are_given_up_at_their_limit) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}, SendEndless{"a\r\n0123456789\r\n"}}));
    expect_refusal({url() + ": ", too_much() + std::to_string(most_accepted()) + " bytes"});
    EXPECT_LT(sent(), 4 * most_accepted() + kernel_buffers);
    EXPECT_LT(cache_size(), most_accepted() + (1u << 20));
}

TEST_P(BadServer, enormous_length_is_refused_before_the_body) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\nContent-Length: 1099511627776\r\n\r\n"}, SendEndless{"x"}}));
    expect_refusal(
        {url() + ": ", GetParam() == File::repomd ? too_much() : "the server offers 1099511627776 bytes", std::to_string(most_accepted())});
    EXPECT_LT(sent(), kernel_buffers);
}

TEST_P(BadServer, broken_chunk_is_refused) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nwhat\r\n"}, WaitForPeerClose{}}));
    expect_refusal({url() + ": ", "chunk"});
}

TEST_P(BadServer, redirect_loop_is_refused) {
    answer(Reply::redirect("/elsewhere"));
    origin().on("/elsewhere", Reply::redirect(path()));
    expect_refusal({url() + ": ", "redirect"});
    EXPECT_LT(origin().record().requests_for("/elsewhere"), 30);
}

TEST_P(BadServer, redirect_to_ftp_is_refused) {
    answer(Reply::redirect("ftp://127.0.0.1/pub/file"));
    expect_refusal({url() + ": ", "a redirect to an unusable place", "'ftp' is not http or https"});
}

TEST_P(BadServer, redirect_to_a_local_file_is_refused) {
    answer(Reply::redirect("file:///etc/passwd"));
    expect_refusal({url() + ": ", "a redirect to an unusable place", "'file' is not http or https"});
}

TEST_P(BadServer, stalled_body_is_given_up_after_the_timeout) {
    const auto head = response_head({.headers = {{"Content-Length", std::to_string(right().size())}}});
    answer(Reply::steps({Send{head + right().substr(0, 100)}, WaitForPeerClose{}}));
    expect_refusal({url() + ": ", "stalled", "1000 ms"}, {"--setopt=timeout=1", "--setopt=retries=1", "--setopt=repo.timeout=1"});
}

TEST_P(BadServer, server_that_never_answers_is_given_up_after_the_timeout) {
    answer(Reply::steps({WaitForPeerClose{}}));
    expect_refusal({url() + ": ", "no answer in time"}, {"--setopt=timeout=1", "--setopt=retries=1"});
}

TEST_P(BadServer, slow_drip_is_given_up_below_the_minimum_rate) {
    const auto head = response_head({.headers = {{"Content-Length", std::to_string(right().size())}}});
    answer(Reply::steps({Send{head}, Throttle{100}, Send{right()}}));
    expect_refusal({url() + ": ", "slower than 1000 bytes per second", "minrate"}, {"--setopt=timeout=1", "--setopt=retries=1"});
}

TEST_P(BadServer, ten_mebibytes_of_header_are_given_up) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\n"}, SendEndless{"X-Padding: 0123456789012345678901234567890123456789\r\n", 10u << 20}}));
    expect_refusal({url() + ": ", "the answer has more than 1000 fields"});
    EXPECT_LT(sent(), kernel_buffers);
}

TEST_P(BadServer, one_endless_header_line_is_given_up) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\nX-Padding: "}, SendEndless{"0123456789", 10u << 20}}));
    expect_refusal({url() + ": ", "head"});
}

TEST_P(BadServer, answer_that_is_not_http_is_refused) {
    answer(Reply::steps({Send{"220 ftp.example ready\r\n"}, WaitForPeerClose{}}));
    expect_refusal({url() + ": "});
}

TEST_P(BadServer, contradicting_lengths_are_refused) {
    answer(Reply::steps({Send{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"}, WaitForPeerClose{}}));
    expect_refusal({url() + ": ", "length"});
}

TEST_P(BadServer, connection_that_is_always_reset_is_given_up) {
    answer(Reply::steps({Reset{}}));
    expect_refusal({url() + ": ", "reset"});
}

INSTANTIATE_TEST_SUITE_P(Of, BadServer, testing::Values(File::repomd, File::primary, File::package), [](const auto& info) {
    return std::string{info.param == File::repomd ? "repomd" : info.param == File::primary ? "primary" : "package"};
});

class BadHost : public Scene {};

TEST_F(BadHost, host_that_is_not_found_is_named) {
    cache_old_generation();
    const std::string host = std::string(70, 'a') + ".invalid";  // longer than a label may be: no server is asked
    configure("gpgcheck=0\n", "http://" + host + "/repo");
    expect_refused(lastack({"-y", "update", "--setopt=metadata_expire=0"}),
                   {"repository 'repo': ", "http://" + host + "/repo/repodata/repomd.xml: ", "host '" + host + "' not found",
                    "--disablerepo=repo", "skip_if_unavailable=1"});
}

TEST_F(BadHost, refused_connection_is_named_and_the_cached_generation_stays) {
    cache_old_generation();
    origin().stop_listening();
    expect_refused(update_metadata_too(),
                   {"repository 'repo': ", repo_url("/repodata/repomd.xml") + ": ", "refused", "--disablerepo=repo"});
    expect_cached_generation_works("1.0-1");
}

TEST_F(BadHost, refused_connection_during_the_download_of_packages_is_named) {
    offer_and_cache({entry_of(new_target())});
    origin().stop_listening();
    expect_refused(update(), {"target-2.0-1.noarch: ", repo_url("/Packages/target-2.0-1.noarch.rpm"), "refused", "nothing was changed"});
}

TEST_F(BadHost, repository_that_may_be_missing_is_left_out_with_a_warning) {
    cache_old_generation();
    directory().write("repos/other.repo",
                      "[other]\nname=Other\nbaseurl=" + origin().url("/nothing") + "\ngpgcheck=0\nskip_if_unavailable=1\n");
    const auto outcome = update_metadata_too();
    expect_done(outcome);
    EXPECT_THAT(outcome.process.err, HasSubstr("warning: repository 'other' is left out: "));
    EXPECT_THAT(outcome.process.err, HasSubstr(origin().url("/nothing/repodata/repomd.xml")));
}

}  // namespace
}  // namespace lastack::test
