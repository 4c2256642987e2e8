#include "support/network_namespace.hpp"

#include "base/text.hpp"
#include "support/run_command.hpp"

#include <cerrno>
#include <exception>
#include <fcntl.h>
#include <sched.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <vector>

namespace lastack::test {

namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";

FileDescriptor open_own_namespace() {
    FileDescriptor file(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
    if (!file.valid()) {
        throw std::system_error(errno, std::generic_category(), kOwnNamespace);
    }
    return file;
}

// unshare(2) changes the calling thread alone, so a thread that ends at once is the way to a namespace that nobody is in.
FileDescriptor new_namespace() {
    FileDescriptor file;
    int error = 0;
    std::thread([&] {
        if (::unshare(CLONE_NEWNET) != 0) {
            error = errno;
            return;
        }
        file = FileDescriptor(::open(kOwnNamespace, O_RDONLY | O_CLOEXEC));
        error = errno;
    }).join();
    if (!file.valid()) {
        throw std::system_error(error, std::generic_category(), "no network namespace can be made here");
    }
    return file;
}

}  // namespace

NetworkNamespace::NetworkNamespace() : file_(new_namespace()) { ip("link set lo up"); }

NetworkNamespace::Stay::Stay(const NetworkNamespace& in) : before_(open_own_namespace()) {
    if (::setns(in.file_.get(), CLONE_NEWNET) != 0) {
        throw std::system_error(errno, std::generic_category(), "setns");
    }
}

NetworkNamespace::Stay::~Stay() {
    if (::setns(before_.get(), CLONE_NEWNET) != 0) {
        std::terminate();  // every test after this one would run in the wrong network
    }
}

std::string NetworkNamespace::ip(std::string_view arguments) const {
    const Stay stay(*this);
    auto words = split(arguments, " ");
    words.insert(words.begin(), "ip");
    return must_run(words);
}

std::string NetworkNamespace::nft(const std::string& commands) const {
    const Stay stay(*this);
    return must_run({"/usr/sbin/nft", commands});
}

std::string NetworkNamespace::path() const { return "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file_.get()); }

std::string NamespacePair::why_not() {
    try {
        const NetworkNamespace probe;
        probe.nft("add table inet probe");
        return {};
    } catch (const std::exception& error) {
        return error.what();
    }
}

NamespacePair::NamespacePair() {
    server.ip(std::string("addr add ") + kServer + "/32 dev lo");
    server.ip(std::string("addr add ") + kServerSix + "/128 dev lo nodad");
    constexpr int preferred = 100;
    constexpr int reserve = 200;
    join(first, preferred);
    join(second, reserve);
}

void NamespacePair::join(const NamespaceLink& link, int metric) const {
    client.ip("link add " + link.name + " type veth peer name " + link.name + " netns " + server.path());
    const auto set_up = [&](const NetworkNamespace& end, const std::string& four, const std::string& six) {
        end.ip("addr add " + four + "/24 dev " + link.name);
        // Without `nodad` an address cannot be used for the first second.
        end.ip("addr add " + six + "/64 dev " + link.name + " nodad");
        end.ip("link set " + link.name + " up");
    };
    set_up(server, link.server, link.server_six);
    set_up(client, link.client, link.client_six);
    client.ip("route add default via " + link.server + " metric " + std::to_string(metric));
    client.ip("-6 route add default via " + link.server_six + " metric " + std::to_string(metric));
}

}  // namespace lastack::test
