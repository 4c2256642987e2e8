// Watches the beginning of an XML document that streams by, up to its root element: a DOCTYPE there is refused before any parser that
// would act on it sees the file. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace lastack::repo {

class XmlProlog {
public:
    // False when the document is not acceptable; `cause` then says why. Pieces may be cut anywhere.
    [[nodiscard]] bool feed(std::span<const std::byte> bytes);
    // To be asked at the end of the document: whether there was a root element.
    [[nodiscard]] bool complete() const { return state_ == State::root; }
    [[nodiscard]] std::string_view cause() const { return cause_; }

private:
    enum class State : unsigned char { outside, markup, instruction, declaration, comment, root, refused };
    void step(char c);
    void refuse(std::string_view cause);

    State state_ = State::outside;
    std::string seen_;  // the last characters that matter to the state
    std::size_t length_ = 0;
    std::string_view cause_ = "the document has no root element";
};

}  // namespace lastack::repo
