#include "download/manifest.hpp"

#include "base/text.hpp"
#include "base/url.hpp"
#include "download/error.hpp"
#include "download/local_file.hpp"
#include "download/mirror_list.hpp"
#include "download/relative_path.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace lastack::download {

namespace {

using nlohmann::json;

constexpr std::size_t most_shown = 64;

// Tells how far the parser has come, which is how a value finds its line.
class Cursor {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    using Position = std::string_view::const_iterator;

    Cursor(Position at, Position& reached) : at_{at}, reached_{&reached} {}
    reference operator*() const { return *at_; }
    Cursor& operator++() {
        *reached_ = ++at_;
        return *this;
    }
    Cursor operator++(int) {
        Cursor before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const Cursor& a, const Cursor& b) { return a.at_ == b.at_; }

private:
    Position at_;
    Position* reached_;
};

// The parser's words without its own codes and places.
std::string reason_of(std::string_view what) {
    constexpr std::size_t most_words = 160;
    const auto words = what.find("syntax error");
    const auto bracket = what.find("] ");
    if (words != std::string_view::npos) {
        what.remove_prefix(words);
    } else if (bracket != std::string_view::npos) {
        what.remove_prefix(bracket + 2);
    }
    return printable(what.substr(0, most_words));
}

// The parser's events. Each answers whether to go on.
class Reader {
public:
    Reader(std::string_view text, std::string_view name) : text_{text}, name_{name}, reached_{text.begin()} {}

    Result<std::vector<ManifestFile>> read() {
        if (text_.size() > max_manifest_size) {
            return std::unexpected(error("larger than " + std::to_string(max_manifest_size) + " bytes"));
        }
        if (!json::sax_parse(Cursor{text_.begin(), reached_}, Cursor{text_.end(), reached_}, this)) {
            return std::unexpected(error_ ? std::move(*error_) : error("not JSON"));
        }
        return std::move(files_);
    }

    bool null() { return wrong_value("null"); }
    bool boolean(bool /*value*/) { return wrong_value("a truth value"); }
    bool number_integer(std::int64_t /*value*/) { return wrong_value("a negative number"); }
    bool number_float(double /*value*/, const std::string& /*text*/) { return wrong_value("a fraction"); }
    bool binary(const json::binary_t& /*value*/) { return wrong_value("binary"); }
    bool number_unsigned(std::uint64_t value) {
        if (place_ != Place::file || key_ != "size") {
            return wrong_value("a number");
        }
        file().size = value;
        return true;
    }
    bool string(const std::string& value) {
        switch (place_) {
            case Place::urls:
                return add_url(key_ == "urls" ? urls_ : mirrors_, value);
            case Place::file:
                return take_word(value);
            default:
                return wrong_value("a text");
        }
    }

    bool start_array(std::size_t /*size*/) {
        if (place_ == Place::nothing || (place_ == Place::root && key_ == "files")) {
            bare_ = place_ == Place::nothing;
            place_ = Place::files;
            return true;
        }
        if (place_ == Place::file && (key_ == "urls" || key_ == "mirrors")) {
            place_ = Place::urls;
            return true;
        }
        return wrong_value("an array");
    }
    bool end_array() {
        place_ = place_ == Place::urls ? Place::file : bare_ ? Place::done : Place::root;
        return true;
    }
    bool start_object(std::size_t /*size*/) {
        if (place_ == Place::nothing) {
            place_ = Place::root;
            return true;
        }
        if (place_ != Place::files) {
            return wrong_value("an object");
        }
        if (files_.size() == max_manifest_files) {
            return fail("too many files");
        }
        files_.emplace_back();
        place_ = Place::file;
        keys_.clear();
        return true;
    }
    bool key(const std::string& name) {
        constexpr std::array<std::string_view, 8> known{"url", "urls", "mirrors", "path", "size", "sha256", "sha512", "digest"};
        const bool is_known = place_ == Place::root ? name == "files" : std::ranges::find(known, name) != known.end();
        if (!is_known) {
            return fail("unknown key '" + printable(std::string_view{name}.substr(0, most_shown)) + "'");
        }
        if (place_ == Place::root ? std::exchange(has_files_, true) : !keys_.insert(name).second) {
            return fail("the key '" + name + "' stands there twice");
        }
        key_ = name;
        return true;
    }
    bool end_object() {
        if (place_ == Place::root) {
            place_ = Place::done;
            return has_files_ || fail("no key 'files'");
        }
        return end_file();
    }
    bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/, const nlohmann::detail::exception& problem) {
        return fail(reason_of(problem.what()));
    }

private:
    enum class Place : std::uint8_t { nothing, root, files, file, urls, done };

