// Preloaded into a program under test: counts its writes, syncs and renames below FAULT_BELOW; the one with the number FAULT_AT fails with
// the errno FAULT_ERRNO, or, when that is 0, kills the program before it is done. The count stands in the file FAULT_COUNT (8 bytes).
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

namespace {

const char* setting(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

template <typename Function>
Function* real(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// Shared with the test by a file, so that a kill does not lose it.
std::atomic<std::uint64_t>& count() {
    static auto* const counter = [] {
        const int fd = ::open(setting("FAULT_COUNT"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        (void)::ftruncate(fd, sizeof(std::uint64_t));
        void* memory = ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        ::close(fd);
        return static_cast<std::atomic<std::uint64_t>*>(memory);
    }();
    return *counter;
}

bool is_below(const char* path) {
    const char* directory = setting("FAULT_BELOW");
    return *directory != '\0' && std::strncmp(path, directory, std::strlen(directory)) == 0;
}

bool is_below(int fd) {
    char link[64];
    char path[4096];
    std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t length = ::readlink(link, path, sizeof path - 1);
    if (length < 0) {
        return false;
    }
    path[length] = '\0';
    return is_below(path);
}

// True: the call is to fail, and errno says why.
bool fails() {
    if (++count() != std::strtoull(setting("FAULT_AT"), nullptr, 10)) {
        return false;
    }
    const int error = std::atoi(setting("FAULT_ERRNO"));
    if (error == 0) {
        ::kill(::getpid(), SIGKILL);
    }
    errno = error;
    return true;
}

template <typename Place>
bool is_the_one(Place place) {
    const int before = errno;
    const bool ours = is_below(place);
    errno = before;
    return ours && fails();
}

}  // namespace

extern "C" {

ssize_t write(int fd, const void* bytes, size_t size) { return is_the_one(fd) ? -1 : real<decltype(write)>("write")(fd, bytes, size); }
ssize_t pwrite(int fd, const void* bytes, size_t size, off_t offset) {
    return is_the_one(fd) ? -1 : real<decltype(pwrite)>("pwrite")(fd, bytes, size, offset);
}
ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
    return is_the_one(fd) ? -1 : real<decltype(pwrite64)>("pwrite64")(fd, bytes, size, offset);
}
int fsync(int fd) { return is_the_one(fd) ? -1 : real<decltype(fsync)>("fsync")(fd); }
int fdatasync(int fd) { return is_the_one(fd) ? -1 : real<decltype(fdatasync)>("fdatasync")(fd); }
int rename(const char* from, const char* to) noexcept {
    return is_the_one(to) ? -1 : real<int(const char*, const char*)>("rename")(from, to);
}

}  // extern "C"
