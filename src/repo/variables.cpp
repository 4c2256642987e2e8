#include "repo/variables.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <sys/utsname.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace lastack::repo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t max_value_length = 64;
constexpr std::size_t max_name_length = 64;
constexpr std::uint64_t max_os_release = std::uint64_t{256} << 10;

constexpr std::array<std::pair<std::string_view, std::string_view>, 31> basearches{{
    {"i386", "i386"},        {"i486", "i386"},       {"i586", "i386"},          {"i686", "i386"},      {"athlon", "i386"},
    {"geode", "i386"},       {"x86_64", "x86_64"},   {"amd64", "x86_64"},       {"ia32e", "x86_64"},   {"x86_64_v2", "x86_64"},
    {"x86_64_v3", "x86_64"}, {"arm64", "aarch64"},   {"armv5tel", "arm"},       {"armv5tejl", "arm"},  {"armv6l", "arm"},
    {"armv7l", "arm"},       {"armv8l", "arm"},      {"armv6hl", "armhfp"},     {"armv7hl", "armhfp"}, {"armv7hnl", "armhfp"},
    {"armv8hl", "armhfp"},   {"armv8hnl", "armhfp"}, {"ppc64iseries", "ppc64"}, {"ppc64p7", "ppc64"},  {"ppc64pseries", "ppc64"},
    {"sparcv8", "sparc"},    {"sparcv9", "sparc"},   {"sparc64v", "sparc64"},   {"sh4a", "sh4"},       {"alphaev6", "alpha"},
    {"alphaev67", "alpha"},
}};

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

bool is_releasever(std::string_view name) { return name == "releasever" || name == "releasever_major" || name == "releasever_minor"; }

constexpr std::size_t deepest_word = 32;

struct Reference {
    std::string_view name;   // empty: no reference here
    std::size_t length = 0;  // of all of it, the '$' included; up to where WORD begins if there is one
    char condition = 0;      // '-' or '+': a WORD follows
};

Reference reference_at(std::string_view text) {
    const bool braced = text.size() > 1 && text[1] == '{';
    const std::size_t begin = braced ? 2 : 1;
    std::size_t end = begin;
    while (end < text.size() && is_word(text[end])) {
        ++end;
    }
    const std::string_view name = text.substr(begin, end - begin);
    if (name.empty() || !braced) {
        return {.name = name, .length = end};
    }
    const std::string_view rest = text.substr(end);
    if (rest.starts_with('}')) {
        return {.name = name, .length = end + 1};
    }
    return rest.starts_with(":-") || rest.starts_with(":+") ? Reference{.name = name, .length = end + 2, .condition = rest[1]}
                                                            : Reference{};
}

class Expansion {
public:
    Expansion(std::string_view text, const Variables& variables) : text_{text}, variables_{variables} { find_closing_braces(); }

    Expanded run() {
        append(0, text_.size(), Within::text);
        return std::move(out_);
    }

private:
    enum class Within : bool { text, word };

    // In one pass over all of it, so that what does not close costs nothing more.
    void find_closing_braces() {
        std::vector<std::size_t> open;
        for (std::size_t at = text_.find('$'); at < text_.size();) {
            const Reference reference = text_[at] == '$' ? reference_at(text_.substr(at)) : Reference{};
            if (!reference.name.empty()) {
                if (reference.condition != 0) {
                    open.push_back(at);
                }
                at += reference.length;
            } else if (text_[at] == '}' && !open.empty()) {
                if (open.size() <= deepest_word) {
                    closing_[open.back()] = at;
                }
                open.pop_back();
                ++at;
            } else {
                at += text_[at] == '\\' && !open.empty() ? 2 : 1;
            }
        }
    }

