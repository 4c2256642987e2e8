#include "download/metalink.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/error.hpp"
#include "download/mirror_list.hpp"
#include "download/relative_path.hpp"
#include "download/xml_reader.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace lastack::download {

namespace {

constexpr std::string_view space_3 = "http://www.metalinker.org/";
constexpr std::string_view space_4 = "urn:ietf:params:xml:ns:metalink";
constexpr std::string_view mirror_manager = "http://fedorahosted.org/mirrormanager";
constexpr std::size_t most_shown = 64;
// The rank of a URL, 0 for the best. Version 4 counts from 1 down to 999999, version 3 from 100 up; what says nothing comes last.
constexpr std::uint64_t last_priority = 999'999;
constexpr std::uint64_t best_preference = 100;

bool is_weak(const Digest& digest) { return digest.algorithm == DigestAlgorithm::md5 || digest.algorithm == DigestAlgorithm::sha1; }

// "sha-256" is IANA's name (version 4), "sha256" that of version 3.
std::string algorithm_name(std::string_view type) {
    std::string name = to_lower(type);
    if (name.starts_with("sha-")) {
        name.erase(3, 1);
    }
    return name;
}

bool is_known(std::string_view algorithm) {
    for (const auto each : {DigestAlgorithm::md5, DigestAlgorithm::sha1, DigestAlgorithm::sha224, DigestAlgorithm::sha256,
                            DigestAlgorithm::sha384, DigestAlgorithm::sha512}) {
        if (algorithm == to_string(each)) {
            return true;
        }
    }
    return false;
}

// Elements are known by their way from the root: "metalink/files/file/size". The namespace of the other version, and any other, is "?".
class Reader final : public XmlReader {
public:
    explicit Reader(std::string_view name) : XmlReader{name, DownloadErrc::bad_list, {.document = max_metalink_size}} {}

    Result<Metalink> read(std::string_view text) {
        if (auto walked = walk(text); !walked) {
            return std::unexpected(std::move(walked.error()));
        }
        return std::move(metalink_);
    }

private:
    void start(std::string_view space, std::string_view element, const XmlAttributes& attributes) override {
        if (depth() == 1 && !begin_document(space, element)) {
            return;
        }
        ends_.push_back(way_.size());
        way_ += space == space_ ? "/" : space == mirror_manager ? "/mm:" : "/?";
        way_ += element;
        if (way_ == file_) {
            begin_file(attributes.get("name").value_or(""));
        } else if (below_file() == alternate_way) {
            begin_alternate();
        } else if (element == "hash") {
            type_ = algorithm_name(attributes.get("type").value_or("").substr(0, most_shown));
        } else if (element == "url") {
            begin_url(attributes);
        }
    }

    bool begin_document(std::string_view space, std::string_view element) {
        if (element != "metalink" || (space != space_3 && space != space_4)) {
            fail("the root element is <" + printable(element.substr(0, most_shown)) + ">, not a <metalink> of version 3 or 4");
            return false;
        }
        space_ = space == space_3 ? space_3 : space_4;
        file_ = version_3() ? "/metalink/files/file" : "/metalink/file";
        return true;
    }

    void begin_file(std::string_view name) {
        if (auto valid = check_relative_path(name); !valid) {
            return fail("the name of a file " + valid.error().cause);
        }
        if (name.starts_with('.')) {
            return fail("the name of a file must not begin with a dot: '" + printable(name.substr(0, most_shown)) + "'");
        }
        if (metalink_.files.size() == max_metalink_files) {
            return fail("more than " + std::to_string(max_metalink_files) + " files");
        }
        if (!names_.emplace(name).second) {
            return fail("two files are called '" + printable(name.substr(0, most_shown)) + "'");
        }
        metalink_.files.push_back({.name = std::string{name}});
        ranks_.clear();
    }

    void begin_alternate() {
        if (file().alternates.size() == max_alternates) {
            return fail("a file has more than " + std::to_string(max_alternates) + " alternates");
        }
        file().alternates.emplace_back();
    }

    void begin_url(const XmlAttributes& attributes) {
        const auto number = parse_decimal(attributes.get(version_3() ? "preference" : "priority").value_or(""));
        rank_ = last_priority;
        if (number && version_3() && *number <= best_preference) {
            rank_ = best_preference - *number;
        } else if (number && !version_3() && *number >= 1 && *number <= last_priority) {
            rank_ = *number - 1;
        }
        // A torrent of version 3 has an http URL too.
        const std::string type = to_lower(attributes.get("type").value_or("http").substr(0, most_shown));
        wanted_ = !version_3() || type == "http" || type == "https";
    }

