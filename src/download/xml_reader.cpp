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
    : name_{name}, code_{code}, limits_{limits}, parser_{XML_ParserCreateNS("UTF-8", namespace_separator)} {}

XmlReader::~XmlReader() = default;

Result<void> XmlReader::walk(std::string_view document) {
    if (document.size() > limits_.document) {
        return std::unexpected(error_at(1, 0, "the document is larger than " + std::to_string(limits_.document) + " bytes"));
    }
    if (parser_ == nullptr) {
        return std::unexpected(error_at(1, 0, "the XML parser cannot be made"));
    }
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(parser_.get(), Handlers::start, Handlers::end);
    XML_SetCharacterDataHandler(parser_.get(), Handlers::text);
    XML_SetStartDoctypeDeclHandler(parser_.get(), Handlers::doctype);
    XML_SetXmlDeclHandler(parser_.get(), Handlers::declaration);
    const XML_Status status = XML_Parse(parser_.get(), document.data(), static_cast<int>(document.size()), XML_TRUE);
    if (!error_ && status != XML_STATUS_OK) {
        fail(std::string{"not well-formed XML: "} + XML_ErrorString(XML_GetErrorCode(parser_.get())));
    }
    if (!error_) {
        finish();
    }
    if (error_) {
        return std::unexpected(*error_);
    }
    return {};
}

void XmlReader::begin_element(std::string_view name, const XmlAttributes& attributes) {
    if (error_) {
        return;
    }
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
    if (text_.size() + text.size() > limits_.text) {
        return fail("a text is longer than " + std::to_string(limits_.text) + " bytes");
    }
    text_ += text;
}

void XmlReader::end_element(std::string_view name) {
    if (error_) {
        return;
    }
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
            .cause = std::string{name_} + ":" + std::to_string(line) + ":" + std::to_string(column + 1) + ": " + what};
}

}  // namespace lastack::download
