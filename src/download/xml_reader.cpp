#include "download/xml_reader.hpp"

#include "base/text.hpp"

#include <expat.h>

#include <algorithm>
#include <utility>

namespace lastack::download {

namespace {

constexpr char namespace_separator = '|';
constexpr std::size_t most_shown = 32;

std::string_view trim_lines(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const auto begin = std::min(text.find_first_not_of(blanks), text.size());
    text.remove_prefix(begin);
    return text.substr(0, text.find_last_not_of(blanks) + 1);
}

struct Name {
    std::string_view space;
    std::string_view local;
};

// The local name cannot hold the separator; the namespace can.
Name split_name(std::string_view name) {
    const auto separator = name.rfind(namespace_separator);
    return separator == std::string_view::npos ? Name{{}, name} : Name{name.substr(0, separator), name.substr(separator + 1)};
}

}  // namespace

std::optional<std::string_view> XmlAttributes::get(std::string_view name) const {
    for (const char** it = list_; *it != nullptr; it += 2) {
        if (name == *it) {
            return std::string_view{it[1]};
        }
    }
    return std::nullopt;
}

// Expat's side. It may go on calling for a moment after it was stopped.
struct XmlReader::Handlers {
    static XmlReader& self(void* user) { return *static_cast<XmlReader*>(user); }
    static void start(void* user, const XML_Char* name, const XML_Char** attributes) {
        self(user).begin_element(name, XmlAttributes{attributes});
    }
    static void end(void* user, const XML_Char* name) { self(user).end_element(name); }
    static void text(void* user, const XML_Char* text, int length) { self(user).add_text({text, static_cast<std::size_t>(length)}); }
    static void doctype(void* user, const XML_Char* /*name*/, const XML_Char* /*system*/, const XML_Char* /*public*/, int /*internal*/) {
        self(user).fail("a DOCTYPE is not allowed");
    }
    static void declaration(void* user, const XML_Char* /*version*/, const XML_Char* encoding, int /*standalone*/) {
        if (encoding != nullptr && !iequals(encoding, "utf-8")) {
            self(user).fail("the encoding '" + printable(std::string_view{encoding}.substr(0, most_shown)) + "' is not UTF-8");
        }
    }
};

void XmlReader::ParserDeleter::operator()(XML_ParserStruct* parser) const noexcept { XML_ParserFree(parser); }

XmlReader::XmlReader(std::string_view name, std::error_code code, XmlLimits limits)
    : name_{name}, code_{code}, limits_{limits}, parser_{XML_ParserCreateNS("UTF-8", namespace_separator)} {
    if (parser_ != nullptr) {
        XML_SetUserData(parser_.get(), this);
        XML_SetElementHandler(parser_.get(), Handlers::start, Handlers::end);
        XML_SetCharacterDataHandler(parser_.get(), Handlers::text);
        XML_SetStartDoctypeDeclHandler(parser_.get(), Handlers::doctype);
        XML_SetXmlDeclHandler(parser_.get(), Handlers::declaration);
    }
}

XmlReader::~XmlReader() = default;

Result<void> XmlReader::walk(std::string_view document) {
    auto taken = take(document);
    return taken ? close() : taken;
}

Result<void> XmlReader::take(std::string_view piece) {
    constexpr std::size_t most_at_once = std::size_t{64} << 10;
    if (piece.size() > limits_.document - taken_ && !error_) {
        error_ = error_at(1, 0, "the document is larger than " + std::to_string(limits_.document) + " bytes");
    }
    // Whatever it is told, expat takes a document that begins like UTF-16 for that.
    for (std::uint64_t at = taken_; at < 2 && at - taken_ < piece.size() && !error_; ++at) {
        const auto byte = static_cast<unsigned char>(piece[static_cast<std::size_t>(at - taken_)]);
        if (byte == 0 || byte >= 0xFE) {
            error_ = error_at(1, 0, "not well-formed XML: the document is not UTF-8");
        }
    }
    while (!piece.empty() && !error_) {
        const auto part = piece.substr(0, most_at_once);
        piece.remove_prefix(part.size());
        taken_ += part.size();
        if (auto parsed = parse(part, false); !parsed) {
            return parsed;
        }
        if (taken_ - silent_since_ > limits_.markup) {
            fail("a tag, comment or instruction is longer than " + std::to_string(limits_.markup) + " bytes");
        }
    }
    return error_ ? Result<void>{std::unexpected(*error_)} : Result<void>{};
}

Result<void> XmlReader::close() {
    auto parsed = parse({}, true);
    if (!parsed) {
        return parsed;
    }
    finish();
    return error_ ? Result<void>{std::unexpected(*error_)} : Result<void>{};
}

Result<void> XmlReader::parse(std::string_view piece, bool last) {
    if (parser_ == nullptr && !error_) {
        error_ = error_at(1, 0, "the XML parser cannot be made");
    }
    if (!error_ && XML_Parse(parser_.get(), piece.data(), static_cast<int>(piece.size()), last ? XML_TRUE : XML_FALSE) != XML_STATUS_OK &&
        !error_) {
        fail(std::string{"not well-formed XML: "} + XML_ErrorString(XML_GetErrorCode(parser_.get())));
    }
    return error_ ? Result<void>{std::unexpected(*error_)} : Result<void>{};
}

void XmlReader::begin_element(std::string_view name, const XmlAttributes& attributes) {
    if (error_) {
        return;
    }
    silent_since_ = taken_;
    ++depth_;
    text_.clear();
    if (depth_ > limits_.depth) {
        return fail("elements are nested deeper than " + std::to_string(limits_.depth));
    }
    if (within_limits(attributes)) {
        const Name split = split_name(name);
        start(split.space, split.local, attributes);
    }
}

bool XmlReader::within_limits(const XmlAttributes& attributes) {
    std::size_t count = 0;
    for (const char** it = attributes.list(); *it != nullptr; it += 2) {
        if (++count > limits_.attributes) {
            fail("an element has more than " + std::to_string(limits_.attributes) + " attributes");
            return false;
        }
        if (std::string_view{it[0]}.size() > limits_.text || std::string_view{it[1]}.size() > limits_.text) {
            fail("an attribute is longer than " + std::to_string(limits_.text) + " bytes");
            return false;
        }
    }
    return true;
}

void XmlReader::add_text(std::string_view text) {
    if (error_) {
        return;
    }
    silent_since_ = taken_;
    if (text_.size() + text.size() > limits_.text) {
        return fail("a text is longer than " + std::to_string(limits_.text) + " bytes");
    }
    text_ += text;
}

void XmlReader::end_element(std::string_view name) {
    if (error_) {
        return;
    }
    silent_since_ = taken_;
    const Name split = split_name(name);
    end(split.space, split.local, trim_lines(text_));
    text_.clear();
    --depth_;
}

void XmlReader::fail(std::string what, std::error_code code) {
    if (!error_) {
        error_ = error_at(XML_GetCurrentLineNumber(parser_.get()), XML_GetCurrentColumnNumber(parser_.get()), what);
        error_->code = code;
        XML_StopParser(parser_.get(), XML_FALSE);
    }
}

Error XmlReader::error_at(std::uint64_t line, std::uint64_t column, const std::string& what) const {
    return {.code = code_,
            .phase = Phase::parsing,
            .cause = name_ + ":" + std::to_string(line) + ":" + std::to_string(column + 1) + ": " + what};
}

}  // namespace lastack::download
