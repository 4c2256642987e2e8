#include "base/digest_stream.hpp"
#include "support/temp_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <sys/stat.h>

namespace lastack {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

TEST(Digest, of_abc_is_that_of_the_standards) {
    const std::pair<DigestAlgorithm, const char*> rows[] = {
        {DigestAlgorithm::md5, "900150983cd24fb0d6963f7d28e17f72"},
        {DigestAlgorithm::sha1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
        {DigestAlgorithm::sha224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
        {DigestAlgorithm::sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {DigestAlgorithm::sha384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"},
        {DigestAlgorithm::sha512,
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
         "454d4423643ce80e2a9ac94fa54ca49f"},
    };
    for (const auto& [algorithm, hex] : rows) {
        EXPECT_EQ(digest_of(algorithm, std::string_view{"abc"}), (Digest{algorithm, hex})) << to_string(algorithm);
        const auto parsed = parse_digest(to_string(algorithm), hex);
        ASSERT_TRUE(parsed) << to_string(algorithm);
        EXPECT_EQ(*parsed, (Digest{algorithm, hex}));
        const std::string text{hex};
        EXPECT_FALSE(parse_digest(to_string(algorithm), text.substr(1)));
        EXPECT_FALSE(parse_digest(to_string(algorithm), text + "0"));
    }
}

TEST(Digest, names_and_digits_are_read_without_case_and_sha_means_sha1) {
    const std::string hex(40, 'A');
    const auto digest = parse_digest("SHA", hex);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->algorithm, DigestAlgorithm::sha1);
    EXPECT_EQ(digest->hex, std::string(40, 'a'));
}

TEST(Digest, that_is_no_digest_is_refused) {
    const std::string good(64, 'a');
    EXPECT_FALSE(parse_digest("", good));
    EXPECT_FALSE(parse_digest("sha257", good));
    EXPECT_FALSE(parse_digest("sha256 ", good));
    EXPECT_FALSE(parse_digest("sha256", ""));
    EXPECT_FALSE(parse_digest("sha256", std::string(63, 'a') + "g"));
    EXPECT_FALSE(parse_digest("sha256", std::string(63, 'a') + " "));
    EXPECT_FALSE(parse_digest("sha256", std::string(63, 'a') + '\0'));
    EXPECT_EQ(parse_digest("\x1b[0m", good).error().cause.find('\x1b'), std::string::npos);
}

TEST(DigestStream, several_digests_come_from_one_pass_in_any_pieces) {
    const std::string text(1000, 'x');
    DigestStream stream{{DigestAlgorithm::sha256, DigestAlgorithm::md5}};
    for (std::size_t i = 0; i < text.size(); i += 7) {
        stream.update(bytes_of(std::string_view{text}.substr(i, 7)));
    }
    const auto digests = stream.finish();
    ASSERT_EQ(digests.size(), 2u);
    EXPECT_EQ(digests[0], digest_of(DigestAlgorithm::sha256, text));
    EXPECT_EQ(digests[1], digest_of(DigestAlgorithm::md5, text));
}

TEST(DigestStream, reset_forgets_what_came_before) {
    DigestStream stream{{DigestAlgorithm::sha256}};
    stream.update(bytes_of("junk"));
    stream.reset();
    stream.update(bytes_of("abc"));
    EXPECT_EQ(stream.finish().front(), digest_of(DigestAlgorithm::sha256, std::string_view{"abc"}));
    stream.reset();
    EXPECT_EQ(stream.finish().front(), digest_of(DigestAlgorithm::sha256, std::string_view{""}));
}

TEST(FileMatches, every_listed_digest_and_the_size_must_agree) {
    const test::TempDirectory directory;
    const auto path = directory.write("f", "abc");
    const Digest sha256 = digest_of(DigestAlgorithm::sha256, std::string_view{"abc"});
    const Digest md5 = digest_of(DigestAlgorithm::md5, std::string_view{"abc"});
    const Digest wrong = digest_of(DigestAlgorithm::md5, std::string_view{"abd"});
    EXPECT_TRUE(file_matches(path, 3, {sha256, md5}).value());
    EXPECT_TRUE(file_matches(path, std::nullopt, {sha256}).value());
    EXPECT_FALSE(file_matches(path, 3, {sha256, wrong}).value());
    EXPECT_FALSE(file_matches(path, 4, {sha256}).value());
    EXPECT_FALSE(file_matches(path, 2, {sha256}).value());
    EXPECT_TRUE(file_matches(path, 3, {}).value());
}

TEST(FileMatches, what_is_absent_or_no_regular_file_never_matches_and_never_hangs) {
    const test::TempDirectory directory;
    const std::vector<Digest> digests{digest_of(DigestAlgorithm::sha256, std::string_view{""})};
    EXPECT_EQ(file_matches(directory / "absent", std::nullopt, digests).error().code, Errc::not_found);
    ASSERT_EQ(::mkfifo((directory / "fifo").c_str(), 0600), 0);
    EXPECT_FALSE(file_matches(directory / "fifo", std::nullopt, digests).value());
    EXPECT_FALSE(file_matches(directory.path(), std::nullopt, digests).value());
    directory.write("empty", "");
    std::filesystem::create_symlink(directory / "empty", directory / "link");
    EXPECT_FALSE(file_matches(directory / "link", std::nullopt, digests).has_value());
}

}  // namespace
}  // namespace lastack
