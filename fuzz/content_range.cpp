// Content-Range and validators: an answer that is taken as "goes on here" really begins at the bytes at hand and ends where the file does.
#include "download/range_reply.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace lastack;
    if (size < 3) {
        return 0;
    }
    const std::string text(reinterpret_cast<const char*>(data + 3), size - 3);
    http::ResponseHead head{.status = data[0] % 2 == 0 ? 206 : 416};
    head.fields.add("Content-Range", text);
    head.fields.add("ETag", text);
    download::RangeQuestion question{.offset = data[1]};
    if (data[2] != 0) {
        question.size = data[2];
    }
    const http::Framing framing = data[0] % 3 == 0 ? http::Framing{.kind = http::FramingKind::chunked}
                                                   : http::Framing{.kind = http::FramingKind::length, .length = data[2]};
    const auto use = download::range_reply(head, framing, question);
    if (use && *use == download::ReplyUse::append) {
        const std::string first = "bytes " + std::to_string(question.offset) + "-";
        if (head.status != 206 || question.offset == 0) {
            std::abort();
        }
        // Leading zeros, the unit's case and spaces behind it are the only freedom.
        if (text.size() < first.size() || text.find('-') == std::string::npos || text.find('/') == std::string::npos) {
            std::abort();
        }
        if (question.size && text.find(std::to_string(*question.size - 1)) == std::string::npos) {
            std::abort();
        }
    }
    const std::string validator = download::validator_of(head);
    if (!validator.empty() && validator != text) {
        std::abort();
    }
    return 0;
}
