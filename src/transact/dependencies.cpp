#include "transact/dependencies.hpp"

#include <rpm/rpmds.h>
#include <rpm/rpmfiles.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <set>
#include <type_traits>

namespace lastack::transact {

namespace {

constexpr std::size_t most_shown = 5;  // of one kind

using DependencySet = std::unique_ptr<std::remove_pointer_t<rpmds>, EndBy<rpmdsFree>>;
using FileSet = std::unique_ptr<std::remove_pointer_t<rpmfiles>, EndBy<rpmfilesFree>>;

// Rich dependencies are parsed and printed again on the way to us: what brackets and blanks a printer adds says nothing.
std::string flattened(std::string_view rich) {
    std::string text;
    for (const char c : rich) {
        if (c != '(' && c != ')' && c != ' ') {
            text += c;
        }
    }
    return text;
}

// An epoch of 0 is written by some and left out by others.
std::string normal(std::string_view dependency) {
    if (dependency.starts_with('(')) {
        return flattened(dependency);
    }
    std::string text(dependency);
    const auto operation = text.find_first_of("<=>");
    if (operation == std::string::npos) {
        return text;
    }
    const auto version = text.find_first_not_of("<=> ", operation);
    if (version != std::string::npos && text.compare(version, 2, "0:") == 0) {
        text.erase(version, 2);
    }
    return text;
}

std::set<std::string> normal_set(const std::vector<std::string>& list) {
    std::set<std::string> set;
    for (const std::string& each : list) {
        set.insert(normal(each));
    }
    return set;
}

std::vector<std::string> missing_from(const std::set<std::string>& there, const std::vector<std::string>& list) {
    std::vector<std::string> missing;
    std::set<std::string> seen;
    for (const std::string& each : list) {
        if (!there.contains(normal(each)) && seen.insert(each).second) {
            missing.push_back(each);
        }
    }
    return missing;
}

void tell(std::string& text, std::string_view what, const std::vector<std::string>& list) {
    if (list.empty()) {
        return;
    }
    text += (text.empty() ? "" : "; ") + std::string(what);
    for (std::size_t i = 0; i < list.size() && i < most_shown; ++i) {
        text += (i == 0 ? " '" : ", '") + list[i] + "'";
    }
    if (list.size() > most_shown) {
        text += " and " + std::to_string(list.size() - most_shown) + " more";
    }
}

bool is_libc(std::string_view requirement) { return requirement.starts_with("libc.so.6"); }

// Requirements that createrepo_c does not write down.
std::vector<std::string> written_requirements(const Dependencies& header) {
    const auto provides = normal_set(header.provides);
    const std::set<std::string> files(header.files.begin(), header.files.end());
    std::vector<std::string> written;
    for (const std::string& each : header.requires_) {
        const bool unwritten = each.starts_with("rpmlib(") || is_libc(each) || provides.contains(normal(each)) ||
                               (each.starts_with('/') && files.contains(each));
        if (!unwritten) {
            written.push_back(each);
        }
    }
    return written;
}

std::vector<std::string> read_list(Header header, rpmTagVal tag) {
    std::vector<std::string> list;
    const DependencySet set(rpmdsNew(header, tag, 0));
    rpmdsInit(set.get());
    while (rpmdsNext(set.get()) >= 0) {
        const char* name = rpmdsN(set.get());
        const char* version = rpmdsEVR(set.get());
        std::string text = name == nullptr ? "" : name;
        const auto flags = rpmdsFlags(set.get()) & RPMSENSE_SENSEMASK;
        if (flags != 0 && version != nullptr && *version != '\0' && !text.starts_with('(')) {
            text += ' ';
            text += (flags & RPMSENSE_LESS) != 0 ? "<" : "";
            text += (flags & RPMSENSE_GREATER) != 0 ? ">" : "";
            text += (flags & RPMSENSE_EQUAL) != 0 ? "=" : "";
            text += ' ';
            text += version;
        }
        list.push_back(std::move(text));
    }
    return list;
}

std::vector<std::string> read_files(Header header) {
    std::vector<std::string> names;
    const FileSet files(rpmfilesNew(nullptr, header, RPMTAG_BASENAMES, RPMFI_FLAGS_QUERY));
    const auto count = static_cast<int>(rpmfilesFC(files.get()));
    for (int i = 0; i < count; ++i) {
        const Allocated<char> name(rpmfilesFN(files.get(), i));
        if (name) {
            names.emplace_back(name.get());
        }
    }
    return names;
}

}  // namespace

std::string compare_dependencies(const Dependencies& header, const Announce& announced) {
    std::string text;
    const auto compare = [&text](std::string_view kind, const std::vector<std::string>& of_file,
                                 const std::vector<std::string>& must_be_told, const std::vector<std::string>& told) {
        tell(text, "announced, but not in the file: " + std::string(kind), missing_from(normal_set(of_file), told));
        tell(text, "in the file, but not announced: " + std::string(kind), missing_from(normal_set(told), must_be_told));
    };
    compare("requires", header.requires_, written_requirements(header), announced.requires_);
    compare("provides", header.provides, header.provides, announced.provides);
    compare("conflicts", header.conflicts, header.conflicts, announced.conflicts);
    compare("obsoletes", header.obsoletes, header.obsoletes, announced.obsoletes);
    return text;
}

std::string dependency_difference(Header header, const Announce& announced) {
    return compare_dependencies({.requires_ = read_list(header, RPMTAG_REQUIRENAME),
                                 .provides = read_list(header, RPMTAG_PROVIDENAME),
                                 .conflicts = read_list(header, RPMTAG_CONFLICTNAME),
                                 .obsoletes = read_list(header, RPMTAG_OBSOLETENAME),
                                 .files = read_files(header)},
                                announced);
}

}  // namespace lastack::transact
