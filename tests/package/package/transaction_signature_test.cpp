#include "package/error.hpp"
#include "package/transaction.hpp"
#include "recorder.hpp"
#include "scratch_root.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <string>

namespace lastack::package::test {
namespace {

using lastack::test::signing_key;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const RpmSpec plain{.name = "ts-plain", .files = {{.path = "/usr/share/ts-plain", .content = "x"}}};
const RpmSpec vendor{
    .name = "ts-vendor", .files = {{.path = "/usr/share/ts-vendor", .content = "x"}}, .payload_size = 20'000, .signed_by = "vendor"};
const RpmSpec stranger{.name = "ts-stranger", .files = {{.path = "/usr/share/ts-stranger", .content = "x"}}, .signed_by = "stranger"};

std::string vendor_key() { return content_of(signing_key("vendor").armoured); }

Verdict verdict_on(const ScratchRoot& root, const IncomingPackage& package, bool with_vendor_key = false) {
    auto transaction = Transaction::open(root.spec({package})).value();
    if (with_vendor_key) {
        EXPECT_TRUE(transaction.import_keys(vendor_key()));
    }
    const auto verdicts = transaction.verify();
    EXPECT_TRUE(verdicts) << describe(verdicts.error());
    return verdicts && verdicts->size() == 1 ? verdicts->front() : Verdict{.state = SignatureState::not_a_package, .detail = "no verdict"};
}

// A copy of the package with one byte changed or its end cut off.
IncomingPackage damaged(const ScratchRoot& root, IncomingPackage package, std::size_t flip_from_end, std::size_t cut = 0) {
    auto bytes = content_of(package.file);
    if (flip_from_end > 0) {
        bytes[bytes.size() - flip_from_end] ^= 1;
    }
    bytes.resize(bytes.size() - cut);
    package.file = root / "damaged.rpm";
    std::ofstream(package.file, std::ios::binary) << bytes;
    return package;
}

TEST(TransactionSignature, unsigned_is_refused_only_where_signatures_are_checked) {
    ScratchRoot root;
    auto package = incoming(plain);
    package.check_signature = true;
    EXPECT_EQ(verdict_on(root, package).state, SignatureState::not_signed);
    package.check_signature = false;
    EXPECT_EQ(verdict_on(root, package).state, SignatureState::good);
}

TEST(TransactionSignature, a_key_the_root_does_not_hold_is_named) {
    ScratchRoot root;
    auto package = incoming(vendor);
    auto verdict = verdict_on(root, package);
    EXPECT_EQ(verdict.state, SignatureState::unknown_key);
    EXPECT_EQ(verdict.key_id, signing_key("vendor").key_id);
    EXPECT_THAT(verdict.detail, HasSubstr("NOKEY"));
    package.check_signature = false;
    EXPECT_EQ(verdict_on(root, package).state, SignatureState::good);
}

TEST(TransactionSignature, an_imported_key_makes_it_good_at_once_and_another_key_does_not_help) {
    ScratchRoot root;
    EXPECT_EQ(verdict_on(root, incoming(vendor), true).state, SignatureState::good);
    EXPECT_EQ(verdict_on(root, incoming(vendor)).state, SignatureState::good) << "the key stays in the root";
    const auto other = verdict_on(root, incoming(stranger));
    EXPECT_EQ(other.state, SignatureState::unknown_key);
    EXPECT_EQ(other.key_id, signing_key("stranger").key_id);
}

TEST(TransactionSignature, a_changed_payload_byte_is_bad_signed_or_not) {
    ScratchRoot root;
    const auto unsigned_verdict = verdict_on(root, damaged(root, incoming(plain), 20));
    EXPECT_EQ(unsigned_verdict.state, SignatureState::bad);
    EXPECT_THAT(unsigned_verdict.detail, HasSubstr("Payload SHA256"));
    EXPECT_EQ(verdict_on(root, damaged(root, incoming(vendor), 20), true).state, SignatureState::bad);
}

TEST(TransactionSignature, a_changed_payload_byte_is_refused_by_the_run_itself) {
    ScratchRoot root;
    auto transaction = Transaction::open(root.spec({incoming(plain), damaged(root, incoming(vendor), 20)})).value();
    ASSERT_TRUE(transaction.import_keys(vendor_key()));
    const auto before = root.files();
    Recorder recorder;
    const auto ran = transaction.run(recorder);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, PackageErrc::transaction_check);
    EXPECT_THAT(ran.error().cause, HasSubstr("Payload SHA256"));
    EXPECT_THAT(recorder.steps, IsEmpty());
    EXPECT_EQ(root.files(), before);
    EXPECT_THAT(root.installed(), IsEmpty());
}

TEST(TransactionSignature, an_unsigned_package_is_refused_by_the_run_itself_when_all_must_be_signed) {
    ScratchRoot root;
    auto package = incoming(plain);
    package.check_signature = true;
    auto transaction = Transaction::open(root.spec({package})).value();
    Recorder recorder;
    const auto ran = transaction.run(recorder);
    ASSERT_FALSE(ran);
    EXPECT_EQ(ran.error().code, PackageErrc::transaction_check);
    EXPECT_FALSE(std::filesystem::exists(root / "usr/share/ts-plain"));
}

// The signature's bytes sit in the signature header, early in the file.
TEST(TransactionSignature, a_signature_that_does_not_fit_is_bad) {
    ScratchRoot root;
    auto package = incoming(vendor);
    const auto other = content_of(incoming(stranger).file);
    auto bytes = content_of(package.file);
    const auto header = bytes.find("\x8e\xad\xe8\x01", 100);
    ASSERT_NE(header, std::string::npos);
    bool found_bad = false;
    for (std::size_t at = 112 + 16 * 8; at < header - 300 && !found_bad; at += 16) {
        auto changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        package.file = root / "changed.rpm";
        std::ofstream(package.file, std::ios::binary) << changed;
        const auto verdict = verdict_on(root, package, true);
        found_bad = verdict.state == SignatureState::bad && verdict.detail.find("RSA") != std::string::npos;
        EXPECT_NE(verdict.state, SignatureState::unknown_key) << at;
    }
    EXPECT_TRUE(found_bad);
}

TEST(TransactionSignature, what_is_no_package_is_told_from_a_damaged_one) {
    ScratchRoot root;
    auto package = incoming(plain);
    const auto whole = content_of(package.file);
    package.file = root / "file.rpm";
    const struct {
        std::string content;
        SignatureState expected;
    } cases[] = {{"", SignatureState::not_a_package},
                 {"hello, I am a web page", SignatureState::not_a_package},
                 {std::string(5000, '\0'), SignatureState::not_a_package},
                 {whole.substr(0, 60), SignatureState::bad},
                 {whole.substr(0, 100), SignatureState::bad},
                 {whole.substr(0, 700), SignatureState::bad},
                 {whole.substr(0, whole.size() - 1), SignatureState::bad}};
    for (const auto& one : cases) {
        std::ofstream(package.file, std::ios::binary) << one.content;
        EXPECT_EQ(verdict_on(root, package).state, one.expected) << one.content.size();
    }
}

TEST(TransactionSignature, what_was_not_announced_is_told_with_both_names) {
    ScratchRoot root;
    const RpmSpec with_epoch{.name = "ts-epoch", .epoch = "3"};
    const auto base = incoming(with_epoch);
    EXPECT_EQ(verdict_on(root, base).state, SignatureState::good);
    const auto changed = [&](std::string Nevra::* field, const std::string& value) {
        auto package = base;
        package.announced.*field = value;
        return verdict_on(root, package);
    };
    for (const auto field : {&Nevra::name, &Nevra::epoch, &Nevra::version, &Nevra::release, &Nevra::arch}) {
        const auto verdict = changed(field, "9");
        EXPECT_EQ(verdict.state, SignatureState::not_as_announced);
        EXPECT_THAT(verdict.detail, HasSubstr("ts-epoch-3:1.0-1.noarch"));
        EXPECT_THAT(verdict.detail, HasSubstr("9"));
    }
    EXPECT_EQ(changed(&Nevra::epoch, "").state, SignatureState::not_as_announced) << "no epoch is epoch 0";
}

TEST(TransactionSignature, a_source_package_is_not_as_announced) {
    ScratchRoot root;
    const RpmSpec spec{.name = "ts-source"};
    const IncomingPackage package{.file = lastack::test::build_source_rpm(spec), .announced = nevra_of(spec), .check_signature = false};
    const auto verdict = verdict_on(root, package);
    EXPECT_EQ(verdict.state, SignatureState::not_as_announced);
    EXPECT_THAT(verdict.detail, HasSubstr("source"));
}

TEST(TransactionSignature, verify_leaves_an_empty_root_empty) {
    ScratchRoot root;
    (void)verdict_on(root, incoming(vendor));
    EXPECT_TRUE(std::filesystem::is_empty(root.path()));
}

TEST(TransactionKeys, every_key_of_a_file_is_described_and_imported) {
    ScratchRoot root;
    const auto both = "Our keys\n" + vendor_key() + "\nand\n" + content_of(signing_key("stranger").armoured);
    auto transaction = Transaction::open(root.spec({incoming(vendor), incoming(stranger)})).value();
    const auto keys = transaction.inspect_keys(both);
    ASSERT_TRUE(keys) << describe(keys.error());
    ASSERT_THAT(*keys, SizeIs(2));
    for (const auto& [info, name] : {std::pair{keys->at(0), "vendor"}, std::pair{keys->at(1), "stranger"}}) {
        EXPECT_EQ(info.key_id, signing_key(name).key_id);
        EXPECT_EQ(info.fingerprint, signing_key(name).fingerprint);
        EXPECT_EQ(info.user_id, signing_key(name).user_id);
    }
    EXPECT_TRUE(std::filesystem::is_empty(root.path())) << "looking at keys must not import them";
    ASSERT_TRUE(transaction.import_keys(both));
    for (const auto& verdict : transaction.verify().value()) {
        EXPECT_EQ(verdict.state, SignatureState::good) << verdict.detail;
    }
    EXPECT_TRUE(transaction.import_keys(both)) << "a key that is there already";
}

TEST(TransactionKeys, a_file_without_a_usable_key_is_refused_whole) {
    ScratchRoot root;
    auto transaction = Transaction::open(root.spec({})).value();
    auto broken = vendor_key();
    broken[broken.size() / 2] = broken[broken.size() / 2] == 'A' ? 'B' : 'A';
    const std::string cases[] = {"",
                                 "no key at all",
                                 broken,
                                 vendor_key().substr(0, 400),
                                 vendor_key() + broken,
                                 lastack::test::detached_signature(incoming(plain).file, "vendor"),
                                 std::string("\0\xff\xfe", 3)};
    for (const auto& armoured : cases) {
        const auto keys = transaction.inspect_keys(armoured);
        ASSERT_FALSE(keys) << armoured;
        EXPECT_EQ(keys.error().code, PackageErrc::bad_key);
        const auto imported = transaction.import_keys(armoured);
        ASSERT_FALSE(imported) << armoured;
        EXPECT_EQ(imported.error().code, PackageErrc::bad_key);
    }
    EXPECT_EQ(verdict_on(root, incoming(vendor)).state, SignatureState::unknown_key);
}

}  // namespace
}  // namespace lastack::package::test
