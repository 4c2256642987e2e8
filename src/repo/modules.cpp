#include "repo/modules.hpp"

#include "base/text.hpp"
#include "repo/document_limits.hpp"
#include "repo/error.hpp"
#include "repo/yaml_documents.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace lastack::repo {

namespace {

constexpr YamlLimits limits{
    .size = max_modules_size, .documents = max_modules, .nodes = max_module_nodes, .depth = max_module_depth, .scalar = max_document_text};
constexpr std::size_t most_shown = 64;

// Letters, digits and a few marks: what a module, a stream, a context or an architecture is called.
bool is_word(std::string_view text) {
    return !text.empty() && text.size() <= max_document_name && std::ranges::all_of(text, [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || std::string_view{"._+-:~^"}.contains(c);
    });
}

// The texts of a sequence; what is no text is left out.
std::vector<std::string> words_of(const YamlNode* node) {
    std::vector<std::string> words;
    if (node != nullptr) {
        for (const YamlNode& item : node->items) {
            if (item.kind == YamlNode::Kind::scalar && !item.scalar.empty()) {
                words.push_back(item.scalar);
            }
        }
    }
    return words;
}

std::vector<std::string> words_below(const YamlNode& data, std::string_view key, std::string_view below) {
    const YamlNode* const node = data.find(key);
    return node != nullptr ? words_of(node->find(below)) : std::vector<std::string>{};
}

std::vector<ModuleProfile> profiles_of(const YamlNode& data) {
    std::vector<ModuleProfile> profiles;
    if (const YamlNode* const node = data.find("profiles")) {
        for (const auto& [name, profile] : node->members) {
            profiles.push_back(
                {.name = name, .description = std::string{profile.word("description")}, .packages = words_of(profile.find("rpms"))});
        }
    }
    return profiles;
}

std::vector<std::vector<ModuleRequirement>> dependencies_of(const YamlNode& data) {
    std::vector<std::vector<ModuleRequirement>> dependencies;
    const YamlNode* const node = data.find("dependencies");
    for (std::size_t i = 0; node != nullptr && i < node->items.size(); ++i) {
        std::vector<ModuleRequirement> requirements;
        if (const YamlNode* const needed = node->items[i].find("requires")) {
            for (const auto& [module, streams] : needed->members) {
                requirements.push_back({.module = module, .streams = words_of(&streams)});
            }
        }
        dependencies.push_back(std::move(requirements));
    }
    return dependencies;
}

// What is wrong with a document, or nothing.
using Fault = std::optional<std::string>;

Fault bad_word(std::string_view what, std::string_view text) {
    return "the " + std::string{what} + " '" + printable(text.substr(0, most_shown)) + "' is none";
}

Fault read_stream(const YamlNode& data, ModuleStream& stream) {
    stream = {.name = std::string{data.word("name")},
              .stream = std::string{data.word("stream")},
              .context = std::string{data.word("context")},
              .arch = std::string{data.word("arch")},
              .summary = std::string{data.word("summary")},
              .description = std::string{data.word("description")},
              .artifacts = words_below(data, "artifacts", "rpms"),
              .demodularized = words_below(data, "demodularized", "rpms"),
              .profiles = profiles_of(data),
              .dependencies = dependencies_of(data),
              .is_static_context = data.word("static_context") == "true"};
    if (!is_word(stream.name)) {
        return bad_word("name of a module", stream.name);
    }
    if (!is_word(stream.stream)) {
        return bad_word("stream of module " + stream.name, stream.stream);
    }
    for (const auto& [what, word] : {std::pair{"context", stream.context}, std::pair{"architecture", stream.arch}}) {
        if (!word.empty() && !is_word(word)) {
            return bad_word(std::string{what} + " of module " + stream.name, word);
        }
    }
    const auto version = parse_decimal(data.word("version"));
    if (!version) {
        return bad_word("version of module " + stream.name, data.word("version"));
    }
    stream.version = *version;
    return {};
}

Fault read_defaults(const YamlNode& data, ModuleDefaults& defaults) {
    defaults = {.module = std::string{data.word("module")},
                .stream = std::string{data.word("stream")},
                .modified = parse_decimal(data.word("modified")).value_or(0)};
    if (!is_word(defaults.module)) {
        return bad_word("name of a module", defaults.module);
    }
    if (!defaults.stream.empty() && !is_word(defaults.stream)) {
        return bad_word("default stream of module " + defaults.module, defaults.stream);
    }
    if (const YamlNode* const profiles = data.find("profiles")) {
        for (const auto& [stream, names] : profiles->members) {
            defaults.profiles.emplace(stream, words_of(&names));
        }
    }
    return {};
}

Fault read_obsoletes(const YamlNode& data, ModuleObsoletes& obsoletes) {
    obsoletes = {.module = std::string{data.word("module")},
                 .stream = std::string{data.word("stream")},
                 .context = std::string{data.word("context")},
                 .message = std::string{data.word("message")},
                 .modified = std::string{data.word("modified")},
                 .end_of_life = std::string{data.word("eol_date")}};
    if (const YamlNode* const by = data.find("obsoleted_by")) {
        obsoletes.by_module = by->word("module");
        obsoletes.by_stream = by->word("stream");
    }
    if (!is_word(obsoletes.module) || !is_word(obsoletes.stream)) {
        return bad_word("module that is obsolete", obsoletes.module + ":" + obsoletes.stream);
    }
    return {};
}

Fault read_document(const YamlNode& document, Modules& modules) {
    const YamlNode* const data = document.find("data");
    const std::string_view kind = document.word("document");
    const auto version = parse_decimal(document.word("version"));
    if (kind.empty() || !version) {
        return "a document does not say its kind and version";
    }
    const bool is_stream = kind == "modulemd" || kind == "modulemd-stream";
    if (data == nullptr || (!is_stream && kind != "modulemd-defaults" && kind != "modulemd-obsoletes")) {
        return {};
    }
    if (is_stream) {
        return *version >= 1 && *version <= 3 ? read_stream(*data, modules.streams.emplace_back()) : Fault{};
    }
    if (*version != 1) {
        return {};
    }
    return kind == "modulemd-defaults" ? read_defaults(*data, modules.defaults.emplace_back())
                                       : read_obsoletes(*data, modules.obsoletes.emplace_back());
}

}  // namespace

Result<Modules> parse_modules(std::string_view text, std::string_view name) {
    Modules modules;
    auto read = read_yaml(text, name, limits, [&](const YamlNode& document, std::uint64_t line) -> Result<void> {
        if (const Fault fault = read_document(document, modules)) {
            return std::unexpected(Error{.code = RepoErrc::bad_metadata,
                                         .phase = Phase::parsing,
                                         .cause = std::string{name} + ":" + std::to_string(line) + ":1: " + *fault});
        }
        return {};
    });
    if (!read) {
        return std::unexpected(std::move(read.error()));
    }
    return modules;
}

}  // namespace lastack::repo
