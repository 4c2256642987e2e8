// zchunk files as the zck program makes them, from a server that is not ours.
#include "base/digest_stream.hpp"
#include "http/error.hpp"
#include "repo/error.hpp"
#include "repo/metadata_document.hpp"
#include "repo/zchunk_assembly.hpp"
#include "repo/zchunk_header.hpp"
#include "support/nginx_server.hpp"
#include "support/run_command.hpp"
#include "support/temp_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace lastack::repo {
namespace {

using test::NginxServer;
using test::TempDirectory;

// Keeps what it is given.
class Kept final : public MetadataDocument {
public:
    Result<void> feed(std::span<const std::byte> piece) override {
        text.append(reinterpret_cast<const char*>(piece.data()), piece.size());
        return {};
    }
    Result<void> end() override { return {}; }
    std::string text;
};

// `changed` of 2000 packages, spread evenly, are other ones.
std::string primary_of(int changed) {
    std::string text = "<?xml version=\"1.0\"?>\n<metadata packages=\"2000\">\n";
    unsigned state = 1;
    for (int i = 0; i < 2000; ++i) {
        const bool is_changed = changed > 0 && i % (2000 / changed) == 7;
        text += "<package type=\"rpm\"><name>p" + std::to_string(i) + (is_changed ? "-new" : "") + "</name><description>";
        for (int word = 0; word < 40; ++word) {
            state = state * 1664525 + 1013904223;
            text += std::to_string(state >> 8) + " ";
        }
        text += "</description></package>\n";
    }
    return text + "</metadata>\n";
}

class Zchunk : public testing::Test {
protected:
    std::string zck(const std::string& name, const std::string& text, std::vector<std::string> options = {"-s", "<package "}) {
        const auto xml = directory.write(name + ".xml", text);
        std::vector<std::string> argv{"zck", xml.string(), "-o", (directory / (name + ".zck")).string()};
        argv.insert(argv.end(), options.begin(), options.end());
        test::must_run(argv, directory.path());
        return directory.read(name + ".zck");
    }

    static RepomdFile announced(const std::string& file) {
        const auto bytes = std::as_bytes(std::span{file});
        const auto size = zchunk_header_size(bytes).value().value();
        return {.type = "primary",
                .href = "new.zck",
                .digests = {digest_of(DigestAlgorithm::sha256, file)},
                .size = file.size(),
                .header_digests = {parse_zchunk_header(bytes.first(static_cast<std::size_t>(size)))->digest},
                .header_size = size};
    }

    Result<ZchunkSaving> assemble(const NginxServer& server, const std::string& file) {
        server.publish("new.zck", file);
        return assemble(server, announced(file));
    }
    Result<ZchunkSaving> assemble(const NginxServer& server, const RepomdFile& file) {
        return assemble_zchunk(client, {.urls = {server.url("/new.zck")},
                                        .file = file,
                                        .old_file = directory / "old.zck",
                                        .to = directory / "out/result.zck",
                                        .options = {.retries = 1}});
    }
    void expect_nothing_new() { EXPECT_TRUE(std::filesystem::is_empty(directory / "out")); }
    void SetUp() override { std::filesystem::create_directory(directory / "out"); }

