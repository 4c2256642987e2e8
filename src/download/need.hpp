// A planned request: while it lives, the pool keeps a connection to its host rather than closing it for want of work.
#pragma once

#include "net/pool.hpp"

#include <optional>
#include <utility>

namespace lastack::download {

class Need {
public:
    Need(net::Pool& pool, net::PoolKey key) : pool_{&pool}, key_{std::move(key)} { pool_->add_need(key_); }
    ~Need() {
        if (pool_ != nullptr) {
            pool_->remove_need(key_);
        }
    }
    Need(Need&& other) noexcept : pool_{std::exchange(other.pool_, nullptr)}, key_{std::move(other.key_)} {}
    Need& operator=(Need&&) = delete;

private:
    net::Pool* pool_;
    net::PoolKey key_;
};

}  // namespace lastack::download
