// updateinfo.xml: what a repository says of its updates, one advisory after the other. Pure. The words are the repository's: whoever shows
// them makes them printable.
#pragma once

#include "repo/xml_document.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace lastack::repo {

struct AdvisoryReference {
    std::string type;  // "cve", "bugzilla", "self", ...
    std::string id;
    std::string title;
    std::string href;

    friend bool operator==(const AdvisoryReference&, const AdvisoryReference&) = default;
};

struct AdvisoryPackage {
    std::string name;
    std::string epoch;  // empty: not told
    std::string version;
    std::string release;
    std::string arch;
    std::string collection;  // the short name of the <collection> it stands in
    bool reboot_suggested = false;
    bool restart_suggested = false;
    bool relogin_suggested = false;

    friend bool operator==(const AdvisoryPackage&, const AdvisoryPackage&) = default;
};

// A module stream that a collection of an advisory is for.
struct AdvisoryModule {
    std::string name;
    std::string stream;
    std::string version;
    std::string context;
    std::string arch;

    friend bool operator==(const AdvisoryModule&, const AdvisoryModule&) = default;
};

struct Advisory {
    std::string id;
    std::string type;  // "security", "bugfix", "enhancement", "newpackage", ...
    std::string status;
    std::string severity;
    std::string title;
    std::string from;
    std::optional<std::int64_t> issued;  // seconds since 1970, UTC; unset also for a date that is none
    std::optional<std::int64_t> updated;
    std::string summary;
    std::string description;
    std::string solution;
    std::string rights;
    std::string release;
    std::string push_count;
    bool reboot_suggested = false;  // of the advisory as a whole, or of one of its packages
    std::vector<AdvisoryReference> references;
    std::vector<AdvisoryPackage> packages;
    std::vector<AdvisoryModule> modules;

    friend bool operator==(const Advisory&, const Advisory&) = default;
};

// Errors: RepoErrc::bad_metadata, beginning with "NAME:LINE:COLUMN: ": no XML, a DOCTYPE, beyond a limit, an advisory without id, a package
// without name or version.
class UpdateinfoReader final : public XmlDocument {
public:
    // `name` is what messages call the document. Each advisory is given when it is complete.
    UpdateinfoReader(std::string_view name, std::function<void(Advisory&&)> on_advisory);

private:
    void open(std::string_view element, const download::XmlAttributes& attributes) override;
    void shut(std::string_view element, std::string_view text) override;

    void open_field(std::string_view element, const download::XmlAttributes& attributes);
    void open_reference(const download::XmlAttributes& attributes);
    void open_package(const download::XmlAttributes& attributes);
    void open_module(const download::XmlAttributes& attributes);
    void shut_field(std::string_view element, std::string_view text);
    void shut_package_field(std::string_view element, std::string_view text);
    void end_advisory();

    std::function<void(Advisory&&)> on_advisory_;
    Advisory advisory_;
    std::string collection_;
    std::size_t count_ = 0;
    bool in_advisory_ = false;
    bool in_references_ = false;
    bool in_collection_ = false;
    bool in_package_ = false;
};

// "2024-02-29 12:34:56", with "T" for the blank, "Z", " UTC", fractions and the time left out, or seconds since 1970. Nothing for all else.
[[nodiscard]] std::optional<std::int64_t> advisory_date(std::string_view text);

}  // namespace lastack::repo
