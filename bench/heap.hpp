// What a process holds in user space.
#pragma once

#include <cstddef>

namespace lastack::bench {

struct Heap {
    long resident = 0;          // RssAnon of /proc/self/status, bytes: memory of its own, not pages of files
    long resident_trimmed = 0;  // the same after malloc_trim(0): what the allocator holds back is given to the system first
    long in_use = 0;            // allocated and not freed, over all arenas (malloc_info)
};

// Trims the heap on the way.
[[nodiscard]] Heap measure_heap();

}  // namespace lastack::bench
