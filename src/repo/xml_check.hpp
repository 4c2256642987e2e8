// Whether an XML document that streams by is well-formed to its end. The prolog's own check (xml_prolog) comes before: no DOCTYPE gets
// here.
#pragma once

#include <cstddef>
#include <span>
#include <string>

struct XML_ParserStruct;

namespace lastack::repo {

class XmlCheck {
public:
    XmlCheck();
    ~XmlCheck();
    XmlCheck(const XmlCheck&) = delete;
    XmlCheck& operator=(const XmlCheck&) = delete;

    void feed(std::span<const std::byte> bytes);
    // The document has ended. Empty: it is well-formed; else where and why it is not.
    [[nodiscard]] std::string finish();

private:
    void parse(std::span<const std::byte> bytes, bool last);

    XML_ParserStruct* parser_;
    std::string cause_;
};

}  // namespace lastack::repo
