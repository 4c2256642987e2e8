#include "net/socket_owners.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <memory>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::net {

namespace {

std::string proc(pid_t pid) { return "/proc/" + std::to_string(pid); }

// The inode that "socket:[123]" names; nothing for any other kind of descriptor.
std::optional<std::uint64_t> socket_inode(const std::string& link) {
    constexpr std::string_view before = "socket:[";
    std::array<char, 64> target{};
    const auto length = ::readlink(link.c_str(), target.data(), target.size());
    if (length <= 0) {
        return std::nullopt;
    }
    const std::string_view text(target.data(), static_cast<std::size_t>(length));
    if (!text.starts_with(before) || !text.ends_with(']')) {
        return std::nullopt;
    }
    return parse_decimal(text.substr(before.size(), text.size() - before.size() - 1));
}

bool still_holds(const SocketHolder& holder, std::uint64_t inode) {
    return socket_inode(proc(holder.pid) + "/fd/" + std::to_string(holder.fd)) == inode;
}

std::optional<ino_t> network_namespace(const std::string& process) {
    struct stat status{};
    return ::stat((process + "/ns/net").c_str(), &status) == 0 ? std::optional(status.st_ino) : std::nullopt;
}

}  // namespace

void SocketOwners::follow(const std::vector<TcpSocket>& table, TimePoint now) {
    if (!scan_is_due(table, now)) {
        return;
    }
    scan();
    scanned_ = now;
    judged_.clear();
    for (const TcpSocket& socket : table) {
        judged_.insert(socket.inode);
    }
}

bool SocketOwners::scan_is_due(const std::vector<TcpSocket>& table, TimePoint now) const {
    if (!scanned_ || now - *scanned_ >= longest_between_scans) {
        return true;
    }
    return std::ranges::any_of(table, [&](const TcpSocket& socket) {
        if (socket.inode == 0) {
            return false;
        }
        const auto holder = holders_.find(socket.inode);
        return holder == holders_.end() ? !judged_.contains(socket.inode) : !still_holds(holder->second, socket.inode);
    });
}

std::optional<SocketHolder> SocketOwners::holder_of(const TcpSocket& socket) const {
    const auto holder = holders_.find(socket.inode);
    return socket.inode != 0 && holder != holders_.end() ? std::optional(holder->second) : std::nullopt;
}

void SocketOwners::scan() {
    holders_.clear();
    elsewhere_.clear();
    hidden_ = 0;
    processes_ = watched_();
    std::vector<ino_t> namespaces;
    if (const auto ours = network_namespace("/proc/self")) {
        namespaces.push_back(*ours);
    }
    for (const pid_t pid : processes_) {
        scan_descriptors(pid);
        const auto its = network_namespace(proc(pid));
        if (its && std::ranges::find(namespaces, *its) == namespaces.end()) {
            namespaces.push_back(*its);
            elsewhere_.push_back(pid);
        }
    }
}

void SocketOwners::scan_descriptors(pid_t pid) {
    const auto directory = proc(pid) + "/fd";
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
    if (!open) {
        hidden_ += errno == EACCES || errno == EPERM ? 1 : 0;
        return;
    }
    while (const dirent* entry = ::readdir(open.get())) {
        const auto fd = parse_decimal(entry->d_name);
        if (!fd || *fd > INT32_MAX) {
            continue;
        }
        if (const auto inode = socket_inode(directory + "/" + entry->d_name)) {
            holders_.try_emplace(*inode, SocketHolder{.pid = pid, .fd = static_cast<int>(*fd)});
        }
    }
}

}  // namespace lastack::net