    void end(std::string_view /*space*/, std::string_view /*element*/, std::string_view text) override {
        const std::string_view part = below_file();
        if (part.starts_with(alternate_way) && part.substr(alternate_way.size()).starts_with('/')) {
            end_alternate_part(part.substr(alternate_way.size()), text);
        } else if (part == "/size") {
            set_number(file().size, "size", text);
        } else if (part == "/mm:timestamp") {
            set_number(file().timestamp, "timestamp", text);
        } else if (part == hash_way()) {
            add_digest(file().digests, text);
        } else if (part == (version_3() ? "/resources/url" : "/url")) {
            add_url(text);
        } else if (way_ == file_ && file().urls.empty()) {
            fail("'" + printable(file().name.substr(0, most_shown)) + "' has no http, https or ftp URL");
        }
        way_.resize(ends_.back());
        ends_.pop_back();
    }

    void end_alternate_part(std::string_view part, std::string_view text) {
        MetalinkAlternate& alternate = file().alternates.back();
        if (part == "/size") {
            set_number(alternate.size, "size", text);
        } else if (part == "/mm:timestamp") {
            set_number(alternate.timestamp, "timestamp", text);
        } else if (part == hash_way()) {
            add_digest(alternate.digests, text);
        }
    }

    void finish() override {
        if (metalink_.files.empty()) {
            fail("there is no file in it");
        }
    }

    void set_number(std::optional<std::uint64_t>& field, const std::string& what, std::string_view text) {
        const auto number = parse_decimal(text);
        if (!number || field) {
            return fail("the " + what + " of '" + printable(file().name.substr(0, most_shown)) + "', '" +
                        printable(text.substr(0, most_shown)) + "', is not one number");
        }
        field = number;
    }

    void add_digest(std::vector<Digest>& digests, std::string_view text) {
        if (!is_known(type_)) {
            return;
        }
        auto digest = parse_digest(type_, text);
        if (!digest) {
            return fail("a hash of '" + printable(file().name.substr(0, most_shown)) + "' cannot be used: " + digest.error().cause);
        }
        const auto same = std::ranges::find(digests, digest->algorithm, &Digest::algorithm);
        if (same == digests.end()) {
            const auto weaker =
                std::ranges::find_if(digests, [&digest](const Digest& other) { return other.algorithm < digest->algorithm; });
            digests.insert(weaker, std::move(*digest));
        } else if (*same != *digest) {
            fail("'" + printable(file().name.substr(0, most_shown)) + "' has two different hashes of type " + type_);
        }
    }

    // Kept in order while they come, so that a hostile number of them costs no memory.
    void add_url(std::string_view text) {
        const bool too_many = ranks_.size() == max_mirrors && rank_ >= ranks_.back();
        if (!wanted_ || too_many || !parse_url(text, Schemes::http_and_ftp) || std::ranges::find(file().urls, text) != file().urls.end()) {
            return;
        }
        const auto place = std::ranges::upper_bound(ranks_, rank_);
        file().urls.emplace(file().urls.begin() + (place - ranks_.begin()), text);
        ranks_.insert(place, rank_);
        if (ranks_.size() > max_mirrors) {
            ranks_.pop_back();
            file().urls.pop_back();
        }
    }

    // The way on from <file>; empty outside of one.
    [[nodiscard]] std::string_view below_file() const {
        const std::string_view way = way_;
        return way.size() > file_.size() && way.starts_with(file_) && way[file_.size()] == '/' ? way.substr(file_.size())
                                                                                               : std::string_view{};
    }
    [[nodiscard]] bool version_3() const { return space_ == space_3; }
    [[nodiscard]] std::string_view hash_way() const { return version_3() ? "/verification/hash" : "/hash"; }
    MetalinkFile& file() { return metalink_.files.back(); }

    static constexpr std::string_view alternate_way = "/mm:alternates/mm:alternate";

    Metalink metalink_;
    std::set<std::string, std::less<>> names_;
    std::string_view space_;  // of this document's version
    std::string_view file_;   // the way to a <file>
    std::string way_;
    std::vector<std::size_t> ends_;     // of the ways to the elements around this one
    std::vector<std::uint64_t> ranks_;  // of file().urls
    std::uint64_t rank_ = 0;
    bool wanted_ = false;
    std::string type_;
};

}  // namespace

Result<Metalink> parse_metalink(std::string_view text, std::string_view name) { return Reader{name}.read(text); }

std::vector<Digest> digests_to_check(const std::vector<Digest>& digests) {
    std::vector<Digest> strong;
    std::ranges::remove_copy_if(digests, std::back_inserter(strong), is_weak);
    return strong.empty() ? digests : strong;
}

}  // namespace lastack::download
