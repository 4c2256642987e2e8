// How many repeated requests a whole run may make: some to begin with, and more for each that succeeded, so that a flaky network costs
// patience and a dead one ends soon. Pure.
#pragma once

#include <algorithm>

namespace lastack::download {

class RetryBudget {
public:
    // `parallel`: files in transfer at a time, all of which one short outage may hit.
    explicit RetryBudget(unsigned parallel) : left_{std::clamp(at_first_each * parallel, at_first_each, most)} {}

    void succeeded() { left_ = std::min(left_ + earned, most); }
    // Takes one retry; false: none is left.
    bool take() {
        if (left_ == 0) {
            return false;
        }
        --left_;
        return true;
    }
    [[nodiscard]] unsigned left() const noexcept { return left_; }

private:
    static constexpr unsigned at_first_each = 10;
    static constexpr unsigned earned = 2;  // per success
    static constexpr unsigned most = 2000;
    unsigned left_;
};

}  // namespace lastack::download
