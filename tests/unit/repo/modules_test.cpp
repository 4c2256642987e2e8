#include "repo/modules.hpp"

#include "repo/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lastack::repo {
namespace {

using testing::HasSubstr;

const std::string complete = R"(---
document: modulemd
version: 2
data:
  name: nodejs
  stream: "18"
  version: 8090020231115
  context: deadbeef
  arch: x86_64
  static_context: true
  summary: JavaScript runtime
  description: >-
    Node.js is a
    platform
  license:
    module: [MIT]
    content: [MIT]
  dependencies:
  - buildrequires:
      platform: [el9]
    requires:
      platform: [el9]
      perl: []
  profiles:
    common:
      description: The usual
      rpms:
      - nodejs
      - npm
    minimal:
      rpms: [nodejs]
  demodularized:
    rpms: [old-node]
  artifacts:
    rpms:
    - nodejs-1:18.18.2-2.module_el9.x86_64
    - npm-1:9.8.1-1.18.18.2.2.module_el9.x86_64
...
---
document: modulemd-defaults
version: 1
data:
  module: nodejs
  modified: 202001010000
  stream: "18"
  profiles:
    "18": [common]
    "20": [minimal, common]
---
document: modulemd-obsoletes
version: 1
data:
  modified: 2024-01-01T00:00Z
  module: nodejs
  stream: "16"
  message: is old
  eol_date: 2023-09-11T00:00Z
  obsoleted_by: {module: nodejs, stream: "18"}
---
document: modulemd-translations
version: 1
data: {module: nodejs}
---
document: modulemd-packager
version: 3
data: {name: x}
)";

TEST(Modules, streams_defaults_and_obsoletes_are_read) {
    const auto modules = parse_modules(complete, "modules.yaml");
    ASSERT_TRUE(modules) << describe(modules.error());
    const Modules expected{.streams = {{.name = "nodejs",
                                        .stream = "18",
                                        .version = 8090020231115,
                                        .context = "deadbeef",
                                        .arch = "x86_64",
                                        .summary = "JavaScript runtime",
                                        .description = "Node.js is a platform",
                                        .artifacts = {"nodejs-1:18.18.2-2.module_el9.x86_64", "npm-1:9.8.1-1.18.18.2.2.module_el9.x86_64"},
                                        .demodularized = {"old-node"},
                                        .profiles = {{.name = "common", .description = "The usual", .packages = {"nodejs", "npm"}},
                                                     {.name = "minimal", .packages = {"nodejs"}}},
                                        .dependencies = {{{.module = "platform", .streams = {"el9"}}, {.module = "perl"}}},
                                        .is_static_context = true}},
                           .defaults = {{.module = "nodejs",
                                         .stream = "18",
                                         .modified = 202001010000,
                                         .profiles = {{"18", {"common"}}, {"20", {"minimal", "common"}}}}},
                           .obsoletes = {{.module = "nodejs",
                                          .stream = "16",
                                          .message = "is old",
                                          .modified = "2024-01-01T00:00Z",
                                          .end_of_life = "2023-09-11T00:00Z",
                                          .by_module = "nodejs",
                                          .by_stream = "18"}}};
    EXPECT_EQ(*modules, expected);
}

std::string stream(const std::string& inner) {
    return "document: modulemd\nversion: 2\ndata:\n  name: n\n  stream: s\n  version: 1\n" + inner;
}

TEST(Modules, of_an_empty_file_there_are_none) {
    EXPECT_EQ(parse_modules("", "m"), Modules{});
    EXPECT_EQ(parse_modules("# nothing\n", "m"), Modules{});
    EXPECT_EQ(parse_modules(stream("  profiles: text\n  artifacts: [x]\n  dependencies: {a: b}\n"), "m")->streams.size(), 1u)
        << "what is of another form is not there";
}

