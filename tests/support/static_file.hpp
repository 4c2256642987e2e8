// A static file as a correct server answers for it: ranges, If-Range, conditional requests (RFC 9110 sections 13 and 14). Pure.
#pragma once

#include "support/script.hpp"

#include <string>
#include <string_view>

namespace lastack::test {

struct ServeOptions {
    bool ranges = true;         // false: every Range is ignored, the answer is the whole file
    std::string etag;           // quoted, as it is sent; "W/" in front makes it weak; empty: none
    std::string last_modified;  // IMF-fixdate; empty: none
    Framing framing = Framing::content_length;
    std::vector<Header> headers;  // further fields of every answer
    Steps before;                 // run before every answer
    Steps then;                   // run after the last byte of every answer
};

[[nodiscard]] Reply answer_for_file(const SeenRequest& request, std::string_view content, const ServeOptions& options);

}  // namespace lastack::test