    void append(std::size_t at, std::size_t end, Within within) {
        while (at < end) {
            const auto special = std::min(text_.find_first_of("$\\", at), end);
            out_.text += text_.substr(at, special - at);
            at = special;
            if (at == end) {
                return;
            }
            if (text_[at] == '$') {
                at = append_reference(at);
            } else {
                at += within == Within::word && at + 1 < end ? 1 : 0;
                out_.text += text_[at];
                ++at;
            }
        }
    }

    // Where it ends.
    std::size_t append_reference(std::size_t at) {
        const Reference reference = reference_at(text_.substr(at));
        const auto closing = closing_.find(at);
        if (reference.name.empty() || (reference.condition != 0 && closing == closing_.end())) {
            out_.text += '$';
            return at + 1;
        }
        const std::string name = to_lower(reference.name);
        const auto found = variables_.find(name);
        const bool is_there = found != variables_.end();
        out_.wants_uuid = out_.wants_uuid || (!is_there && name == "uuid");
        if (reference.condition == 0) {
            out_.text += is_there ? std::string_view{found->second} : text_.substr(at, reference.length);
            out_.wants_releasever = out_.wants_releasever || (!is_there && is_releasever(name));
            return at + reference.length;
        }
        const bool has_value = is_there && !found->second.empty();
        if (has_value == (reference.condition == '+')) {
            append(at + reference.length, closing->second, Within::word);
        } else if (has_value) {
            out_.text += found->second;
        }
        return closing->second + 1;
    }

    std::string_view text_;
    const Variables& variables_;
    std::map<std::size_t, std::size_t> closing_;  // where "${name:-WORD}" begins, and its '}'
    Expanded out_;
};

// A symbolic link is refused: it could bring any file's first line into a URL.
Result<std::string> first_line(const fs::path& path) {
    auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (!file) {
        return std::unexpected(std::move(file.error()));
    }
    std::array<char, 256> buffer{};
    const ssize_t n = ::read(file->get(), buffer.data(), buffer.size());
    if (n < 0) {
        return std::unexpected(system_error(errno, "cannot read " + path.string()));
    }
    const std::string_view text{buffer.data(), static_cast<std::size_t>(n)};
    std::string_view line = text.substr(0, text.find('\n'));
    if (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    return std::string{trim(line)};
}

void load_directory(const fs::path& directory, TracedVariables& variables, std::vector<std::string>& warnings) {
    std::error_code failure;
    std::vector<fs::path> files;
    for (fs::directory_iterator it{directory, failure}, end; !failure && it != end; it.increment(failure)) {
        if (is_variable_name(it->path().filename().string())) {
            files.push_back(it->path());
        }
    }
    std::ranges::sort(files);
    for (const fs::path& path : files) {
        auto value = first_line(path);
        if (!value) {
            warnings.push_back(printable(path.string() + ": the variable is not set: " + value.error().cause));
        } else if (!is_variable_path(*value)) {
            warnings.push_back(
                printable(path.string() +
                          ":1: the variable is not set: a value is 1 to 64 letters, digits, '.', '_' or '-', in segments between '/'"));
        } else {
            variables.set(path.filename().string(), *value, path.string());
        }
    }
}

// DNF_VAR_name, as dnf has them: they come after the files.
void load_environment(TracedVariables& variables, std::vector<std::string>& warnings) {
    constexpr std::string_view prefix = "DNF_VAR_";
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const auto equals = text.find('=');
        if (!text.starts_with(prefix) || equals == std::string_view::npos) {
            continue;
        }
        const std::string name{text.substr(prefix.size(), equals - prefix.size())};
        const std::string_view value = text.substr(equals + 1);
        if (!is_variable_name(to_lower(name)) || !is_variable_path(value)) {
            warnings.push_back(
                printable("DNF_VAR_" + name + " of the environment is not set: a value is 1 to 64 letters, digits, '.', '_' or '-'"));
        } else {
            variables.set(to_lower(name), value, "DNF_VAR_" + name + " of the environment");
        }
    }
}

