#include "repo/package_lists.hpp"

#include "base/text.hpp"

#include <utility>

namespace lastack::repo {

namespace {

constexpr std::size_t most_shown = 64;

// Absolute, short enough for the kernel, and without a segment that climbs.
bool is_package_path(std::string_view path) {
    if (!path.starts_with('/') || path.size() >= max_path_length) {
        return false;
    }
    for (std::size_t at = path.find("/.."); at != std::string_view::npos; at = path.find("/..", at + 1)) {
        if (at + 3 == path.size() || path[at + 3] == '/') {
            return false;
        }
    }
    return true;
}

}  // namespace

PackageListReader::PackageListReader(std::string_view name, std::string_view root, std::function<void(const ListedPackage&)> on_package)
    : XmlDocument{name, root, streamed_xml}, on_package_{std::move(on_package)} {}

void PackageListReader::open(std::string_view element, const download::XmlAttributes& attributes) {
    if (depth() == 2) {
        in_package_ = element == "package";
        return in_package_ ? begin_package(attributes) : void();
    }
    if (depth() != 3 || !in_package_) {
        return;
    }
    if (element == "version") {
        set_attribute(package_.epoch, attributes, "epoch");
        set_name(package_.version, "version of a package", attributes.get("ver").value_or(""));
        set_attribute(package_.release, attributes, "rel");
        return;
    }
    if (!is_told_ && !failed()) {
        if (package_.version.empty()) {
            return fail("the version of a package is missing");
        }
        on_package_(package_);
        is_told_ = true;
    }
    open_entry(element, attributes);
}

void PackageListReader::begin_package(const download::XmlAttributes& attributes) {
    if (!has_room(count_++, max_listed_packages, "packages")) {
        return;
    }
    package_ = {};
    is_told_ = false;
    set_name(package_.pkgid, "pkgid of a package", attributes.get("pkgid").value_or(""));
    set_name(package_.name, "name of a package", attributes.get("name").value_or(""));
    set_attribute(package_.arch, attributes, "arch");
}

void PackageListReader::shut(std::string_view element, std::string_view text) {
    if (!in_package_) {
        return;
    }
    if (depth() == 3 && element != "version") {
        shut_entry(element, text);
    } else if (depth() == 2) {
        in_package_ = false;
        if (package_.version.empty()) {
            return fail("the version of a package is missing");
        }
        if (!is_told_ && !failed()) {
            on_package_(package_);
        }
    }
}

FilelistsReader::FilelistsReader(std::string_view name, std::function<void(const ListedPackage&)> on_package,
                                 std::function<void(std::string_view, ListedFileKind)> on_file)
    : PackageListReader{name, "filelists", std::move(on_package)}, on_file_{std::move(on_file)} {}

void FilelistsReader::open_entry(std::string_view element, const download::XmlAttributes& attributes) {
    if (element == "file") {
        const auto type = attributes.get("type").value_or("");
        kind_ = type == "dir" ? ListedFileKind::directory : type == "ghost" ? ListedFileKind::ghost : ListedFileKind::file;
    }
}

void FilelistsReader::shut_entry(std::string_view element, std::string_view text) {
    if (element != "file") {
        return;
    }
    if (!is_package_path(text)) {
        return fail("'" + printable(text.substr(0, most_shown)) + "' is no path of a file in a package");
    }
    on_file_(text, kind_);
}

ChangelogsReader::ChangelogsReader(std::string_view name, std::function<void(const ListedPackage&)> on_package,
                                   std::function<void(const ListedChange&)> on_change)
    : PackageListReader{name, "otherdata", std::move(on_package)}, on_change_{std::move(on_change)} {}

void ChangelogsReader::open_entry(std::string_view element, const download::XmlAttributes& attributes) {
    if (element != "changelog") {
        return;
    }
    change_ = {};
    set_attribute(change_.author, attributes, "author");
    constexpr std::uint64_t year_9999 = 253'402'300'799;
    const auto date = parse_decimal(attributes.get("date").value_or(""));
    change_.date = date && *date <= year_9999 ? static_cast<std::int64_t>(*date) : 0;
}

void ChangelogsReader::shut_entry(std::string_view element, std::string_view text) {
    if (element == "changelog") {
        change_.text = text;
        on_change_(change_);
    }
}

}  // namespace lastack::repo
