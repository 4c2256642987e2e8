#include "lastack/reader.hpp"

#include "download/stream.hpp"

#include <utility>

namespace lastack {

Reader::Reader(std::shared_ptr<download::StreamPipe> pipe) noexcept : pipe_{std::move(pipe)} {}

Reader::~Reader() {
    if (pipe_) {
        pipe_->cancel();
    }
}

Reader::Reader(Reader&&) noexcept = default;

Reader& Reader::operator=(Reader&& other) noexcept {
    std::swap(pipe_, other.pipe_);
    return *this;
}

Result<std::size_t> Reader::read(std::span<std::byte> room) { return pipe_->read(room); }

void Reader::cancel() { pipe_->cancel(); }

std::optional<std::uint64_t> Reader::size() const { return pipe_->size(); }

std::string Reader::url() const { return pipe_->url(); }

}  // namespace lastack
