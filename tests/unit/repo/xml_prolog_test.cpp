#include "repo/xml_prolog.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace lastack::repo {
namespace {

enum class Verdict { accepted, refused, incomplete };

Verdict judge(std::string_view text, std::size_t piece) {
    XmlProlog prolog;
    while (!text.empty()) {
        if (!prolog.feed(std::as_bytes(std::span{text.substr(0, piece)}))) {
            return Verdict::refused;
        }
        text.remove_prefix(std::min(piece, text.size()));
    }
    return prolog.complete() ? Verdict::accepted : Verdict::incomplete;
}

TEST(XmlProlog, a_doctype_is_refused_wherever_the_pieces_are_cut) {
    const std::pair<std::string, Verdict> rows[] = {
        {"<metadata/>", Verdict::accepted},
        {"<?xml version=\"1.0\"?>\n<metadata packages=\"1\">", Verdict::accepted},
        {"\xEF\xBB\xBF<?xml?><m>", Verdict::accepted},
        {"<!-- a -- b - -><!DOCTYPE x> --><m>", Verdict::accepted},
        {"<?pi <!DOCTYPE x ?><m>", Verdict::accepted},
        {"<!----><m>", Verdict::accepted},
        {"<?x?"
         "?><m>",
         Verdict::accepted},
        {"<!-- --- --><m>", Verdict::accepted},
        {"<m><!DOCTYPE x></m>", Verdict::accepted},
        {"<!DOCTYPE m><m>", Verdict::refused},
        {"<?xml?><!-- c --> <!DOCTYPE m [<!ENTITY a \"b\">]><m>", Verdict::refused},
        {"<!doctype m><m>", Verdict::refused},
        {"<!-x", Verdict::refused},
        {"<![CDATA[x]]>", Verdict::refused},
        {"text<m>", Verdict::refused},
        {"\xEF\xBBx<m>", Verdict::refused},
        {" \xEF\xBB\xBF<m>", Verdict::refused},
        {std::string("\xFF\xFE<\0m\0", 6), Verdict::refused},
        {std::string("<\0m\0", 4), Verdict::refused},
        {"</m>", Verdict::refused},
        {"<<m>", Verdict::refused},
        {"", Verdict::incomplete},
        {" \n", Verdict::incomplete},
        {"<?xml?>", Verdict::incomplete},
        {"<!-- open", Verdict::incomplete},
        {"<", Verdict::incomplete},
        {std::string(70'000, ' ') + "<m>", Verdict::refused},
        {"<!--" + std::string(70'000, 'x') + "--><m>", Verdict::refused},
    };
    for (const auto& [text, expected] : rows) {
        for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{1000}, text.size() + 1}) {
            EXPECT_EQ(judge(text, piece), expected) << text.substr(0, 60) << " in pieces of " << piece;
        }
    }
}

}  // namespace
}  // namespace lastack::repo
