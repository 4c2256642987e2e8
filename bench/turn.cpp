#include "bench/turn.hpp"

#include <sched.h>

namespace lastack::bench {

bool measure_in_real_time() {
    const sched_param lowest{.sched_priority = 1};
    return ::sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &lowest) == 0;  // 0: this thread
}

void give_way() {
    const sched_param none{};
    ::sched_setscheduler(0, SCHED_IDLE, &none);
}

}  // namespace lastack::bench
