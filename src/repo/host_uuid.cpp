#include "repo/host_uuid.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <span>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t uuid_length = 36;

bool is_hyphen_place(std::size_t place) { return place == 8 || place == 13 || place == 18 || place == 23; }

// A symbolic link is refused: it could bring any file's first line into a URL.
Result<std::string> read_uuid(const fs::path& file) {
    auto opened = open_file(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!opened) {
        return std::unexpected(std::move(opened.error()));
    }
    struct stat info{};
    std::array<char, uuid_length + 2> buffer{};
    const bool is_file = ::fstat(opened->get(), &info) == 0 && S_ISREG(info.st_mode);
    const auto bytes = std::as_writable_bytes(std::span{buffer});
    const auto n = is_file ? read_at(opened->get(), bytes, 0, file) : Result<std::size_t>{0};
    if (!n) {
        return std::unexpected(n.error());
    }
    std::string_view text{buffer.data(), *n};
    text = text.substr(0, text.find('\n'));
    if (!is_uuid(text)) {
        return std::unexpected(Error{.code = Errc::io_failed,
                                     .phase = Phase::parsing,
                                     .cause = printable(file.string()) + " holds no uuid",
                                     .next_step = "remove it; a new one is made"});
    }
    return to_lower(text);
}

Result<std::string> random_uuid() {
    std::array<unsigned char, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        return std::unexpected(system_error(errno, "the kernel gives no random bytes"));
    }
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0FU) | 0x40U);  // version 4: random
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3FU) | 0x80U);
    std::string text = to_hex(bytes);
    for (const std::size_t place : {8U, 13U, 18U, 23U}) {
        text.insert(place, 1, '-');
    }
    return text;
}

// Whoever comes first gives it its name, whole: link() does not replace.
Result<void> make_uuid(const fs::path& file) {
    const auto uuid = random_uuid();
    if (!uuid) {
        return std::unexpected(uuid.error());
    }
    if (auto made = make_directories(file.parent_path()); !made) {
        return made;
    }
    const fs::path unfinished = file.string() + "." + *uuid;
    auto out = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW);
    if (!out) {
        return std::unexpected(std::move(out.error()));
    }
    const std::string line = *uuid + "\n";
    auto done = write_at(out->get(), std::as_bytes(std::span{line}), 0);
    if (done && (::fsync(out->get()) != 0 || (::link(unfinished.c_str(), file.c_str()) != 0 && errno != EEXIST))) {
        done = std::unexpected(system_error(errno, "cannot write " + file.string()));
    }
    ::unlink(unfinished.c_str());
    return done;
}

}  // namespace

bool is_uuid(std::string_view text) {
    if (text.size() != uuid_length) {
        return false;
    }
    for (std::size_t place = 0; place < text.size(); ++place) {
        const char c = text[place];
        const bool is_digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (is_hyphen_place(place) ? c != '-' : !is_digit) {
            return false;
        }
    }
    return true;
}

Result<std::string> host_uuid(const fs::path& persistdir, MakeUuid make) {
    const fs::path file = persistdir / "uuid";
    auto found = read_uuid(file);
    if (found || found.error().code != Errc::not_found || make == MakeUuid::no) {
        return found;
    }
    if (auto made = make_uuid(file); !made) {
        return std::unexpected(std::move(made.error()));
    }
    return read_uuid(file);
}

}  // namespace lastack::repo