    TempDirectory directory;
    Client client;
};

TEST_F(Zchunk, what_zck_writes_is_what_we_read) {
    const std::string text = primary_of(0);
    directory.write("dictionary", text.substr(0, 4000));
    for (const auto& options : std::vector<std::vector<std::string>>{{},
                                                                     {"-s", "<package "},
                                                                     {"-u", "-h", "sha256"},
                                                                     {"-h", "sha512"},
                                                                     {"-D", (directory / "dictionary").string()},
                                                                     {"--compression-format", "none"}}) {
        (void)zck("f", text, options);
        Kept kept;
        const auto read = read_document(
            {.file = {.type = "primary", .open_digests = {digest_of(DigestAlgorithm::sha256, text)}, .open_size = text.size()},
             .path = directory / "f.zck"},
            kept);
        ASSERT_TRUE(read) << testing::PrintToString(options) << ": " << describe(read.error());
        EXPECT_TRUE(kept.text == text) << testing::PrintToString(options);
    }
}

TEST_F(Zchunk, of_a_file_with_one_package_in_a_hundred_changed_a_small_part_is_fetched) {
    const NginxServer server;
    (void)zck("old", primary_of(0));
    const std::string file = zck("new", primary_of(20));
    const auto saving = assemble(server, file);
    ASSERT_TRUE(saving) << describe(saving.error());
    EXPECT_TRUE(directory.read("out/result.zck") == file);
    const auto lines = server.wait_for_log(2);
    ASSERT_EQ(lines.size(), 2u) << "the header, and all that is missing";
    std::uint64_t sent = 0;
    for (const auto& line : lines) {
        EXPECT_EQ(line.status, 206);
        sent += line.body_bytes;
    }
    const std::uint64_t header = *announced(file).header_size;
    EXPECT_LT(sent - header, (file.size() - header) / 50) << "of the chunks";
    EXPECT_LT(sent, file.size() / 4) << "with the header, which grows with the number of chunks";
    EXPECT_EQ(saving->fetched + saving->copied, file.size());
    test::must_run({"unzck", "-c", (directory / "out/result.zck").string()});
}

TEST_F(Zchunk, many_changes_are_fetched_by_several_requests) {
    const NginxServer server;
    (void)zck("old", primary_of(0));
    const std::string file = zck("new", primary_of(200));
    ASSERT_TRUE(assemble(server, file));
    EXPECT_TRUE(directory.read("out/result.zck") == file);
    EXPECT_EQ(server.wait_for_log(5).size(), 5u) << "the header, and 64 ranges at a time";
}

TEST_F(Zchunk, a_server_without_ranges_is_left_to_the_whole_download) {
    const NginxServer server({.http_directives = "max_ranges 0;"});
    (void)zck("old", primary_of(0));
    const auto saving = assemble(server, zck("new", primary_of(20)));
    ASSERT_FALSE(saving);
    EXPECT_EQ(saving.error().code, http::HttpErrc::bad_range);
    expect_nothing_new();
}

TEST_F(Zchunk, a_server_with_one_range_at_a_time_is_left_to_the_whole_download) {
    const NginxServer server({.http_directives = "max_ranges 1;"});
    (void)zck("old", primary_of(0));
    const auto saving = assemble(server, zck("new", primary_of(20)));
    ASSERT_FALSE(saving);
    EXPECT_EQ(saving.error().code, http::HttpErrc::bad_range);
    expect_nothing_new();
}

TEST_F(Zchunk, whatever_is_not_as_announced_leaves_nothing) {
    const NginxServer server;
    const std::string old_file = zck("old", primary_of(0));
    const std::string file = zck("new", primary_of(20));
    server.publish("new.zck", file);
    const auto expect_refused = [&](const char* what, const RepomdFile& said) {
        const auto saving = assemble(server, said);
        ASSERT_FALSE(saving) << what;
        EXPECT_EQ(saving.error().code, RepoErrc::bad_metadata) << what << ": " << describe(saving.error());
        expect_nothing_new();
    };
    RepomdFile said = announced(file);
    said.header_digests.front().hex = std::string(64, 'a');
    expect_refused("the header's checksum", said);
    said = announced(file);
    *said.header_size -= 1;
    expect_refused("a shorter header", said);
    *said.header_size += 2;
    expect_refused("a longer header", said);
    said.header_size = max_zchunk_header + 1;
    expect_refused("a huge header", said);
    said.header_size.reset();
    expect_refused("no size of the header", said);
    said = announced(file);
    said.digests.front().hex = std::string(64, 'a');
    expect_refused("the file's checksum", said);
    said = announced(file);
    *said.size += 1;
    expect_refused("the file's size", said);
    std::string damaged = old_file;
    damaged[damaged.size() - 100] = static_cast<char>(damaged[damaged.size() - 100] ^ 1);
    directory.write("old.zck", damaged);
    expect_refused("a chunk of the old file", announced(file));
    directory.write("old.zck", "<metadata/>");
    expect_refused("an old file that is none", announced(file));
    directory.write("old.zck", zck("other", "<other>" + std::string(100'000, 'x') + "</other>"));
    expect_refused("an old file with nothing in common", announced(file));
    directory.write("old.zck", old_file);
    std::string other = file;
    other[other.size() - 100] = static_cast<char>(other[other.size() - 100] ^ 1);
    std::string cut = file.substr(0, file.size() / 2);
    server.publish("new.zck", cut);
    EXPECT_FALSE(assemble(server, announced(file))) << "a file that is shorter on the server";
    expect_nothing_new();
}

}  // namespace
}  // namespace lastack::repo
