// A queue of ids that frees itself.
#pragma once

#include "package/solv/libsolv.hpp"

#include <span>
#include <vector>

namespace lastack::package::solv {

class IdQueue {
public:
    IdQueue() { queue_init(&queue_); }
    ~IdQueue() { queue_free(&queue_); }
    IdQueue(const IdQueue&) = delete;
    IdQueue& operator=(const IdQueue&) = delete;

    [[nodiscard]] ::Queue* get() noexcept { return &queue_; }
    [[nodiscard]] std::span<const Id> ids() const noexcept { return {queue_.elements, static_cast<std::size_t>(queue_.count)}; }
    void push(Id id) { queue_push(&queue_, id); }
    void push2(Id first, Id second) { queue_push2(&queue_, first, second); }

private:
    ::Queue queue_{};
};

}  // namespace lastack::package::solv
