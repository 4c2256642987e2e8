#include "package/solv/dependencies.hpp"

#include "package/solv/queue.hpp"

namespace lastack::package::solv {

namespace {

// What stands after `end_marker` is libsolv's own.
std::vector<std::string> texts(::Pool* pool, Solvable* solvable, Id key, Id end_marker) {
    IdQueue queue;
    solvable_lookup_deparray(solvable, key, queue.get(), 0);
    std::vector<std::string> list;
    for (const Id id : queue.ids()) {
        if (id == end_marker) {
            break;
        }
        if (id != SOLVABLE_PREREQMARKER) {
            list.emplace_back(pool_dep2str(pool, id));
        }
    }
    return list;
}

}  // namespace

Dependencies dependencies_of(::Pool* pool, Solvable* solvable) {
    return {.requires_ = texts(pool, solvable, SOLVABLE_REQUIRES, 0),
            .provides = texts(pool, solvable, SOLVABLE_PROVIDES, SOLVABLE_FILEMARKER),
            .conflicts = texts(pool, solvable, SOLVABLE_CONFLICTS, 0),
            .obsoletes = texts(pool, solvable, SOLVABLE_OBSOLETES, 0)};
}

}  // namespace lastack::package::solv
