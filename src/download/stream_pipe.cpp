#include "download/stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace lastack::download {

namespace {

Error cancelled_error() { return Error{.code = Errc::cancelled, .cause = "cancelled"}; }

}  // namespace

void StreamPipe::open(std::optional<std::uint64_t> size, std::string url) {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(open_, true)) {
        size_ = size;
        url_ = std::move(url);
        changed_.notify_all();
    }
}

std::size_t StreamPipe::take_in(std::span<const std::byte> piece) {
    const std::lock_guard lock{mutex_};
    if (first_ > 0) {
        bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
    }
    const auto fits = piece.first(std::min(piece.size(), capacity - bytes_.size()));
    bytes_.insert(bytes_.end(), fits.begin(), fits.end());
    full_ = fits.size() < piece.size();
    changed_.notify_all();
    return fits.size();
}

net::Task<Result<void>> StreamPipe::put(std::span<const std::byte> piece, net::Network& network) {
    net::Event room{network};
    waiting_ = &room;
    while (true) {
        piece = piece.subspan(take_in(piece));
        if (piece.empty()) {
            break;
        }
        if (co_await room.wait(TimePoint::max()) == net::Wake::cancelled || co_await net::is_cancelled()) {
            waiting_ = nullptr;
            co_return std::unexpected(cancelled_error());
        }
        room.reset();
    }
    waiting_ = nullptr;
    co_return Result<void>{};
}

void StreamPipe::room_came() {
    if (waiting_ != nullptr) {
        waiting_->set();
    }
}

void StreamPipe::end(Result<void> result) {
    const std::lock_guard lock{mutex_};
    hooks_ = {};
    end_.emplace(std::move(result));
    changed_.notify_all();
}

Result<void> StreamPipe::wait_open() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return open_ || end_; });
    return open_ ? Result<void>{} : *end_;
}

Result<std::size_t> StreamPipe::read(std::span<std::byte> room) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return room.empty() || first_ < bytes_.size() || end_ || cancelled_; });
    if (cancelled_) {
        return std::unexpected(cancelled_error());
    }
    const std::size_t size = std::min(room.size(), bytes_.size() - first_);
    if (size == 0) {
        return room.empty() || *end_ ? Result<std::size_t>{std::size_t{0}} : Result<std::size_t>{std::unexpected(end_->error())};
    }
    std::memcpy(room.data(), bytes_.data() + first_, size);
    first_ += size;
    // Half empty before the task is woken: a turn of the reactor for every few bytes would cost more than it moves.
    if (full_ && bytes_.size() - first_ <= capacity / 2 && hooks_.room) {
        full_ = false;
        hooks_.room();
    }
    return size;
}

void StreamPipe::cancel() {
    const std::lock_guard lock{mutex_};
    cancelled_ = true;
    changed_.notify_all();
    if (hooks_.cancel) {
        hooks_.cancel();
    }
}

std::optional<std::uint64_t> StreamPipe::size() const {
    const std::lock_guard lock{mutex_};
    return size_;
}

std::string StreamPipe::url() const {
    const std::lock_guard lock{mutex_};
    return url_;
}

}  // namespace lastack::download
