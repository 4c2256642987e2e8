#include "repo/repomd.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/xml_reader.hpp"
#include "repo/error.hpp"

#include <algorithm>
#include <utility>

namespace lastack::repo {

namespace {

constexpr std::size_t max_files = 256;
constexpr std::size_t max_checksums = 64;  // of one file
constexpr std::size_t max_type_length = 64;
constexpr std::size_t most_shown = 32;

bool all_weak(const std::vector<Digest>& digests) {
    return std::ranges::all_of(digests, [](const Digest& digest) { return is_weak(digest.algorithm); });
}

// An empty list of open digests says nothing, and is not asked for anything.
bool file_needs_weak_digests(const RepomdFile& file) {
    return all_weak(file.digests) || (!file.open_digests.empty() && all_weak(file.open_digests));
}

using download::XmlAttributes;

class Reader final : public download::XmlReader {
public:
    Reader(std::string_view name, WeakDigests weak) : XmlReader{name, RepoErrc::bad_repomd, {.document = max_repomd_size}}, weak_{weak} {}

    Result<Repomd> read(std::string_view text) {
        if (auto walked = walk(text); !walked) {
            return std::unexpected(std::move(walked.error()));
        }
        return std::move(repomd_);
    }

private:
    void start(std::string_view /*space*/, std::string_view element, const XmlAttributes& attributes) override {
        if (depth() == 1 && element != "repomd") {
            return fail("the root element is <" + printable(element.substr(0, most_shown)) + ">, not <repomd>");
        }
        if (depth() == 2 && element == "data") {
            begin_file(attributes);
        } else if (depth() == 3 && in_file_) {
            start_detail(element, attributes);
        }
    }

    void begin_file(const XmlAttributes& attributes) {
        const auto type = attributes.get("type");
        if (!type || type->empty() || type->size() > max_type_length) {
            return fail("<data> has no usable type");
        }
        if (repomd_.files.size() == max_files) {
            return fail("more than " + std::to_string(max_files) + " <data> elements");
        }
        if (repomd_.find(*type) != nullptr) {
            return fail("<data type=\"" + printable(*type) + "\"> stands there twice");
        }
        repomd_.files.push_back({.type = std::string{*type}});
        in_file_ = true;
    }

    void start_detail(std::string_view element, const XmlAttributes& attributes) {
        if (element == "checksum" || element == "open-checksum" || element == "header-checksum") {
            algorithm_ = attributes.get("type").value_or("");
        } else if (element == "location") {
            set_location(attributes);
        }
    }

    void set_location(const XmlAttributes& attributes) {
        const auto href = attributes.get("href");
        if (!href) {
            return fail("<location> has no href");
        }
        if (attributes.get("http://www.w3.org/XML/1998/namespace|base")) {
            return fail("<location> has an xml:base, which is not supported in repomd.xml", RepoErrc::bad_location);
        }
        if (const auto joined = join_url("http://host", *href); !joined) {
            return fail("<location href>: " + joined.error().cause, RepoErrc::bad_location);
        }
        if (!file().href.empty()) {
            return fail("two <location> elements in one <data>");
        }
        file().href = *href;
    }

    void end(std::string_view /*space*/, std::string_view element, std::string_view text) override {
        if (depth() == 3 && in_file_) {
            end_detail(element, text);
        } else if (depth() == 2 && in_file_) {
            end_file();
        } else if (depth() == 2 && element == "revision") {
            repomd_.revision = text;
        }
    }

    void finish() override {
        if (repomd_.find("primary") == nullptr) {
            fail("no <data type=\"primary\">: nothing says where the list of packages is");
        }
    }

    void end_detail(std::string_view element, std::string_view text) {
        if (element == "checksum") {
            add_digest(file().digests, text);
        } else if (element == "open-checksum") {
            add_digest(file().open_digests, text);
        } else if (element == "header-checksum") {
            add_digest(file().header_digests, text);
        } else if (element == "header-size") {
            set_size(file().header_size, "header-size", text, max_metadata_size);
        } else if (element == "size") {
            set_size(file().size, "size", text, max_metadata_size);
        } else if (element == "open-size") {
            set_size(file().open_size, "open-size", text, max_open_metadata_size);
        } else if (element == "timestamp") {
            file().timestamp = parse_decimal(text);
        }
    }

    void add_digest(std::vector<Digest>& digests, std::string_view text) {
        auto digest = parse_digest(algorithm_, text);
        if (!digest) {
            return fail("the checksum of '" + printable(file().type) + "' cannot be used: " + digest.error().cause);
        }
        if (digests.size() == max_checksums) {
            return fail("too many checksums");
        }
        digests.push_back(std::move(*digest));
    }

    void set_size(std::optional<std::uint64_t>& field, std::string_view what, std::string_view text, std::uint64_t most) {
        const auto size = parse_decimal(text);
        if (!size || *size == 0 || *size > most || field) {
            return fail("the " + std::string{what} + " of '" + printable(file().type) + "', '" + printable(text.substr(0, most_shown)) +
                        "', is not one number from 1 to " + std::to_string(most));
        }
        field = size;
    }

    void end_file() {
        in_file_ = false;
        if (file().href.empty()) {
            return fail("<data type=\"" + printable(file().type) + "\"> has no <location>");
        }
        if (file().digests.empty()) {
            return fail("<data type=\"" + printable(file().type) + "\"> has no checksum: nothing is trusted without one");
        }
        if (weak_ == WeakDigests::refused && file_needs_weak_digests(file())) {
            return fail("<data type=\"" + printable(file().type) +
                        "\"> has no checksum stronger than md5 or sha1 (allow_weak_digests=1 accepts these)");
        }
    }

    RepomdFile& file() { return repomd_.files.back(); }

    WeakDigests weak_;
    Repomd repomd_;
    bool in_file_ = false;
    std::string algorithm_;
};

}  // namespace

const RepomdFile* Repomd::find(std::string_view type) const {
    const auto found = std::ranges::find(files, type, &RepomdFile::type);
    return found == files.end() ? nullptr : &*found;
}

Result<Repomd> parse_repomd(std::string_view text, std::string_view name, WeakDigests weak) { return Reader{name, weak}.read(text); }

bool needs_weak_digests(const Repomd& repomd) {
    return std::ranges::any_of(repomd.files, [](const RepomdFile& file) { return file_needs_weak_digests(file); });
}

bool is_older(const Repomd& served, const Repomd& cached) {
    const auto served_revision = parse_decimal(served.revision);
    const auto cached_revision = parse_decimal(cached.revision);
    if (served_revision && cached_revision && *served_revision != *cached_revision) {
        return *served_revision < *cached_revision;
    }
    const auto served_time = served.primary().timestamp;
    const auto cached_time = cached.primary().timestamp;
    return served_time && cached_time && *served_time < *cached_time;
}

}  // namespace lastack::repo
