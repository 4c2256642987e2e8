// Who goes first on a machine with few processors, so that a figure is about the client and not about who waits for a processor.
#pragma once

namespace lastack::bench {

// What measures wakes at once: this thread, not those that it starts. False where the system does not permit it (CAP_SYS_NICE).
bool measure_in_real_time();

// What stands for other machines, and what only makes room for more load, runs when nobody else wants the processor.
void give_way();

}  // namespace lastack::bench