// The file below `root` that `name` leads to, unless a symbolic link leads out of the root.
fs::path inside_root(const fs::path& root, const char* name) {
    std::error_code failure;
    const fs::path real_root = fs::canonical(root, failure);
    if (failure) {
        return {};
    }
    const fs::path real = fs::canonical(root / name, failure);
    if (failure || std::ranges::mismatch(real_root, real).in1 != real_root.end()) {
        return {};
    }
    return real;
}

}  // namespace

Expanded expand(std::string_view text, const Variables& variables) { return Expansion{text, variables}.run(); }

bool is_variable_value(std::string_view value) {
    return !value.empty() && value.size() <= max_value_length && value != "." && value != ".." &&
           std::ranges::all_of(value, [](char c) { return is_word(c) || c == '.' || c == '-'; });
}

bool is_variable_path(std::string_view value) {
    if (value.size() > max_value_length) {
        return false;
    }
    while (true) {
        const auto slash = value.find('/');
        if (!is_variable_value(value.substr(0, slash))) {
            return false;
        }
        if (slash == std::string_view::npos) {
            return true;
        }
        value.remove_prefix(slash + 1);
    }
}

std::string_view basearch_of(std::string_view arch) {
    const auto found = std::ranges::find(basearches, arch, &std::pair<std::string_view, std::string_view>::first);
    return found == basearches.end() ? arch : found->second;
}

std::string version_id_of(std::string_view os_release) {
    constexpr std::string_view key = "VERSION_ID=";
    std::string found;
    for (const std::string& line : split(os_release, "\r\n")) {
        if (!line.starts_with(key)) {
            continue;
        }
        std::string_view value = trim(std::string_view{line}.substr(key.size()));
        if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front()) {
            value = value.substr(1, value.size() - 2);
        }
        found = is_variable_value(value) ? std::string{value} : std::string{};
    }
    return found;
}

std::string detect_releasever(const fs::path& root) {
    for (const char* name : {"etc/os-release", "usr/lib/os-release"}) {
        const fs::path path = inside_root(root, name);
        if (path.empty()) {
            continue;
        }
        if (const auto text = read_file(path, max_os_release)) {
            return version_id_of(*text);
        }
    }
    return {};
}

bool is_variable_name(std::string_view name) {
    return !name.empty() && name.size() <= max_name_length &&
           std::ranges::all_of(name, [](char c) { return is_word(c) && (c < 'A' || c > 'Z'); });
}

void TracedVariables::set(const std::string& name, std::string_view value, const std::string& origin) {
    const auto put = [&](const std::string& one, std::string_view its_value) {
        values.insert_or_assign(one, std::string{its_value});
        origins.insert_or_assign(one, origin);
    };
    put(name, value);
    if (name == "releasever") {
        const auto dot = value.find('.');
        put("releasever_major", value.substr(0, dot));
        put("releasever_minor", dot == std::string_view::npos ? std::string_view{} : value.substr(dot + 1));
    }
}

TracedVariables load_variables(const fs::path& root, std::vector<std::string>& warnings) {
    TracedVariables variables;
    utsname system{};
    if (uname(&system) == 0 && is_variable_value(system.machine)) {
        variables.set("arch", system.machine, "the machine");
        variables.set("basearch", basearch_of(system.machine), "the machine");
    }
    for (const char* prefix : {"YUM", "DNF"}) {
        for (char digit = '0'; digit <= '9'; ++digit) {
            const std::string name = std::string{prefix} + digit;
            if (const char* value = std::getenv(name.c_str()); value != nullptr && is_variable_value(value)) {
                variables.set(to_lower(name), value, name + " of the environment");
            }
        }
    }
    for (const char* directory : {"usr/share/dnf5/vars.d", "etc/yum/vars", "etc/dnf/vars", "etc/lastack/vars"}) {
        load_directory(root / directory, variables, warnings);
    }
    load_environment(variables, warnings);
    return variables;
}

}  // namespace lastack::repo
