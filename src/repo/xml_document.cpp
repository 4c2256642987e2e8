#include "repo/xml_document.hpp"

#include "base/text.hpp"
#include "repo/error.hpp"

namespace lastack::repo {

namespace {

constexpr std::size_t most_shown = 32;

}  // namespace

XmlDocument::XmlDocument(std::string_view name, std::string_view root, const download::XmlLimits& limits)
    : XmlReader{name, RepoErrc::bad_metadata, limits}, root_{root} {}

void XmlDocument::start(std::string_view /*space*/, std::string_view element, const download::XmlAttributes& attributes) {
    if (depth() > 1) {
        return open(element, attributes);
    }
    if (element != root_) {
        fail("the root element is <" + printable(element.substr(0, most_shown)) + ">, not <" + root_ + ">");
    }
}

void XmlDocument::end(std::string_view /*space*/, std::string_view element, std::string_view text) {
    if (depth() > 1) {
        shut(element, text);
    }
}

void XmlDocument::set_word(std::string& field, std::string_view what, std::string_view text) {
    if (text.size() > max_document_name) {
        return fail("the " + std::string{what} + " '" + printable(text.substr(0, most_shown)) + "...' is longer than " +
                    std::to_string(max_document_name) + " bytes");
    }
    field = text;
}

void XmlDocument::set_name(std::string& field, std::string_view what, std::string_view text) {
    if (text.empty()) {
        return fail("the " + std::string{what} + " is missing");
    }
    set_word(field, what, text);
}

void XmlDocument::set_attribute(std::string& field, const download::XmlAttributes& attributes, std::string_view name) {
    if (const auto value = attributes.get(name)) {
        set_word(field, name, *value);
    }
}

bool XmlDocument::has_room(std::size_t size, std::size_t most, std::string_view what) {
    if (size >= most) {
        fail("more than " + std::to_string(most) + " " + std::string{what});
    }
    return size < most;
}

bool is_true(std::string_view text) { return text == "1" || iequals(text, "true") || iequals(text, "yes"); }

}  // namespace lastack::repo
