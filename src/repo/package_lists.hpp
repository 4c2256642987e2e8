// filelists.xml and other.xml: the files and the changelogs of each package. Pure and streamed: nothing is kept, so no number of files
// costs memory. The words are the repository's: whoever shows them makes them printable.
#pragma once

#include "repo/xml_document.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace lastack::repo {

struct ListedPackage {
    std::string pkgid;  // its digest as primary.xml has it; ties the documents together
    std::string name;
    std::string arch;
    std::string epoch;
    std::string version;
    std::string release;

    friend bool operator==(const ListedPackage&, const ListedPackage&) = default;
};

enum class ListedFileKind : std::uint8_t { file, directory, ghost };

struct ListedChange {
    std::string author;
    std::int64_t date = 0;  // seconds since 1970; 0 also for a date that is none
    std::string text;

    friend bool operator==(const ListedChange&, const ListedChange&) = default;
};

// What both documents are made of: packages with a version each.
class PackageListReader : public XmlDocument {
protected:
    PackageListReader(std::string_view name, std::string_view root, std::function<void(const ListedPackage&)> on_package);

    // Depth 3, in a package whose version is known.
    virtual void open_entry(std::string_view element, const download::XmlAttributes& attributes) = 0;
    virtual void shut_entry(std::string_view element, std::string_view text) = 0;

private:
    void open(std::string_view element, const download::XmlAttributes& attributes) final;
    void shut(std::string_view element, std::string_view text) final;
    void begin_package(const download::XmlAttributes& attributes);

    std::function<void(const ListedPackage&)> on_package_;
    ListedPackage package_;
    std::size_t count_ = 0;
    bool in_package_ = false;
    bool is_told_ = false;
};

// `on_file` is called for the files of the package that `on_package` was called with last. Errors: RepoErrc::bad_metadata, beginning with
// "NAME:LINE:COLUMN: ": no XML, a DOCTYPE, beyond a limit, a package without name or version, a path that is not absolute or climbs.
class FilelistsReader final : public PackageListReader {
public:
    FilelistsReader(std::string_view name, std::function<void(const ListedPackage&)> on_package,
                    std::function<void(std::string_view path, ListedFileKind kind)> on_file);

private:
    void open_entry(std::string_view element, const download::XmlAttributes& attributes) override;
    void shut_entry(std::string_view element, std::string_view text) override;

    std::function<void(std::string_view, ListedFileKind)> on_file_;
    ListedFileKind kind_ = ListedFileKind::file;
};

// The same for changelogs.
class ChangelogsReader final : public PackageListReader {
public:
    ChangelogsReader(std::string_view name, std::function<void(const ListedPackage&)> on_package,
                     std::function<void(const ListedChange&)> on_change);

private:
    void open_entry(std::string_view element, const download::XmlAttributes& attributes) override;
    void shut_entry(std::string_view element, std::string_view text) override;

    std::function<void(const ListedChange&)> on_change_;
    ListedChange change_;
};

}  // namespace lastack::repo
