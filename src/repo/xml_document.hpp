// What the readers of streamed XML have in common: the pieces reach expat, and words are kept only below their limits.
#pragma once

#include "download/xml_reader.hpp"
#include "repo/document_limits.hpp"
#include "repo/metadata_document.hpp"

#include <string>
#include <string_view>

namespace lastack::repo {

class XmlDocument : public MetadataDocument, protected download::XmlReader {
public:
    [[nodiscard]] Result<void> feed(std::span<const std::byte> piece) override {
        return take({reinterpret_cast<const char*>(piece.data()), piece.size()});
    }
    [[nodiscard]] Result<void> end() override { return close(); }

protected:
    XmlDocument(std::string_view name, std::string_view root, const download::XmlLimits& limits);
    ~XmlDocument() override = default;

    // The root element's name is looked at here; whatever lies in it comes to open().
    virtual void open(std::string_view element, const download::XmlAttributes& attributes) = 0;
    virtual void shut(std::string_view element, std::string_view text) = 0;

    // A name, an id, a version: not empty and short, else an error.
    void set_name(std::string& field, std::string_view what, std::string_view text);
    // The same, but empty is fine.
    void set_word(std::string& field, std::string_view what, std::string_view text);
    // An attribute that need not be there.
    void set_attribute(std::string& field, const download::XmlAttributes& attributes, std::string_view name);
    // False, after an error, when a list that has `size` things is full.
    bool has_room(std::size_t size, std::size_t most, std::string_view what);

private:
    void start(std::string_view space, std::string_view element, const download::XmlAttributes& attributes) final;
    void end(std::string_view space, std::string_view element, std::string_view text) final;

    std::string root_;
};

// "1", "true", "yes", "True": as createrepo, dnf and pungi write it.
[[nodiscard]] bool is_true(std::string_view text);

}  // namespace lastack::repo
