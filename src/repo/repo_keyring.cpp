#include "repo/repo_keyring.hpp"

#include "base/file.hpp"
#include "base/text.hpp"
#include "base/url.hpp"
#include "repo/error.hpp"
#include "repo/openpgp_armour.hpp"

#include <algorithm>
#include <cerrno>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr mode_t directory_mode = 0755;
constexpr std::string_view from_words = "From: ";
constexpr std::string_view extension = ".asc";
constexpr std::string_view verified_name = "verified";
constexpr std::size_t max_stored_size = 2 * max_armoured_size;

std::unexpected<Error> unusable(std::string cause, std::string next_step) {
    return std::unexpected(
        Error{.code = RepoErrc::keyring_unusable, .phase = Phase::verifying, .cause = std::move(cause), .next_step = std::move(next_step)});
}

// Whoever can write here decides what is trusted. False when there is nothing of that name.
Result<bool> check_owner(const fs::path& path, mode_t kind) {
    struct stat info{};
    if (::lstat(path.c_str(), &info) != 0) {
        if (errno == ENOENT) {
            return false;
        }
        return unusable("cannot look at " + path.string() + ": " + std::system_category().message(errno), "run it as root");
    }
    const uid_t user = ::geteuid();
    const mode_t too_open = user == 0 ? (S_IWGRP | S_IWOTH) : S_IWOTH;
    if ((info.st_mode & S_IFMT) != kind || (info.st_uid != user && info.st_uid != 0) || (info.st_mode & too_open) != 0) {
        return unusable("somebody else could have written " + path.string() + ", which decides which keys are trusted",
                        "look at it, then remove it and run the command again");
    }
    return true;
}

bool is_fingerprint(std::string_view text) {
    constexpr std::size_t length = 40;
    return text.size() == length && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

struct Stored {
    Certificate key;
    std::string url;
};

Result<Stored> read_stored(const fs::path& path) {
    const auto text = read_file(path, max_stored_size);
    if (!text) {
        return std::unexpected(text.error());
    }
    const auto damaged = [&path](const std::string& why) {
        return unusable(path.string() + " is damaged: " + why, "remove it; the key is asked for again");
    };
    const auto line = std::string_view(*text).substr(0, text->find('\n'));
    if (!line.starts_with(from_words)) {
        return damaged("it does not say where the key is from");
    }
    auto keys = parse_key_file(*text);
    if (!keys) {
        return damaged(keys.error());
    }
    if (keys->size() != 1 || keys->front().primary.fingerprint != path.stem()) {
        return damaged("it holds another key than its name says");
    }
    return Stored{.key = std::move(keys->front()), .url = std::string(line.substr(from_words.size()))};
}

}  // namespace

fs::path persist_directory(const MainConfig& main) {
    const fs::path root = main.installroot.lexically_normal();
    const auto [end, ignored] = std::ranges::mismatch(root, main.persistdir.lexically_normal());
    const bool below = end == root.end() || end->empty();  // "/root/" ends in an empty part
    return below ? main.persistdir : root / main.persistdir.relative_path();
}

RepoKeyring::RepoKeyring(const fs::path& persistdir, const RepoConfig& repo)
    : persistdir_{persistdir}, directory_{persistdir / "repos" / repo.id} {
    for (const std::string& url : repo.gpgkey) {
        urls_.push_back(printable(redact_url(url)));
    }
}

Result<std::vector<Certificate>> RepoKeyring::load() const {
    std::vector<Certificate> keys;
    for (const fs::path& directory : {persistdir_, persistdir_ / "repos", directory_, directory_ / "keys"}) {
        const auto there = check_owner(directory, S_IFDIR);
        if (!there) {
            return std::unexpected(there.error());
        }
        if (!*there) {
            return keys;
        }
    }
    std::error_code code;
    for (const auto& entry : fs::directory_iterator(directory_ / "keys", code)) {
        const fs::path& path = entry.path();
        if (path.extension() != extension || !is_fingerprint(path.stem().string())) {
            continue;  // what a kill left behind
        }
        if (const auto there = check_owner(path, S_IFREG); !there || !*there) {
            return there ? Result<std::vector<Certificate>>(keys) : std::unexpected(there.error());
        }
        auto stored = read_stored(path);
        if (!stored) {
            return std::unexpected(std::move(stored.error()));
        }
        if (std::ranges::find(urls_, stored->url) != std::ranges::end(urls_)) {
            keys.push_back(std::move(stored->key));
        }
    }
    if (code) {
        return unusable("cannot read " + directory_.string() + ": " + code.message(), "run it as root");
    }
    std::ranges::sort(keys, {}, [](const Certificate& key) { return key.primary.fingerprint; });
    return keys;
}

Result<void> RepoKeyring::make_directories() const {
    std::error_code code;
    fs::create_directories(persistdir_.parent_path(), code);
    for (const fs::path& directory : {persistdir_, persistdir_ / "repos", directory_, directory_ / "keys"}) {
        if (::mkdir(directory.c_str(), directory_mode) == 0) {
            ::chmod(directory.c_str(), directory_mode);
        } else if (errno != EEXIST) {
            return unusable("cannot make the directory " + directory.string() + ": " + std::system_category().message(errno),
                            "run it as root, or name a directory of your own with --setopt=persistdir=DIR");
        }
        if (const auto there = check_owner(directory, S_IFDIR); !there) {
            return std::unexpected(there.error());
        }
    }
    return {};
}

Result<void> RepoKeyring::add(const Certificate& key, std::string_view url) const {
    if (auto made = make_directories(); !made) {
        return made;
    }
    const std::string text = std::string(from_words) + printable(redact_url(url)) + "\n" + armour_key(key.packets);
    return publish_file(directory_ / "keys" / (key.primary.fingerprint + std::string(extension)), text);
}

std::optional<RepoKeyring::LastVerified> RepoKeyring::last_verified() const {
    constexpr std::uint64_t limit = 256;
    const auto text = read_file(directory_ / verified_name, limit);
    const auto words = text ? split(*text, " \n") : std::vector<std::string>{};
    const auto time = words.size() == 2 ? parse_decimal(words[1]) : std::nullopt;
    if (!time || !is_fingerprint(words[0])) {
        return std::nullopt;
    }
    return LastVerified{.fingerprint = words[0], .time = static_cast<std::int64_t>(*time)};
}

Result<void> RepoKeyring::remember_verified(const LastVerified& verified) const {
    if (auto made = make_directories(); !made) {
        return made;
    }
    return publish_file(directory_ / verified_name, verified.fingerprint + " " + std::to_string(verified.time) + "\n");
}

std::string refusal_of(const Certificate& key, std::int64_t now) {
    if (key.primary.revoked) {
        return "is revoked";
    }
    if (key.primary.expired(now)) {
        return "has expired";
    }
    const auto usable = [now](const OpenPgpKey& each) { return each.can_sign && !each.revoked && !each.expired(now); };
    if (!usable(key.primary) && std::ranges::none_of(key.subkeys, usable)) {
        return "cannot be used for signing";
    }
    return {};
}

}  // namespace lastack::repo
