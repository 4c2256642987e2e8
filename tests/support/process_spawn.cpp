#include "support/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace lastack::test {

namespace {

[[noreturn]] void fail(const std::string& what, int error = errno) { throw std::system_error(error, std::generic_category(), what); }

void check(int error, const char* what) {
    if (error != 0) {
        fail(what, error);
    }
}

struct Spawning {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};

    Spawning() {
        check(::posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
        check(::posix_spawnattr_init(&attributes), "posix_spawnattr_init");
    }
    ~Spawning() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    Spawning(const Spawning&) = delete;
    Spawning& operator=(const Spawning&) = delete;

    void duplicate(int from, int to) { check(::posix_spawn_file_actions_adddup2(&actions, from, to), "adddup2"); }
    void open(int as, const char* path, int flags) { check(::posix_spawn_file_actions_addopen(&actions, as, path, flags, 0), "addopen"); }
    void close(int descriptor) { check(::posix_spawn_file_actions_addclose(&actions, descriptor), "addclose"); }
};

std::vector<std::string> environment_of(const ProcessOptions& options) {
    std::vector<std::string> result;
    for (char** each = environ; *each != nullptr; ++each) {
        const std::string entry = *each;
        const auto name = entry.substr(0, entry.find('='));
        if (!options.environment.contains(name) && std::ranges::find(options.unset, name) == options.unset.end()) {
            result.push_back(entry);
        }
    }
    for (const auto& [name, value] : options.environment) {
        result.push_back(name + "=" + value);
    }
    return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (auto& each : strings) {
        result.push_back(each.data());
    }
    result.push_back(nullptr);
    return result;
}

// Everything from 3 on but what is to be kept.
void close_others(Spawning& spawning, std::vector<int> keep) {
    std::ranges::sort(keep);
    int next = 3;
    for (const int kept : keep) {
        for (; next < kept; ++next) {
            spawning.close(next);
        }
        // Duplicated onto itself a descriptor loses its close-on-exec flag in the child, and only there.
        spawning.duplicate(kept, kept);
        next = kept + 1;
    }
    check(::posix_spawn_file_actions_addclosefrom_np(&spawning.actions, next), "addclosefrom");
}

}  // namespace

void Process::spawn(const ProcessOptions& options, int in, int out, int err, const std::string& terminal) {
    using Input = ProcessOptions::Input;
    Spawning spawning;
    if (!terminal.empty()) {
        // The first terminal that a session leader opens becomes its controlling terminal.
        spawning.open(0, terminal.c_str(), O_RDWR);
        spawning.duplicate(0, 1);
        spawning.duplicate(0, 2);
    } else {
        if (in >= 0) {
            spawning.duplicate(in, 0);
        } else if (options.stdin_is == Input::closed) {
            spawning.close(0);
        } else {
            spawning.open(0, "/dev/null", O_RDONLY);
        }
        spawning.duplicate(out, 1);
        spawning.duplicate(err, 2);
    }
    close_others(spawning, options.keep);
    if (options.directory) {
        check(::posix_spawn_file_actions_addchdir_np(&spawning.actions, options.directory->c_str()), "addchdir");
    }
    // Signals as a shell would give them: a test's program may have blocked or ignored some.
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    check(::posix_spawnattr_setsigmask(&spawning.attributes, &none), "setsigmask");
    check(::posix_spawnattr_setsigdefault(&spawning.attributes, &all), "setsigdefault");
    const int group = terminal.empty() ? POSIX_SPAWN_SETPGROUP : POSIX_SPAWN_SETSID;
    check(::posix_spawnattr_setflags(&spawning.attributes, static_cast<short>(group | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)),
          "setflags");

    auto arguments = options.arguments;
    auto environment = environment_of(options);
    const auto argv = pointers_to(arguments);
    const auto envp = pointers_to(environment);
    const int error = ::posix_spawnp(&pid_, argv.front(), &spawning.actions, &spawning.attributes, argv.data(), envp.data());
    if (error != 0) {
        pid_ = -1;
        fail("cannot start " + arguments.at(0), error);
    }
    // Not pidfd_open(): the header of glibc 2.36 declares it without C linkage.
    pidfd_ = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!pidfd_.valid()) {
        fail("pidfd_open");
    }
}

}  // namespace lastack::test
