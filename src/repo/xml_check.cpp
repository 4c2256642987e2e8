#include "repo/xml_check.hpp"

#include <expat.h>

#include <algorithm>
#include <string>
#include <utility>

namespace lastack::repo {

XmlCheck::XmlCheck() : parser_{XML_ParserCreate("UTF-8")} {}

XmlCheck::~XmlCheck() { XML_ParserFree(parser_); }

void XmlCheck::feed(std::span<const std::byte> bytes) { parse(bytes, false); }

std::string XmlCheck::finish() {
    parse({}, true);
    return std::move(cause_);
}

void XmlCheck::parse(std::span<const std::byte> bytes, bool last) {
    constexpr std::size_t most_at_once = std::size_t{1} << 20;  // expat counts in int
    do {
        if (!cause_.empty()) {
            return;
        }
        const auto piece = bytes.first(std::min(bytes.size(), most_at_once));
        bytes = bytes.subspan(piece.size());
        if (XML_Parse(parser_, reinterpret_cast<const char*>(piece.data()), static_cast<int>(piece.size()), last ? 1 : 0) !=
            XML_STATUS_OK) {
            cause_ = "it is not well-formed XML: " + std::to_string(XML_GetCurrentLineNumber(parser_)) + ":" +
                     std::to_string(XML_GetCurrentColumnNumber(parser_) + 1) + ": " + XML_ErrorString(XML_GetErrorCode(parser_));
        }
    } while (!bytes.empty());
}

}  // namespace lastack::repo
