#include "package/select.hpp"

#include "package/nevra_match.hpp"
#include "package/solv/queue.hpp"

#include <algorithm>

namespace lastack::package {
namespace {

constexpr std::size_t longest_spec = 4096;

std::vector<Id> named(const solv::PackagePool& pool, std::vector<Id> ids, const std::string& spec) {
    // Making the text of fifty thousand packages costs more than looking at their names.
    const bool by_prefix = !is_glob(spec) && !spec.contains(':');
    std::erase_if(ids, [&](Id id) {
        return (by_prefix && !spec.starts_with(pool_id2str(pool.get(), pool.at(id)->name))) || !matches(spec, pool.nevra(id));
    });
    return ids;
}

int capability_flags(const std::string& spec) {
    int flags = SELECTION_PROVIDES | SELECTION_REL;
    if (spec.starts_with('/')) {
        flags |= SELECTION_FILELIST;
    }
    return is_glob(spec) ? flags | SELECTION_GLOB : flags;
}

bool can_be_a_spec(const std::string& spec) {
    return !spec.empty() && spec.size() <= longest_spec &&
           std::ranges::none_of(spec, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; });
}

}  // namespace

Selection select(const solv::PackagePool& pool, const std::string& spec) {
    Selection selection;
    if (!can_be_a_spec(spec)) {
        return selection;
    }
    selection.installed = named(pool, pool.installed_ids(), spec);
    selection.available = named(pool, pool.available_ids(), spec);
    if (!selection.installed.empty() || !selection.available.empty()) {
        selection.by = MatchedBy::name;
        return selection;
    }
    solv::IdQueue jobs;
    solv::IdQueue found;
    if (selection_make(pool.get(), jobs.get(), spec.c_str(), capability_flags(spec)) == 0) {
        return selection;
    }
    selection_solvables(pool.get(), jobs.get(), found.get());
    const auto available = pool.available_ids();
    for (const Id id : found.ids()) {
        if (pool.is_installed(id)) {
            selection.installed.push_back(id);
        } else if (std::ranges::binary_search(available, id)) {
            selection.available.push_back(id);
        }
    }
    const bool any = !selection.installed.empty() || !selection.available.empty();
    selection.by = any ? MatchedBy::capability : MatchedBy::nothing;
    return selection;
}

}  // namespace lastack::package
