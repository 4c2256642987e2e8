#include "repo/xml_prolog.hpp"

namespace lastack::repo {

namespace {

constexpr std::size_t max_prolog = std::size_t{64} << 10;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

void XmlProlog::refuse(std::string_view cause) {
    state_ = State::refused;
    cause_ = cause;
}

void XmlProlog::step(char c) {
    const bool in_mark = length_ < byte_order_mark.size() && c == byte_order_mark[length_];
    if (++length_ > max_prolog) {
        return refuse("no root element in the first 64 KiB");
    }
    switch (state_) {
        case State::outside:
            if (c == '<') {
                state_ = State::markup;
            } else if (!in_mark && c != ' ' && c != '\t' && c != '\r' && c != '\n') {
                refuse("the document is not XML in UTF-8");
            }
            return;
        case State::markup:
            seen_.clear();
            if (c == '?') {
                state_ = State::instruction;
            } else if (c == '!') {
                state_ = State::declaration;
            } else if (c == '/' || c == '<' || c == '>' || static_cast<unsigned char>(c) <= ' ') {
                refuse("the document is not XML in UTF-8");
            } else {
                state_ = State::root;
            }
            return;
        case State::declaration:
            seen_ += c;
            if (seen_ == "--") {
                state_ = State::comment;
                seen_.clear();
            } else if (seen_ != "-") {
                refuse("a DOCTYPE is not allowed");
            }
            return;
        case State::instruction:
        case State::comment: {
            const std::string_view end = state_ == State::instruction ? "?>" : "-->";
            seen_ += c;
            if (seen_.ends_with(end)) {
                state_ = State::outside;
            } else if (seen_.size() > end.size()) {
                seen_.erase(0, 1);
            }
            return;
        }
        case State::root:
        case State::refused:
            return;
    }
}

bool XmlProlog::feed(std::span<const std::byte> bytes) {
    for (const std::byte byte : bytes) {
        if (state_ == State::root || state_ == State::refused) {
            break;
        }
        step(static_cast<char>(byte));
    }
    return state_ != State::refused;
}

}  // namespace lastack::repo
