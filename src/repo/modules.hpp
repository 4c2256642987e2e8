// modules.yaml: the module streams of a repository and which of them are its defaults. Pure. The words are the repository's: whoever shows
// them makes them printable.
#pragma once

#include "lastack/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lastack::repo {

struct ModuleProfile {
    std::string name;
    std::string description;
    std::vector<std::string> packages;  // names

    friend bool operator==(const ModuleProfile&, const ModuleProfile&) = default;
};

struct ModuleRequirement {
    std::string module;                // "platform", "perl", ...
    std::vector<std::string> streams;  // any of them; with "-" before one: not that one; empty: any

    friend bool operator==(const ModuleRequirement&, const ModuleRequirement&) = default;
};

struct ModuleStream {
    std::string name;
    std::string stream;
    std::uint64_t version = 0;
    std::string context;
    std::string arch;
    std::string summary;
    std::string description;
    std::vector<std::string> artifacts;                        // of this stream: NAME-EPOCH:VERSION-RELEASE.ARCH
    std::vector<std::string> demodularized;                    // names of packages that are in no module any more
    std::vector<ModuleProfile> profiles;                       // in the order of the document
    std::vector<std::vector<ModuleRequirement>> dependencies;  // all requirements of one of them must hold
    bool is_static_context = false;

    friend bool operator==(const ModuleStream&, const ModuleStream&) = default;
};

struct ModuleDefaults {
    std::string module;
    std::string stream;  // empty: none
    std::uint64_t modified = 0;
    std::map<std::string, std::vector<std::string>, std::less<>> profiles;  // by stream

    friend bool operator==(const ModuleDefaults&, const ModuleDefaults&) = default;
};

struct ModuleObsoletes {
    std::string module;
    std::string stream;
    std::string context;  // empty: all
    std::string message;
    std::string modified;
    std::string end_of_life;
    std::string by_module;  // empty: by none
    std::string by_stream;

    friend bool operator==(const ModuleObsoletes&, const ModuleObsoletes&) = default;
};

struct Modules {
    std::vector<ModuleStream> streams;
    std::vector<ModuleDefaults> defaults;
    std::vector<ModuleObsoletes> obsoletes;

    friend bool operator==(const Modules&, const Modules&) = default;
};

// Documents of other kinds, and of versions that are not known, are passed over. Errors: RepoErrc::bad_metadata, beginning with
// "NAME:LINE:COLUMN: ": no YAML, an alias, a foreign tag, beyond a limit, a stream without name, stream or a version that is a number.
[[nodiscard]] Result<Modules> parse_modules(std::string_view text, std::string_view name);

}  // namespace lastack::repo
