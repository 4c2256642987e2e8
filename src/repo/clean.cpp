// Removal in the cache, by kind.
#include "base/file.hpp"
#include "repo/cache.hpp"
#include "repo/cache_directory.hpp"
#include "repo/options.hpp"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace lastack::repo {

namespace {

constexpr unsigned max_depth = 16;

// ALGORITHM-HEX.solv and what else is made from an object; not its unfinished download.
bool is_index_name(std::string_view name) {
    const auto dot = name.find('.');
    return dot != std::string_view::npos && name.substr(dot).starts_with(".solv");
}

class Remover {
public:
    std::size_t removed = 0;

    Result<void> file(int parent, const std::string& name) {
        if (::unlinkat(parent, name.c_str(), 0) == 0) {
            ++removed;
            return {};
        }
        return errno == ENOENT ? Result<void>{} : std::unexpected(cannot_clean(errno, name + " cannot be removed"));
    }

    // What is in the directory `name` of `parent`, and then itself; anything else under that name is removed as a file.
    Result<void> tree(int parent, const std::string& name, unsigned depth = 0) {
        const auto directory = open_directory_at(parent, name);
        if (!directory) {
            return std::unexpected(directory.error());
        }
        if (!directory->valid()) {
            return file(parent, name);
        }
        if (depth == max_depth) {
            return std::unexpected(cannot_clean(ELOOP, name + " is nested too deeply"));
        }
        const auto names = names_in(directory->get());
        if (!names) {
            return std::unexpected(names.error());
        }
        for (const std::string& inner : *names) {
            if (auto done = tree(directory->get(), inner, depth + 1); !done) {
                return done;
            }
        }
        if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
            return std::unexpected(cannot_clean(errno, name + " cannot be removed"));
        }
        return {};
    }

    // The metadata files of all repositories, and the indexes beside them.
    Result<void> objects(int directory, Cache::Clean what) {
        const auto names = names_in(directory);
        if (!names) {
            return std::unexpected(names.error());
        }
        for (const std::string& name : *names) {
            const bool all = what == Cache::Clean::all || what == Cache::Clean::metadata;
            if (!all && (what != Cache::Clean::index || !is_index_name(name))) {
                continue;
            }
            if (auto done = tree(directory, name); !done) {
                return done;
            }
        }
        return {};
    }

    // One repository's directory.
    Result<void> repository(int directory, Cache::Clean what) {
        const auto names = names_in(directory);
        if (!names) {
            return std::unexpected(names.error());
        }
        for (const std::string& name : *names) {
            const bool wanted = what == Cache::Clean::all || (what == Cache::Clean::packages && name == "packages") ||
                                (what == Cache::Clean::metadata && name != "packages") ||
                                (what == Cache::Clean::expire && name == "refresh.state");
            if (!wanted) {
                continue;
            }
            if (auto done = tree(directory, name); !done) {
                return done;
            }
        }
        return {};
    }
};

}  // namespace

Result<std::size_t> Cache::clean(Clean what) {
    const auto top = open_file(directory_, O_RDONLY | O_DIRECTORY);
    if (!top) {
        return std::unexpected(top.error());
    }
    const auto names = names_in(top->get());
    if (!names) {
        return std::unexpected(names.error());
    }
    Remover remover;
    for (const std::string& name : *names) {
        const bool is_objects = name == Cache::objects_name;
        if (!is_objects && !is_repo_id(name)) {
            continue;
        }
        const auto repository = open_directory_at(top->get(), name);
        if (!repository) {
            return std::unexpected(repository.error());
        }
        if (!repository->valid()) {
            continue;
        }
        auto done = is_objects ? remover.objects(repository->get(), what) : remover.repository(repository->get(), what);
        if (!done) {
            return std::unexpected(std::move(done.error()));
        }
        if (what == Clean::all) {
            ::unlinkat(top->get(), name.c_str(), AT_REMOVEDIR);
        }
    }
    return remover.removed;
}

}  // namespace lastack::repo
