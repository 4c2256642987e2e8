#include "repo/repomd.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "repo/error.hpp"

#include <expat.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace lastack::repo {

namespace {

constexpr unsigned max_depth = 16;
constexpr std::size_t max_attribute = std::size_t{64} << 10;
constexpr std::size_t max_attributes = 64;
constexpr std::size_t max_text = std::size_t{64} << 10;
constexpr std::size_t max_files = 256;
constexpr std::size_t max_type_length = 64;
constexpr char namespace_separator = '|';

bool is_weak(DigestAlgorithm algorithm) { return algorithm == DigestAlgorithm::md5 || algorithm == DigestAlgorithm::sha1; }

std::string_view trim_lines(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// "http://namespace|name" → "name"
std::string_view local_name(std::string_view name) { return name.substr(name.rfind(namespace_separator) + 1); }

struct Attributes {
    const XML_Char** list;

    // The attribute without a namespace; nothing when it is absent.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const {
        for (const XML_Char** it = list; *it != nullptr; it += 2) {
            if (name == *it) {
                return std::string_view{it[1]};
            }
        }
        return std::nullopt;
    }
};

struct ParserDeleter {
    void operator()(XML_Parser parser) const noexcept { XML_ParserFree(parser); }
};

// Expat's handlers. They never throw what they can avoid and stop the parser at the first thing that is wrong.
class Reader {
public:
    explicit Reader(std::string_view name) : name_{name}, parser_{XML_ParserCreateNS("UTF-8", namespace_separator)} {}

    Result<Repomd> read(std::string_view text) {
        if (text.size() > max_repomd_size) {
            return std::unexpected(error_at(1, 0, "the document is larger than " + std::to_string(max_repomd_size) + " bytes"));
        }
        if (parser_ == nullptr) {
            return std::unexpected(error_at(1, 0, "the XML parser cannot be made"));
        }
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), on_start, on_end);
        XML_SetCharacterDataHandler(parser_.get(), on_text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), on_doctype);
        XML_SetXmlDeclHandler(parser_.get(), on_declaration);
        const XML_Status status = XML_Parse(parser_.get(), text.data(), static_cast<int>(text.size()), XML_TRUE);
        if (error_) {
            return std::unexpected(std::move(*error_));
        }
        if (status != XML_STATUS_OK) {
            return std::unexpected(error_here(std::string{"not well-formed XML: "} + XML_ErrorString(XML_GetErrorCode(parser_.get()))));
        }
        if (repomd_.find("primary") == nullptr) {
            return std::unexpected(error_here("no <data type=\"primary\">: nothing says where the list of packages is"));
        }
        return std::move(repomd_);
    }

