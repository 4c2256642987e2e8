#include "bench/heap.hpp"

#include "bench/channel.hpp"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <malloc.h>
#include <string>
#include <string_view>

namespace lastack::bench {

namespace {

long resident_bytes() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) {
            return std::atol(line.c_str() + 8) * 1024;
        }
    }
    die("/proc/self/status has no RssAnon");
}

// The size in the last element of this kind: the totals over all arenas stand at the end.
long last_size(std::string_view xml, std::string_view element) {
    const auto at = xml.rfind(element);
    const auto size = at == std::string_view::npos ? at : xml.find("size=\"", at);
    long value = 0;
    if (size != std::string_view::npos) {
        std::from_chars(xml.data() + size + 6, xml.data() + xml.size(), value);
    }
    return value;
}

// mallinfo2 knows the main arena only; the reactor's allocations are in another.
long allocated_bytes() {
    char* text = nullptr;
    std::size_t size = 0;
    FILE* memory = ::open_memstream(&text, &size);
    ::malloc_info(0, memory);
    std::fclose(memory);
    const std::string_view xml{text, size};
    const long bytes = last_size(xml, "<system type=\"current\"") + last_size(xml, "<total type=\"mmap\"") -
                       last_size(xml, "<total type=\"fast\"") - last_size(xml, "<total type=\"rest\"");
    std::free(text);
    return bytes;
}

}  // namespace

Heap measure_heap() {
    Heap heap{.resident = resident_bytes(), .in_use = allocated_bytes()};
    ::malloc_trim(0);
    heap.resident_trimmed = resident_bytes();
    return heap;
}

}  // namespace lastack::bench
