// An XML document from elsewhere, walked once from its beginning to its end. What no honest one has is an error: a DOCTYPE (and with it any
// entity of its own), an encoding other than UTF-8, and whatever lies beyond the limits.
#pragma once

#include "lastack/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

struct XML_ParserStruct;

namespace lastack::download {

struct XmlLimits {
    std::uint64_t document = std::uint64_t{1} << 20;
    unsigned depth = 16;
    std::size_t attributes = 64;                // of one element
    std::size_t text = std::size_t{64} << 10;   // also of an attribute's name or value
    std::size_t markup = std::size_t{1} << 20;  // of one tag, comment or instruction, which the parser holds until it ends
};

class XmlAttributes {
public:
    explicit XmlAttributes(const char** list) : list_{list} {}
    // Names in a namespace are "NAMESPACE|NAME". Nothing when it is absent.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
    [[nodiscard]] const char** list() const { return list_; }

private:
    const char** list_;  // names and values in turn, then a null pointer; expat's
};

// A base for readers of one kind of document: they are told of its elements, keep what they want, and fail() at the first thing that is
// wrong; nothing more is told after that.
class XmlReader {
public:
    XmlReader(const XmlReader&) = delete;
    XmlReader& operator=(const XmlReader&) = delete;

protected:
    // `name` is what messages call the document; `code` is that of everything that is wrong with it.
    XmlReader(std::string_view name, std::error_code code, XmlLimits limits);
    ~XmlReader();

    // A document that is there as a whole. Errors begin with "NAME:LINE:COLUMN: ".
    Result<void> walk(std::string_view document);
    // The same for one that comes in pieces, cut anywhere; what is wrong stays wrong.
    Result<void> take(std::string_view piece);
    Result<void> close();

    // `space` is the namespace's name, empty for none; depth() is 1 for the root element.
    virtual void start(std::string_view space, std::string_view element, const XmlAttributes& attributes) = 0;
    // `text` is what stood between this end and the tag before it, without white space around it.
    virtual void end(std::string_view space, std::string_view element, std::string_view text) = 0;
    // The end of the document.
    virtual void finish() {}

    [[nodiscard]] unsigned depth() const { return depth_; }
    void fail(std::string what) { fail(std::move(what), code_); }
    void fail(std::string what, std::error_code code);
    [[nodiscard]] bool failed() const { return error_.has_value(); }

private:
    struct Handlers;
    struct ParserDeleter {
        void operator()(XML_ParserStruct* parser) const noexcept;
    };

    void begin_element(std::string_view name, const XmlAttributes& attributes);
    void end_element(std::string_view name);
    void add_text(std::string_view text);
    bool within_limits(const XmlAttributes& attributes);
    [[nodiscard]] Result<void> parse(std::string_view piece, bool last);
    [[nodiscard]] Error error_at(std::uint64_t line, std::uint64_t column, const std::string& what) const;

    std::string name_;
    std::error_code code_;
    XmlLimits limits_;
    std::unique_ptr<XML_ParserStruct, ParserDeleter> parser_;
    std::optional<Error> error_;
    std::uint64_t taken_ = 0;
    std::uint64_t silent_since_ = 0;  // of taken_, when the parser last told something
    unsigned depth_ = 0;
    std::string text_;
};

}  // namespace lastack::download
