#include "unit/package/primary_text.hpp"

#include "base/text.hpp"

#include <map>

namespace lastack::test {
namespace {

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<':
                out += "&lt;";
                break;
            case '&':
                out += "&amp;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string entry(std::string_view text) {
    static const std::map<std::string, std::string, std::less<>> operators{
        {"=", "EQ"}, {">=", "GE"}, {">", "GT"}, {"<=", "LE"}, {"<", "LT"}};
    // Rich dependencies are one name.
    const auto words = text.starts_with('(') ? std::vector<std::string>{std::string{text}} : split(text, " ");
    std::string out = "<rpm:entry name=\"" + escaped(words.at(0)) + "\"";
    if (words.size() == 3) {
        std::string_view version = words[2];
        std::string epoch = "0";
        if (const auto colon = version.find(':'); colon != std::string_view::npos) {
            epoch = version.substr(0, colon);
            version.remove_prefix(colon + 1);
        }
        const auto dash = version.find('-');
        out += " flags=\"" + operators.at(words[1]) + "\" epoch=\"" + epoch + "\" ver=\"" + std::string{version.substr(0, dash)} + "\"";
        if (dash != std::string_view::npos) {
            out += " rel=\"" + std::string{version.substr(dash + 1)} + "\"";
        }
    }
    return out + "/>";
}

}  // namespace

std::string dependency_list(std::string_view tag, const std::vector<std::string>& entries) {
    if (entries.empty()) {
        return {};
    }
    std::string out = "<rpm:" + std::string{tag} + ">";
    for (const auto& text : entries) {
        out += entry(text);
    }
    return out + "</rpm:" + std::string{tag} + ">\n";
}

std::string package_text(const PackageText& p) {
    const std::string file = p.name + "-" + p.version + "-" + p.release + "." + p.arch + ".rpm";
    const std::string href = p.href.empty() ? "Packages/" + file : p.href;
    auto provides = p.provides;
    provides.push_back(p.name + " = " + p.epoch + ":" + p.version + "-" + p.release);
    std::string out = "<package type=\"rpm\"><name>" + escaped(p.name) + "</name><arch>" + escaped(p.arch) + "</arch>\n<version epoch=\"" +
                      escaped(p.epoch) + "\" ver=\"" + escaped(p.version) + "\" rel=\"" + escaped(p.release) + "\"/>\n";
    if (!p.checksum_type.empty()) {
        out += "<checksum type=\"" + p.checksum_type + "\" pkgid=\"YES\">" + p.checksum + "</checksum>\n";
    }
    out += "<summary>The " + escaped(p.name) + "</summary><time file=\"1\" build=\"" + p.build_time + "\"/><size package=\"" + p.size +
           "\" installed=\"4096\" archive=\"5000\"/>\n<location " + (p.base.empty() ? "" : "xml:base=\"" + escaped(p.base) + "\" ") +
           "href=\"" + escaped(href) + "\"/>\n<format>" + dependency_list("provides", provides) + dependency_list("requires", p.needs) +
           dependency_list("conflicts", p.conflicts) + dependency_list("obsoletes", p.obsoletes);
    for (const auto& path : p.files) {
        out += "<file>" + escaped(path) + "</file>";
    }
    return out + "</format></package>\n";
}

std::string primary_text(const std::vector<PackageText>& packages) {
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "
        "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"" +
        std::to_string(packages.size()) + "\">\n";
    for (const auto& package : packages) {
        out += package_text(package);
    }
    return out + "</metadata>\n";
}

}  // namespace lastack::test
