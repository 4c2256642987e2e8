#include "package/nevra_match.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <fnmatch.h>

namespace lastack::package {
namespace {

constexpr std::size_t longest_part = 255;  // a longer one could not name a file

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_clean(std::string_view part, std::string_view extra) {
    return !part.empty() && part.size() <= longest_part &&
           std::ranges::all_of(part, [extra](char c) { return is_alphanumeric(c) || extra.contains(c); });
}

std::array<std::string, 7> forms(const Nevra& n) {
    const std::string version = n.version + "-" + n.release;
    const std::string epoch = (n.epoch.empty() ? "0" : n.epoch) + ":";
    return {n.name,
            n.name + "." + n.arch,
            n.name + "-" + n.version,
            n.name + "-" + version,
            n.name + "-" + version + "." + n.arch,
            n.name + "-" + epoch + version + "." + n.arch,
            epoch + n.name + "-" + version + "." + n.arch};
}

}  // namespace

bool is_glob(std::string_view pattern) { return pattern.find_first_of("*?[") != std::string_view::npos; }

bool matches(const std::string& pattern, const Nevra& nevra) {
    if (!is_glob(pattern)) {
        // Most packages share nothing with the pattern: the seven strings are only built for those that do.
        if (!pattern.starts_with(nevra.name) && pattern.find(':') == std::string::npos) {
            return false;
        }
        const auto all = forms(nevra);
        return std::ranges::find(all, pattern) != all.end();
    }
    return std::ranges::any_of(forms(nevra), [&](const std::string& form) { return fnmatch(pattern.c_str(), form.c_str(), 0) == 0; });
}

bool matches_any(const std::vector<std::string>& patterns, const Nevra& nevra) {
    return std::ranges::any_of(patterns, [&](const std::string& pattern) { return matches(pattern, nevra); });
}

bool is_acceptable(const Nevra& nevra) {
    return is_clean(nevra.name, "._+-~^@") && nevra.name.front() != '-' && nevra.name.front() != '.' &&  //
           is_clean(nevra.version, "._+~^@") && is_clean(nevra.release, "._+~^@") && is_clean(nevra.arch, "_-") &&
           parse_decimal(nevra.epoch).has_value();
}

}  // namespace lastack::package