    bool take_word(const std::string& value) {
        if (key_ == "url") {
            return add_url(file().urls, value);
        }
        if (key_ == "path") {
            return set_path(value);
        }
        if (key_ == "sha256" || key_ == "sha512") {
            return add_digest(key_, value);
        }
        if (key_ == "digest") {
            const auto colon = value.find(':');
            return colon == std::string::npos
                       ? fail("digest wants ALGORITHM:HEX")
                       : add_digest(std::string_view{value}.substr(0, colon), std::string_view{value}.substr(colon + 1));
        }
        return wrong_value("a text");
    }

    bool add_url(std::vector<std::string>& urls, const std::string& value) {
        if (auto parsed = parse_url(value, Schemes::http_and_ftp); !parsed && !is_file_url(value)) {
            return fail(key_ + ": " + parsed.error().cause);
        }
        if (file().urls.size() + urls_.size() + mirrors_.size() == max_mirrors) {
            return fail("more than " + std::to_string(max_mirrors) + " URLs");
        }
        urls.push_back(value);
        return true;
    }

    bool set_path(const std::string& value) {
        if (auto valid = check_relative_path(value); !valid) {
            return fail("path " + valid.error().cause);
        }
        if (!paths_.insert(value).second) {
            return fail("another file has the path '" + value + "'");
        }
        file().path = value;
        return true;
    }

    bool add_digest(std::string_view algorithm, std::string_view hex) {
        auto digest = parse_digest(algorithm, hex);
        if (!digest) {
            return fail(key_ + ": " + digest.error().cause);
        }
        if (std::ranges::find(file().digests, digest->algorithm, &Digest::algorithm) != file().digests.end()) {
            return fail("two digests of one kind");
        }
        file().digests.push_back(std::move(*digest));
        return true;
    }

    bool end_file() {
        for (auto* more : {&urls_, &mirrors_}) {
            std::ranges::move(*more, std::back_inserter(file().urls));
            more->clear();
        }
        if (file().urls.empty()) {
            return fail("no URL");
        }
        place_ = Place::files;
        return true;
    }

    bool wrong_value(const std::string& what) {
        switch (place_) {
            case Place::file:
                return fail("'" + key_ + "' cannot be " + what);
            case Place::urls:
                return fail("a URL in '" + key_ + "' cannot be " + what);
            case Place::files:
                return fail("a file wants an object, not " + what);
            default:
                return fail("an array of files, or an object with the key 'files', is wanted, not " + what);
        }
    }

    bool fail(const std::string& what) {
        error_ = error(what);
        return false;
    }

    [[nodiscard]] Error error(const std::string& what) const {
        // The parser has read one byte too many behind a number; the last byte itself ends no line that matters.
        const Cursor::Position last = reached_ == text_.begin() ? reached_ : reached_ - 1;
        std::string where = std::string{name_} + ":" + std::to_string(1 + std::count(text_.begin(), last, '\n')) + ": ";
        if (place_ == Place::file || place_ == Place::urls) {
            where += (bare_ ? "[" : "files[") + std::to_string(files_.size() - 1) + "]: ";
        }
        return {.code = DownloadErrc::bad_list, .phase = Phase::parsing, .cause = where + what};
    }

    ManifestFile& file() { return files_.back(); }

    std::string_view text_;
    std::string_view name_;
    Cursor::Position reached_;
    std::optional<Error> error_;
    Place place_ = Place::nothing;
    bool bare_ = false;  // an array without the object around it
    bool has_files_ = false;
    std::string key_;
    std::set<std::string, std::less<>> keys_;  // of this file
    std::set<std::string, std::less<>> paths_;
    std::vector<std::string> urls_;  // of this file, by their keys
    std::vector<std::string> mirrors_;
    std::vector<ManifestFile> files_;
};

}  // namespace

Result<std::vector<ManifestFile>> parse_manifest(std::string_view text, std::string_view name) { return Reader{text, name}.read(); }

}  // namespace lastack::download
