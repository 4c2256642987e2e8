#include "download/ftp_transfer.hpp"

#include "base/text.hpp"
#include "download/libcurl.hpp"
#include "http/error.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/socket.h>
#include <utility>

namespace lastack::download {

namespace {

constexpr long buffer_size = 64L << 10;
constexpr long goodbye_limit = 2;  // seconds that a server gets to answer QUIT
constexpr std::size_t longest_reply = 512;
constexpr const char* anonymous = "anonymous";
constexpr const char* anonymous_password = "anonymous@";

// What a '?' or ';' means to libcurl (nothing, and a type) is not what it means in a file's name.
Result<std::string> path_of(const Url& url) {
    std::string path;
    for (const char c : url.target) {
        if (c == '?') {
            path += "%3F";
        } else if (c == ';') {
            path += "%3B";
        } else {
            path += c;
        }
    }
    const auto encodes = [&path](std::string_view code) {
        for (std::size_t at = path.find('%'); at != std::string::npos; at = path.find('%', at + 1)) {
            if (iequals(std::string_view{path}.substr(at + 1, 2), code)) {
                return true;
            }
        }
        return false;
    };
    if (path.ends_with('/')) {
        return std::unexpected(
            Error{.code = Errc::invalid_argument, .cause = "the URL names a directory", .next_step = "name a file in it"});
    }
    if (encodes("0d") || encodes("0a") || encodes("00")) {
        return std::unexpected(Error{.code = Errc::invalid_argument, .cause = "the path of an ftp URL cannot hold a line's end or NUL"});
    }
    return path;
}

curl_socket_t open_socket(void* /*user*/, curlsocktype /*purpose*/, curl_sockaddr* address) {
    return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

}  // namespace

struct FtpTransfer::Curl {
    Curl(const Libcurl& loaded, FtpTarget wanted)
        : api{loaded}, target{std::move(wanted)}, easy{api.easy_init()}, multi{api.multi_init()} {}
    ~Curl() {
        if (added) {
            api.multi_remove_handle(multi, easy);
        }
        api.easy_cleanup(easy);
        api.multi_cleanup(multi);
        api.slist_free_all(resolve);
    }
    Curl(const Curl&) = delete;
    Curl& operator=(const Curl&) = delete;

    template <typename Value>
    void set(CURLoption option, Value value) const {
        api.easy_setopt(easy, option, value);
    }

    void begin() {
        result.reset();
        if (!std::exchange(added, true)) {
            api.multi_add_handle(multi, easy);
        }
    }

    static std::size_t take(char* data, std::size_t /*one*/, std::size_t size, void* self) {
        auto& curl = *static_cast<Curl*>(self);
        if (!curl.reads_body) {
            return size;  // libcurl's own words on size and time
        }
        if (curl.held.size() >= most_held) {
            curl.paused = true;
            return CURL_WRITEFUNC_PAUSE;
        }
        const auto* bytes = reinterpret_cast<const std::byte*>(data);
        curl.held.insert(curl.held.end(), bytes, bytes + size);
        return size;
    }

    // Each line that the server says, the last one of which tells why.
    static std::size_t hear(char* data, std::size_t /*one*/, std::size_t size, void* self) {
        auto& curl = *static_cast<Curl*>(self);
        const std::string_view line{data, size};
        if (line.size() > 3 && line[0] >= '1' && line[0] <= '5') {
            curl.reply = trim(line.substr(0, std::min(line.find_last_not_of("\r\n") + 1, longest_reply)));
        }
        return size;
    }

    [[nodiscard]] Error error_of(CURLcode code) const;

