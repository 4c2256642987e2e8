#include "package/spawn.hpp"

#include "package/error.hpp"
#include "transact/channel/message.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace lastack::package {

namespace fs = std::filesystem;

namespace {

constexpr const char* program_name = "lastack-transact";
constexpr rlim_t spare_descriptors = 512;  // what the rest of the program has open meanwhile

std::unexpected<Error> cannot_start(std::string cause, std::string next_step = {}) {
    return std::unexpected(Error{.code = PackageErrc::transaction_process,
                                 .phase = Phase::transaction,
                                 .cause = std::move(cause),
                                 .next_step = std::move(next_step)});
}

std::unexpected<Error> failed_call(int error_number, std::string what) {
    auto error = system_error(error_number, std::move(what));
    error.phase = Phase::transaction;
    if (error_number == EMFILE || error_number == ENFILE) {
        error.next_step = "raise the limit of open files (ulimit -n)";
    }
    return std::unexpected(std::move(error));
}

void raise_descriptor_limit(std::size_t package_count) {
    rlimit limit{};
    const rlim_t needed = rlim_t{2} * package_count + spare_descriptors;
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed) {
        limit.rlim_cur = std::min(needed, limit.rlim_max);
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int first_free_for_us(std::size_t package_count) { return transact::first_package_fd + static_cast<int>(package_count); }

// A descriptor that is dup2'd to its number in the child must not be another one's number there.
Result<FileDescriptor> move_above(FileDescriptor fd, int floor) {
    if (fd.get() >= floor) {
        return fd;
    }
    const int moved = ::fcntl(fd.get(), F_DUPFD_CLOEXEC, floor);
    if (moved < 0) {
        return failed_call(errno == EINVAL ? EMFILE : errno, "cannot prepare a descriptor for the transaction");
    }
    return FileDescriptor(moved);
}

Result<FileDescriptor> open_package(const fs::path& file, int floor) {
    // Without O_NONBLOCK a FIFO under a package's name would hang us.
    auto fd = open_file(file, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) {
        fd.error().phase = Phase::transaction;
        return fd;
    }
    struct stat status{};
    if (::fstat(fd->get(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::unexpected(
            Error{.code = PackageErrc::not_a_package, .phase = Phase::transaction, .cause = file.string() + " is not a regular file"});
    }
    return move_above(std::move(*fd), floor);
}

struct Pipe {
    FileDescriptor reader;
    FileDescriptor writer;
};

Result<Pipe> make_pipe(int floor) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return failed_call(errno, "cannot make a pipe for the transaction");
    }
    FileDescriptor low_reader(ends[0]);
    FileDescriptor low_writer(ends[1]);
    auto reader = move_above(std::move(low_reader), floor);
    auto writer = move_above(std::move(low_writer), floor);
    if (!reader || !writer) {
        return std::unexpected(reader ? std::move(writer.error()) : std::move(reader.error()));
    }
    return Pipe{std::move(*reader), std::move(*writer)};
}

// posix_spawn's two argument objects with their ends.
class SpawnArguments {
public:
    SpawnArguments() {
        posix_spawn_file_actions_init(&actions_);
        posix_spawnattr_init(&attributes_);
        sigset_t all;
        sigfillset(&all);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        // Born with everything blocked: no signal can end it before it has made its own choice.
        posix_spawnattr_setsigmask(&attributes_, &all);
        posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
    }
    ~SpawnArguments() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    SpawnArguments(const SpawnArguments&) = delete;
    SpawnArguments& operator=(const SpawnArguments&) = delete;

    void null_device(int target) { error_ |= posix_spawn_file_actions_addopen(&actions_, target, "/dev/null", O_RDWR, 0); }
    void give(int fd, int target) { error_ |= posix_spawn_file_actions_adddup2(&actions_, fd, target); }
    void close_from(int first) { error_ |= posix_spawn_file_actions_addclosefrom_np(&actions_, first); }

    [[nodiscard]] int start(pid_t& pid, const fs::path& program) {
        if (error_ != 0) {
            return ENOMEM;
        }
        std::array<std::string, 3> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"};
        std::string name = program_name;
        std::array<char*, 2> argv = {name.data(), nullptr};
        std::array<char*, 4> envp = {environment[0].data(), environment[1].data(), environment[2].data(), nullptr};
        return ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, argv.data(), envp.data());
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
    int error_ = 0;
};

}  // namespace

Result<std::vector<FileDescriptor>> open_packages(const std::vector<fs::path>& files) {
    raise_descriptor_limit(files.size());
    std::vector<FileDescriptor> opened;
    opened.reserve(files.size());
    for (const auto& file : files) {
        auto fd = open_package(file, first_free_for_us(files.size()));
        if (!fd) {
            return std::unexpected(std::move(fd.error()));
        }
        opened.push_back(std::move(*fd));
    }
    return opened;
}

Result<fs::path> find_transact_program(const std::optional<fs::path>& wanted) {
    std::vector<fs::path> candidates;
    if (wanted) {
        candidates = {*wanted};
    } else {
        std::error_code ignored;
        candidates = {fs::read_symlink("/proc/self/exe", ignored).parent_path() / program_name,
                      fs::path(LASTACK_LIBEXECDIR) / program_name};
    }
    for (const auto& candidate : candidates) {
        if (candidate.is_absolute() && ::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return cannot_start("cannot find " + candidates.back().string(), "install lastack again");
}

Result<TransactProcess> spawn_transact(const fs::path& program, const std::vector<FileDescriptor>& packages) {
    const int floor = first_free_for_us(packages.size());
    auto requests = make_pipe(floor);
    auto answers = make_pipe(floor);
    if (!requests || !answers) {
        return std::unexpected(requests ? std::move(answers.error()) : std::move(requests.error()));
    }
    SpawnArguments arguments;
    for (const int target : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        arguments.null_device(target);
    }
    arguments.give(requests->reader.get(), transact::request_fd);
    arguments.give(answers->writer.get(), transact::answer_fd);
    for (std::size_t i = 0; i < packages.size(); ++i) {
        arguments.give(packages[i].get(), transact::first_package_fd + static_cast<int>(i));
    }
    arguments.close_from(floor);
    TransactProcess process{.requests = std::move(requests->writer), .answers = std::move(answers->reader)};
    if (const int error = arguments.start(process.pid, program); error != 0) {
        return cannot_start("cannot start " + program.string() + ": " + std::system_category().message(error));
    }
    return process;
}

std::string wait_in_words(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return "ended";
        }
    }
    if (WIFSIGNALED(status)) {
        const char* name = sigabbrev_np(WTERMSIG(status));
        return "was killed by " + (name == nullptr ? "signal " + std::to_string(WTERMSIG(status)) : "SIG" + std::string(name));
    }
    return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace lastack::package