TEST(Modules, what_a_plain_document_has_no_use_for_is_refused) {
    std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n";
    for (char c = 'b'; c <= 'i'; ++c) {
        const std::string before(1, static_cast<char>(c - 1));
        bomb += std::string(1, c) + ": &" + c + " [*" + before + ", *" + before + ", *" + before + ", *" + before + "]\n";
    }
    std::string wide = stream("  artifacts:\n    rpms:\n");
    for (int i = 0; i < 1'000'001; ++i) {
        wide += "    - x\n";
    }
    std::string many;
    for (int i = 0; i < 100'001; ++i) {
        many += "---\ndocument: x\nversion: 1\n";
    }
    const std::pair<std::string, const char*> rows[] = {
        {bomb, "an alias is not allowed"},
        {"a: &a\n  b: *a\n", "an alias is not allowed"},
        {"document: !!python/object/apply:os.system [\"true\"]\n", "tag 'tag:yaml.org,2002:python/object/apply:os.system'"},
        {"document: !ruby/object:Gem x\n", "tag '!ruby/object:Gem'"},
        {"%TAG !e! tag:evil.example,2000:\n---\ndocument: !e!x y\n", "tag 'tag:evil.example,2000:x'"},
        {stream("  x: " + std::string(100, '[') + std::string(100, ']')), "nested deeper than 32"},
        {wide, "more than 1000000 values"},
        {many, "more than 100000 documents"},
        {stream("  description: " + std::string(300'000, 'x')), "longer than 262144"},
        {"document: a\ndocument: b\n", "stands there twice"},
        {"? [a]\n: b\n", "a key is no text"},
        {"document: a", "kind and version"},
        {"[a, b]", "kind and version"},
        {"text", "kind and version"},
        {"document: modulemd\nversion: 2\ndata: {name: n, stream: s, version: x}\n", "version of module n 'x'"},
        {"document: modulemd\nversion: 2\ndata: {name: n, stream: s, version: -1}\n", "version of module n"},
        {"document: modulemd\nversion: 2\ndata: {name: n, version: 1}\n", "stream of module n"},
        {"document: modulemd\nversion: 2\ndata: {name: ../n, stream: s, version: 1}\n", "name of a module '../n'"},
        {"document: modulemd\nversion: 2\ndata: {name: \"a\\e[31m\", stream: s, version: 1}\n", "name of a module 'a\\x1b[31m'"},
        {"document: modulemd\nversion: 2\ndata: {name: " + std::string(600, 'x') + ", stream: s, version: 1}\n", "name of a module"},
        {"document: modulemd\nversion: 2\ndata: {name: n, stream: s, version: 1, context: \"a b\"}\n", "context of module n"},
        {"document: modulemd-defaults\nversion: 1\ndata: {stream: s}\n", "name of a module"},
        {"document: modulemd-obsoletes\nversion: 1\ndata: {module: n}\n", "obsolete"},
        {"a: [", "not well-formed"},
        {"a:\n\t- b\n", "not well-formed"},
        {"a: \xC0\xAF\n", "not well-formed"},
        {std::string("a: b\0c\n", 7), "not well-formed"},
        {std::string("\xFF\xFE"
                     "a\0:\0",
                     6),
         "not well-formed"},
    };
    for (const auto& [text, cause] : rows) {
        const auto modules = parse_modules(text, "modules.yaml");
        ASSERT_FALSE(modules) << text.substr(0, 100);
        EXPECT_EQ(modules.error().code, RepoErrc::bad_metadata) << text.substr(0, 100);
        EXPECT_THAT(modules.error().cause, testing::StartsWith("modules.yaml:")) << text.substr(0, 100);
        EXPECT_THAT(modules.error().cause, HasSubstr(cause)) << text.substr(0, 100);
    }
    EXPECT_FALSE(parse_modules(std::string((std::size_t{256} << 20) + 1, '#'), "m"));
}

TEST(Modules, cut_or_changed_anywhere_they_are_read_or_refused_and_nothing_else) {
    for (std::size_t length = 0; length < complete.size(); ++length) {
        (void)parse_modules(complete.substr(0, length), "m");
    }
    for (std::size_t bit = 0; bit < complete.size() * 8; ++bit) {
        std::string flipped = complete;
        flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
        if (const auto modules = parse_modules(flipped, "m")) {
            for (const ModuleStream& read : modules->streams) {
                EXPECT_FALSE(read.name.empty());
                EXPECT_FALSE(read.stream.contains('/'));
            }
        }
    }
}

}  // namespace
}  // namespace lastack::repo
