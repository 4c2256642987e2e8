#include "base/file_replacement.hpp"

#include "base/text.hpp"

#include <cerrno>
#include <fcntl.h>
#include <span>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

namespace lastack {

namespace fs = std::filesystem;

namespace {

constexpr mode_t permissions = 07777;
constexpr mode_t mode_of_new_files = 0644;

std::unexpected<Error> cannot(const fs::path& path, int error_number) {
    Error error = system_error(error_number, "cannot change " + printable(path.string()));
    if (error.code == Errc::not_permitted) {
        error.next_step = "run it as a user who may write there";
    } else if (error.code == Errc::no_space) {
        error.next_step = "free some space and run the command again; the file is as it was";
    }
    return std::unexpected(std::move(error));
}

std::unexpected<Error> cannot(const fs::path& path, Errc code, const char* why) {
    return std::unexpected(Error{.code = code, .phase = Phase::writing, .cause = "cannot change " + printable(path.string()) + ": " + why});
}

bool is_same_file(const struct stat& a, const struct stat& b) { return a.st_dev == b.st_dev && a.st_ino == b.st_ino; }

// Labels, access lists and what people attached themselves; not what belongs to the content (security.ima).
bool stays_with_the_name(std::string_view attribute) {
    return attribute == "security.selinux" || attribute == "security.SMACK64" || attribute == "system.posix_acl_access" ||
           attribute.starts_with("user.");
}

// Empty where there is none.
std::string attribute_of(int fd, const std::string& name) {
    const ssize_t size = ::fgetxattr(fd, name.c_str(), nullptr, 0);
    std::string value(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    const ssize_t got = value.empty() ? 0 : ::fgetxattr(fd, name.c_str(), value.data(), value.size());
    value.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return value;
}

std::vector<std::string> attributes_of(int fd) {
    const ssize_t size = ::flistxattr(fd, nullptr, 0);
    std::string names(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    const ssize_t got = names.empty() ? 0 : ::flistxattr(fd, names.data(), names.size());
    names.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return split(names, std::string_view{"\0", 1});
}

}  // namespace

FileReplacement::FileReplacement(fs::path path)
    : path_{std::move(path)}, staged_{path_.parent_path() / ("." + path_.filename().string() + ".edit")} {}

FileReplacement::~FileReplacement() {
    struct stat ours{};
    struct stat named{};
    // After commit() the name may be another process's.
    if (file_.valid() && ::fstat(file_.get(), &ours) == 0 && ::lstat(staged_.c_str(), &named) == 0 && is_same_file(ours, named)) {
        ::unlink(staged_.c_str());
    }
}

Result<FileReplacement> FileReplacement::of(const fs::path& path) {
    FileReplacement replacement{path};
    if (auto opened = replacement.open_old(); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    if (auto held = replacement.hold(); !held) {
        return std::unexpected(std::move(held.error()));
    }
    // Only now is it sure that nobody has replaced it since.
    if (auto opened = replacement.open_old(); !opened) {
        return std::unexpected(std::move(opened.error()));
    }
    return replacement;
}

Result<void> FileReplacement::open_old() {
    old_ = FileDescriptor{};
    const int fd = ::open(path_.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? Result<void>{} : cannot(path_, errno);
    }
    old_ = FileDescriptor{fd};
    struct stat info{};
    if (::fstat(fd, &info) != 0) {
        return cannot(path_, errno);
    }
    if (!S_ISREG(info.st_mode)) {
        return cannot(path_, Errc::io_failed, "it is not a regular file");
    }
    // Whoever may write to the directory could replace it all the same, but read-only was somebody's wish.
    return ::faccessat(AT_FDCWD, path_.c_str(), W_OK, AT_EACCESS) == 0 ? Result<void>{} : cannot(path_, errno);
}

// The file with the new content is the lock: its name is known, and nobody else may open it. What was left behind by a process that was
// killed is taken over.
Result<void> FileReplacement::hold() {
    while (true) {
        const int fd = ::open(staged_.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
        if (fd < 0) {
            return cannot(path_, errno);
        }
        FileDescriptor file{fd};
        if (::flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            Error error = cannot(path_, Errc::locked, "another process is changing it").error();
            error.next_step = "run the command again";
            return std::unexpected(std::move(error));
        }
        struct stat ours{};
        struct stat named{};
        if (::fstat(fd, &ours) != 0) {
            return cannot(path_, errno);
        }
        if (!S_ISREG(ours.st_mode) || ours.st_nlink > 1) {
            return cannot(staged_, Errc::io_failed, "it is not a file of its own");
        }
        if (::lstat(staged_.c_str(), &named) == 0 && is_same_file(ours, named)) {
            file_ = std::move(file);
            return {};
        }
        // Another process was faster, and has just given it its name or removed it.
    }
}

Result<void> FileReplacement::stage(std::string_view content) {
    if (::ftruncate(file_.get(), 0) != 0) {
        return cannot(path_, errno);
    }
    if (auto written = write_at(file_.get(), std::as_bytes(std::span{content}), 0); !written) {
        written.error().cause = "cannot change " + printable(path_.string()) + ": " + written.error().cause;
        return written;
    }
    if (auto taken = take_over_attributes(); !taken) {
        return taken;
    }
    return ::fsync(file_.get()) == 0 ? Result<void>{} : cannot(path_, errno);
}

Result<void> FileReplacement::take_over_attributes() {
    if (!old_.valid()) {
        return ::fchmod(file_.get(), mode_of_new_files) == 0 ? Result<void>{} : cannot(path_, errno);
    }
    struct stat old{};
    struct stat now{};
    if (::fstat(old_.get(), &old) != 0 || ::fstat(file_.get(), &now) != 0) {
        return cannot(path_, errno);
    }
    if ((old.st_uid != now.st_uid || old.st_gid != now.st_gid) && ::fchown(file_.get(), old.st_uid, old.st_gid) != 0) {
        return cannot(path_, Errc::not_permitted, "its owner cannot be kept");
    }
    if (::fchmod(file_.get(), old.st_mode & permissions) != 0) {
        return cannot(path_, errno);
    }
    for (const std::string& name : attributes_of(old_.get())) {
        const std::string value = stays_with_the_name(name) ? attribute_of(old_.get(), name) : "";
        if (value.empty() || value == attribute_of(file_.get(), name)) {
            continue;
        }
        if (::fsetxattr(file_.get(), name.c_str(), value.data(), value.size(), 0) != 0) {
            return cannot(path_, Errc::not_permitted, ("its attribute " + name + " cannot be kept").c_str());
        }
    }
    return {};
}

Result<void> FileReplacement::commit() {
    if (auto renamed = rename_file(staged_, path_); !renamed) {
        renamed.error().cause = "cannot change " + printable(path_.string()) + ": " + renamed.error().cause;
        return renamed;
    }
    return {};
}

}  // namespace lastack