    const Libcurl& api;
    FtpTarget target;
    std::string path;
    CURL* easy;
    CURLM* multi;
    curl_slist* resolve = nullptr;
    bool added = false;
    bool reads_body = false;
    bool paused = false;
    std::vector<std::byte> held;
    std::string reply;
    std::optional<CURLcode> result;
};

FtpTransfer::FtpTransfer(const Libcurl& libcurl, FtpTarget target) : curl_{std::make_unique<Curl>(libcurl, std::move(target))} {}

FtpTransfer::~FtpTransfer() = default;

Result<void> FtpTransfer::prepare() {
    Curl& curl = *curl_;
    auto path = path_of(curl.target.url);
    if (!path) {
        return std::unexpected(std::move(path.error()));
    }
    const auto& origin = curl.target.url.origin;
    const bool v6 = origin.host.find(':') != std::string::npos;
    const std::string server = (v6 ? "[" + origin.host + "]" : origin.host) + ":" + std::to_string(origin.port);
    curl.set(CURLOPT_URL, ("ftp://" + server + *path).c_str());
    curl.set(CURLOPT_PROTOCOLS_STR, "ftp");
    curl.set(CURLOPT_PROXY, "");
    curl.set(CURLOPT_NOSIGNAL, 1L);
    // Names are resolved by us: with a deadline, and so that nothing here blocks in a resolver.
    std::string entry = origin.host + ":" + std::to_string(origin.port) + ":";
    for (const net::Address& address : curl.target.addresses) {
        entry += (entry.ends_with(':') ? "" : ",") + (address.ip.find(':') == std::string::npos ? address.ip : "[" + address.ip + "]");
    }
    curl.resolve = curl.api.slist_append(nullptr, entry.c_str());
    curl.set(CURLOPT_RESOLVE, curl.resolve);
    curl.set(CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    // Passive only, and only to the host that we speak with, whatever address it names.
    curl.set(CURLOPT_FTP_USE_EPSV, 1L);
    curl.set(CURLOPT_FTP_SKIP_PASV_IP, 1L);
    curl.set(CURLOPT_FILETIME, 1L);
    curl.set(CURLOPT_TCP_KEEPALIVE, 1L);
    curl.set(CURLOPT_BUFFERSIZE, buffer_size);
    curl.set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(curl.target.connect_limit.count()));
    curl.set(CURLOPT_SERVER_RESPONSE_TIMEOUT,
             std::max(1L, static_cast<long>(std::chrono::ceil<std::chrono::seconds>(curl.target.response_limit).count())));
    const auto& who = curl.target.credentials;
    curl.set(CURLOPT_USERNAME, who ? who->username.c_str() : anonymous);
    curl.set(CURLOPT_PASSWORD, who ? who->password.c_str() : anonymous_password);
    curl.set(CURLOPT_WRITEFUNCTION, &Curl::take);
    curl.set(CURLOPT_WRITEDATA, curl_.get());
    curl.set(CURLOPT_HEADERFUNCTION, &Curl::hear);
    curl.set(CURLOPT_HEADERDATA, curl_.get());
    return {};
}

void FtpTransfer::ask_about() {
    curl_->reads_body = false;
    curl_->set(CURLOPT_NOBODY, 1L);
    curl_->begin();
}

void FtpTransfer::ask_for(std::uint64_t first, std::optional<std::uint64_t> last) {
    Curl& curl = *curl_;
    if (std::exchange(curl.added, false)) {
        curl.api.multi_remove_handle(curl.multi, curl.easy);
    }
    curl.reads_body = true;
    curl.set(CURLOPT_NOBODY, 0L);
    curl.set(CURLOPT_FILETIME, 0L);
    const std::string range = std::to_string(first) + "-" + (last ? std::to_string(*last) : "");
    curl.set(CURLOPT_RANGE, first > 0 || last ? range.c_str() : nullptr);
    curl.begin();
}

Result<FtpTransfer::Step> FtpTransfer::step(std::size_t most, std::chrono::milliseconds longest) {
    Curl& curl = *curl_;
    const auto give = [&] {
        const std::size_t size = std::min(most, curl.held.size());
        Step step;
        step.bytes.assign(curl.held.begin(), curl.held.begin() + static_cast<std::ptrdiff_t>(size));
        curl.held.erase(curl.held.begin(), curl.held.begin() + static_cast<std::ptrdiff_t>(size));
        step.done = curl.result && curl.held.empty();
        return step;
    };
    const auto end = Clock::now() + longest;
    while (curl.held.empty() && !curl.result) {
        if (std::exchange(curl.paused, false)) {
            curl.api.easy_pause(curl.easy, CURLPAUSE_CONT);
        }
        int running = 0;
        curl.api.multi_perform(curl.multi, &running);
        int left = 0;
        while (const CURLMsg* message = curl.api.multi_info_read(curl.multi, &left)) {
            if (message->msg == CURLMSG_DONE) {
                curl.result = message->data.result;
            }
        }
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now());
        if (!curl.held.empty() || curl.result || rest.count() <= 0) {
            break;
        }
        curl.api.multi_poll(curl.multi, nullptr, 0, static_cast<int>(rest.count()), nullptr);
    }
    // What came before a failure is good, and the failure is told after it.
    if (curl.held.empty() && curl.result && *curl.result != CURLE_OK) {
        return std::unexpected(curl.error_of(*curl.result));
    }
    return give();
}

FtpFile FtpTransfer::about() const {
    FtpFile file;
    curl_off_t size = -1;
    curl_off_t modified = -1;
    curl_->api.easy_getinfo(curl_->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    curl_->api.easy_getinfo(curl_->easy, CURLINFO_FILETIME_T, &modified);
    if (size >= 0) {
        file.size = static_cast<std::uint64_t>(size);
    }
    if (modified >= 0) {
        file.modified = modified;
    }
    return file;
}

std::string FtpTransfer::peer() const {
    const char* ip = nullptr;
    long port = 0;
    curl_->api.easy_getinfo(curl_->easy, CURLINFO_PRIMARY_IP, &ip);
    curl_->api.easy_getinfo(curl_->easy, CURLINFO_PRIMARY_PORT, &port);
    return ip == nullptr || *ip == '\0' ? std::string{} : net::Address{ip, static_cast<std::uint16_t>(port)}.str();
}

bool FtpTransfer::refuses_ranges() const {
    return curl_->result == CURLE_FTP_COULDNT_USE_REST || curl_->result == CURLE_RANGE_ERROR || curl_->result == CURLE_BAD_DOWNLOAD_RESUME;
}

void FtpTransfer::close() {
    curl_->set(CURLOPT_SERVER_RESPONSE_TIMEOUT, goodbye_limit);
    curl_.reset();
}

// What a reply of FTP (RFC 959 section 4.2) says, in the terms that http servers are judged by.
Error FtpTransfer::Curl::error_of(CURLcode code) const {
    Error error{.phase = Phase::receiving};
    long os_error = 0;
    api.easy_getinfo(easy, CURLINFO_OS_ERRNO, &os_error);
    const std::string said = reply.empty() ? std::string{} : "the server said: " + printable(reply);
    const int status = reply.size() > 3 ? static_cast<int>(parse_decimal(std::string_view{reply}.substr(0, 3)).value_or(0)) : 0;
    const auto is = [&](std::error_code what, std::string cause, std::string next_step = "") {
        error.code = what;
        error.cause = std::move(cause) + (said.empty() ? "" : "; " + said);
        error.next_step = std::move(next_step);
        return error;
    };
    switch (code) {
        case CURLE_COULDNT_CONNECT:
            error.phase = Phase::connecting;
            return os_error == ECONNREFUSED ? is(net::NetErrc::connect_refused, "the connection was refused")
                                            : is(net::NetErrc::unreachable, "no connection could be made");
        case CURLE_OPERATION_TIMEDOUT:
            error.phase = reply.empty() ? Phase::connecting : Phase::waiting;
            return is(Errc::timed_out, "the server did not answer in time", "raise 'timeout' if the link is slow");
        case CURLE_LOGIN_DENIED:
            return is(http::HttpErrc::forbidden, "the server refuses the login", "check user name and password");
        case CURLE_PARTIAL_FILE:
        case CURLE_RECV_ERROR:
        case CURLE_SEND_ERROR:
        case CURLE_GOT_NOTHING:
            return is(reads_body ? std::error_code{http::HttpErrc::truncated} : net::NetErrc::closed,
                      "the connection ended before the file did");
        case CURLE_OUT_OF_MEMORY:
            return is(net::NetErrc::no_descriptors, "there is no memory or no socket for the transfer");
        default:
            break;
    }
    if (status == 530) {
        return is(http::HttpErrc::forbidden, "the server refuses the login", "check user name and password");
    }
    if (status == 550 || status == 551 || status == 553 || code == CURLE_REMOTE_FILE_NOT_FOUND) {
        return is(http::HttpErrc::not_found, "the file is not there, or not for us");
    }
    if (status >= 400 && status < 500) {
        return is(http::HttpErrc::unavailable, "the server cannot send the file now", "try later or use another mirror");
    }
    if (status >= 500) {
        return is(http::HttpErrc::server_error, "the server does not send the file");
    }
    return is(http::HttpErrc::bad_head, std::string{"what the server does is no FTP: "} + api.easy_strerror(code));
}

}  // namespace lastack::download
