#include "support/written_repository.hpp"

#include "base/digest_stream.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

namespace lastack::test {

namespace {

std::string in_attribute(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\n':
                out += "&#10;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string epoch_of(const RpmSpec& spec) { return spec.epoch.empty() ? "0" : spec.epoch; }

// "bar >= 2" as an element.
std::string relation(const std::string& text) {
    std::istringstream in(text);
    std::string name;
    std::string sign;
    std::string version;
    in >> name >> sign >> version;
    const std::string flags = sign == "=" ? "EQ" : sign == ">=" ? "GE" : sign == "<=" ? "LE" : sign == ">" ? "GT" : "LT";
    std::string out = "<rpm:entry name=\"" + in_attribute(name) + "\"";
    if (!version.empty()) {
        const auto colon = version.find(':');
        const auto epoch = colon == std::string::npos ? "0" : version.substr(0, colon);
        version.erase(0, colon == std::string::npos ? 0 : colon + 1);
        const auto dash = version.rfind('-');
        out += " flags=\"" + flags + "\" epoch=\"" + epoch + "\" ver=\"" + in_attribute(version.substr(0, dash)) + "\"";
        out += dash == std::string::npos ? "" : " rel=\"" + version.substr(dash + 1) + "\"";
    }
    return out + "/>";
}

std::string relations(const std::string& element, const std::vector<std::string>& texts) {
    std::string out = "<rpm:" + element + ">";
    for (const auto& text : texts) {
        out += relation(text);
    }
    return out + "</rpm:" + element + ">\n";
}

std::string package_element(const Entry& entry) {
    const RpmSpec& spec = entry.spec;
    const auto sha256 = entry.sha256.empty() ? sha256_of(entry.bytes) : entry.sha256;
    std::string out = "<package type=\"rpm\">\n<name>" + in_attribute(spec.name) + "</name>\n<arch>" + spec.arch + "</arch>\n";
    out += "<version epoch=\"" + epoch_of(spec) + "\" ver=\"" + in_attribute(spec.version) + "\" rel=\"" + spec.release + "\"/>\n";
    out += "<checksum type=\"sha256\" pkgid=\"YES\">" + sha256 + "</checksum>\n";
    out += "<summary>" + in_attribute(spec.summary) + "</summary>\n<description>" + in_attribute(spec.description) + "</description>\n";
    out += "<packager/>\n<url/>\n<time file=\"1\" build=\"1\"/>\n";
    const auto size = std::to_string(entry.size.value_or(entry.bytes.size()));
    out += "<size package=\"" + size + "\" installed=\"" + size + "\" archive=\"" + size + "\"/>\n";
    out += "<location " + (entry.base.empty() ? "" : "xml:base=\"" + in_attribute(entry.base) + "\" ") + "href=\"" +
           in_attribute(href_of(entry)) + "\"/>\n";
    auto provides = spec.provides;
    const auto self = " = " + (spec.epoch.empty() ? "" : spec.epoch + ":") + spec.version + "-" + spec.release;
    provides.push_back(spec.name + self);
    if (std::ranges::any_of(spec.files, &RpmFile::config)) {
        provides.push_back("config(" + spec.name + ")" + self);
    }
    auto requires_ = spec.requires_;
    if (std::ranges::any_of(spec.scriptlets, [](const RpmScriptlet& scriptlet) { return !scriptlet.section.contains("-p "); })) {
        requires_.emplace_back("/bin/sh");
    }
    out += "<format>\n<rpm:license>none</rpm:license>\n" + relations("provides", provides) + relations("requires", requires_) +
           relations("conflicts", spec.conflicts) + relations("obsoletes", spec.obsoletes) + "</format>\n</package>\n";
    return out;
}

}  // namespace

std::string content_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string sha256_of(std::string_view bytes) { return digest_of(DigestAlgorithm::sha256, bytes).hex; }

Entry entry_of(const RpmSpec& spec) { return {.spec = spec, .bytes = content_of(build_rpm(spec))}; }

std::string href_of(const Entry& entry) {
    const RpmSpec& spec = entry.spec;
    return entry.href.empty() ? "Packages/" + spec.name + "-" + spec.version + "-" + spec.release + "." + spec.arch + ".rpm" : entry.href;
}

std::string primary_xml(const std::vector<Entry>& entries) {
    std::string out =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<metadata xmlns=\"http://linux.duke.edu/metadata/common\" "
        "xmlns:rpm=\"http://linux.duke.edu/metadata/rpm\" packages=\"" +
        std::to_string(entries.size()) + "\">\n";
    for (const auto& entry : entries) {
        out += package_element(entry);
    }
    return out + "</metadata>\n";
}

std::string repomd_xml(std::string_view primary, const RepomdFields& fields) {
    const auto sha256 = fields.sha256.empty() ? sha256_of(primary) : fields.sha256;
    const auto size = std::to_string(fields.size.value_or(primary.size()));
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<repomd xmlns=\"http://linux.duke.edu/metadata/repo\">\n<revision>" +
           std::to_string(fields.revision) + "</revision>\n<data type=\"primary\">\n<checksum type=\"sha256\">" + sha256 +
           "</checksum>\n<open-checksum type=\"sha256\">" + sha256 + "</open-checksum>\n<location href=\"" + in_attribute(fields.location) +
           "\"/>\n<timestamp>" + std::to_string(1700000000 + fields.revision) + "</timestamp>\n<size>" + size + "</size>\n<open-size>" +
           size + "</open-size>\n</data>\n</repomd>\n";
}

}  // namespace lastack::test
