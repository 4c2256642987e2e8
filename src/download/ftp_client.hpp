// ftp URLs. A request is answered as an http server would answer it (status, length, an entity tag of size and time), so that resume,
// ranges, digests and mirrors treat both alike. libcurl speaks the protocol; no connection outlives its file. Reactor thread only.
#pragma once

#include "http/client.hpp"
#include "http/pace_gate.hpp"
#include "net/event.hpp"
#include "net/network.hpp"
#include "net/workers.hpp"

#include "lastack/result.hpp"

#include <list>
#include <memory>
#include <string_view>

namespace lastack::download {

class FtpTransfer;

[[nodiscard]] bool is_ftp_url(std::string_view url);

class FtpClient {
public:
    // `most`: transfers at a time; 0: ftp is not spoken (simulations). `pace` bounds those to one server.
    FtpClient(net::Network& network, http::PaceGate& pace, unsigned most) : network_{network}, pace_{pace}, most_{most} {}

    // Range, If-Range and If-None-Match of the request are honoured; other fields mean nothing to the protocol. Errors: as
    // http::Client::send; Errc::invalid_argument for a proxy, a directory, and a path that FTP cannot name.
    [[nodiscard]] net::Task<Result<http::Response>> send(http::Request request, http::BodySink& sink);

    // Ends all transfers as interrupted, in a moment; further ones wait until thaw().
    void freeze() { frozen_ = true; }
    void thaw();
    [[nodiscard]] unsigned open() const noexcept { return open_; }  // with a connection

private:
    struct Answer;
    [[nodiscard]] net::Task<Result<void>> stays_wanted() const;
    net::Task<Result<http::Response>> transfer(const http::Request& request, FtpTransfer& ftp, http::BodySink& sink);
    net::Task<Result<void>> learn(const http::Request& request, FtpTransfer& ftp);
    net::Task<Result<void>> bring(const http::Request& request, FtpTransfer& ftp, const Answer& answer, http::BodySink& sink);
    net::Workers& workers();

    net::Network& network_;
    http::PaceGate& pace_;
    unsigned most_;
    unsigned open_ = 0;
    bool frozen_ = false;
    std::list<net::Event*> waiting_;         // for thaw()
    std::unique_ptr<net::Workers> workers_;  // made with the first transfer: most runs have none
};

}  // namespace lastack::download