private:
    static Reader& self(void* user) { return *static_cast<Reader*>(user); }
    static void on_start(void* user, const XML_Char* name, const XML_Char** attributes) { self(user).start(name, {attributes}); }
    static void on_end(void* user, const XML_Char* name) { self(user).end(local_name(name)); }
    static void on_text(void* user, const XML_Char* text, int length) { self(user).add_text({text, static_cast<std::size_t>(length)}); }
    static void on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
        self(user).fail("a DOCTYPE is not allowed");
    }
    static void on_declaration(void* user, const XML_Char*, const XML_Char* encoding, int) {
        if (encoding != nullptr && !iequals(encoding, "utf-8")) {
            self(user).fail("the encoding '" + printable(std::string_view{encoding}.substr(0, 32)) + "' is not UTF-8");
        }
    }

    void start(std::string_view name, Attributes attributes) {
        if (error_) {
            return;
        }
        ++depth_;
        text_.clear();
        if (depth_ > max_depth) {
            return fail("elements are nested deeper than " + std::to_string(max_depth));
        }
        if (!check_sizes(attributes)) {
            return;
        }
        const std::string_view element = local_name(name);
        if (depth_ == 1 && element != "repomd") {
            return fail("the root element is <" + printable(element.substr(0, 32)) + ">, not <repomd>");
        }
        if (depth_ == 2 && element == "data") {
            begin_file(attributes);
        } else if (depth_ == 3 && in_file_) {
            start_detail(element, attributes);
        }
    }

    bool check_sizes(Attributes attributes) {
        std::size_t count = 0;
        for (const XML_Char** it = attributes.list; *it != nullptr; it += 2) {
            if (++count > max_attributes || std::string_view{it[0]}.size() > max_attribute ||
                std::string_view{it[1]}.size() > max_attribute) {
                fail(count > max_attributes ? "an element has more than " + std::to_string(max_attributes) + " attributes"
                                            : "an attribute is longer than " + std::to_string(max_attribute) + " bytes");
                return false;
            }
        }
        return true;
    }

    void begin_file(Attributes attributes) {
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

    void start_detail(std::string_view element, Attributes attributes) {
        if (element == "checksum" || element == "open-checksum") {
            algorithm_ = attributes.get("type").value_or("");
        } else if (element == "location") {
            set_location(attributes);
        }
    }

    void set_location(Attributes attributes) {
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

    void add_text(std::string_view text) {
        if (error_) {
            return;
        }
        if (text_.size() + text.size() > max_text) {
            return fail("a text is longer than " + std::to_string(max_text) + " bytes");
        }
        text_ += text;
    }

    void end(std::string_view element) {
        if (error_) {
            return;
        }
        const std::string_view text = trim_lines(text_);
        if (depth_ == 3 && in_file_) {
            end_detail(element, text);
        } else if (depth_ == 2 && in_file_) {
            end_file();
        } else if (depth_ == 2 && element == "revision") {
            repomd_.revision = text;
        }
        text_.clear();
        --depth_;
    }

    void end_detail(std::string_view element, std::string_view text) {
        if (element == "checksum") {
            add_digest(file().digests, text);
        } else if (element == "open-checksum") {
            add_digest(file().open_digests, text);
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
        if (digests.size() == max_attributes) {
            return fail("too many checksums");
        }
        digests.push_back(std::move(*digest));
    }

    void set_size(std::optional<std::uint64_t>& field, std::string_view what, std::string_view text, std::uint64_t most) {
        const auto size = parse_decimal(text);
        if (!size || *size == 0 || *size > most || field) {
            return fail("the " + std::string{what} + " of '" + printable(file().type) + "', '" + printable(text.substr(0, 32)) +
                        "', is not one number from 1 to " + std::to_string(most));
        }
        field = size;
    }

    void end_file() {
        in_file_ = false;
        if (file().href.empty()) {
            return fail("<data type=\"" + printable(file().type) + "\"> has no <location>");
        }
        const auto all_weak = [](const std::vector<Digest>& digests) {
            return std::ranges::all_of(digests, [](const Digest& digest) { return is_weak(digest.algorithm); });
        };
        if (file().digests.empty()) {
            return fail("<data type=\"" + printable(file().type) + "\"> has no checksum: nothing is trusted without one");
        }
        if (all_weak(file().digests) || (!file().open_digests.empty() && all_weak(file().open_digests))) {
            return fail("<data type=\"" + printable(file().type) + "\"> has no checksum stronger than md5 or sha1");
        }
    }

    RepomdFile& file() { return repomd_.files.back(); }

    void fail(std::string what, RepoErrc code = RepoErrc::bad_repomd) {
        if (!error_) {
            error_ = error_here(std::move(what));
            error_->code = code;
            XML_StopParser(parser_.get(), XML_FALSE);
        }
    }

    Error error_here(std::string what) const {
        return error_at(XML_GetCurrentLineNumber(parser_.get()), XML_GetCurrentColumnNumber(parser_.get()), std::move(what));
    }

    Error error_at(std::uint64_t line, std::uint64_t column, std::string what) const {
        return {.code = RepoErrc::bad_repomd,
                .phase = Phase::parsing,
                .cause = std::string{name_} + ":" + std::to_string(line) + ":" + std::to_string(column + 1) + ": " + std::move(what)};
    }

    std::string_view name_;
    std::unique_ptr<XML_ParserStruct, ParserDeleter> parser_;
    Repomd repomd_;
    std::optional<Error> error_;
    unsigned depth_ = 0;
    bool in_file_ = false;
    std::string algorithm_;
    std::string text_;
};

}  // namespace

const RepomdFile* Repomd::find(std::string_view type) const {
    const auto found = std::ranges::find(files, type, &RepomdFile::type);
    return found == files.end() ? nullptr : &*found;
}

Result<Repomd> parse_repomd(std::string_view text, std::string_view name) { return Reader{name}.read(text); }

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
