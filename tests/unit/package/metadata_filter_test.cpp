#include "package/solv/metadata_filter.hpp"

#include <gtest/gtest.h>

namespace lastack::package::solv {
namespace {

// In pieces of that size; "refused" when it was.
std::string filtered(std::string_view text, std::size_t piece) {
    MetadataFilter filter;
    std::string out;
    for (std::size_t at = 0; at < text.size(); at += piece) {
        std::string bytes{text.substr(at, piece)};
        const auto kept = filter.feed(bytes);
        if (!kept) {
            return "refused";
        }
        out += bytes.substr(0, *kept);
    }
    return out;
}

void expect_filtered(std::string_view text, std::string_view expected) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{16}, text.size()}) {
        EXPECT_EQ(filtered(text, piece), expected) << "in pieces of " << piece;
    }
}

TEST(MetadataFilter, text_that_nothing_reads_is_left_out_and_its_tags_stay) {
    expect_filtered(
        "<?xml version='1.0'?><p><description>one &lt; (two)</description><summary>kept</summary><rpm:license>GPL</rpm:license></p>",
        "<?xml version='1.0'?><p><description></description><summary>kept</summary><rpm:license></rpm:license></p>");
    expect_filtered("<descriptions>a</descriptions><description x='1'>b</description><url/>c",
                    "<descriptions>a</descriptions><description x='1'>b</description><url/>c");
}

TEST(MetadataFilter, elements_within_prose_stay_so_that_the_parser_sees_them) {
    expect_filtered("<description>a<b>c</b>d</description>", "<description><b>c</b>d</description>");
}

TEST(MetadataFilter, after_a_comment_cdata_or_instruction_nothing_is_left_out) {
    for (const char* text : {"<p><!-- <description>a --><name>n</name><description>b</description></p>",
                             "<p><![CDATA[<description>]]>a</p><url>x</url>", "<p/><?x <description> ?><name>n</name><url>x</url>"}) {
        expect_filtered(text, text);
    }
}

TEST(MetadataFilter, groups_of_a_dependency_are_counted_however_they_are_written) {
    const auto entry = [](std::string_view group, int count) {
        std::string name;
        for (int i = 0; i < count; ++i) {
            name += " ";
            name += group;
        }
        return "<rpm:entry name=\"" + name + "\"/>";
    };
    for (const char* group : {"(", "&#40;", "&#x28;", "&#x0028;"}) {
        expect_filtered(entry(group, 16), entry(group, 16));
        expect_filtered(entry(group, 17), "refused");
        expect_filtered(entry(group, 10) + entry(group, 10), entry(group, 10) + entry(group, 10));
    }
    const std::string names = "<rpm:entry name=\"a(b)(c)(d)(e)(f)(g)(h)(i)(j)(k)(l)(m)(n)(o)(p)(q)(r)(s)\"/>";
    expect_filtered(names, names);
    const std::string prose = "<summary>" + std::string(100, '(') + "</summary>";
    expect_filtered(prose, prose);
}

}  // namespace
}  // namespace lastack::package::solv
