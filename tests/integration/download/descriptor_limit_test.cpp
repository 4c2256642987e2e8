// The process is at its limit of open files (75): what is idle gives its descriptor to what is wanted.
#include "client_fixture.hpp"
#include "net/error.hpp"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <mutex>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

namespace lastack::test {
namespace {

// It opens a pipe to look at an object's type and takes the failure for a bad object.
#if __has_feature(undefined_behavior_sanitizer)
constexpr bool kSanitizerNeedsDescriptors = true;
#else
constexpr bool kSanitizerNeedsDescriptors = false;
#endif

int highest_open_descriptor() {
    int highest = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
        highest = std::max(highest, std::stoi(entry.path().filename().string()));
    }
    return highest;
}

// While it lives a descriptor can only be opened where another one was closed.
class FullTable {
public:
    FullTable() {
        const int highest = highest_open_descriptor();
        int next = 0;
        do {
            next = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
            fillers_.emplace_back(next);
        } while (next <= highest);
        ::getrlimit(RLIMIT_NOFILE, &before_);
        rlimit full = before_;
        full.rlim_cur = static_cast<rlim_t>(next) + 1;
        ::setrlimit(RLIMIT_NOFILE, &full);
    }
    ~FullTable() { ::setrlimit(RLIMIT_NOFILE, &before_); }
    FullTable(const FullTable&) = delete;
    FullTable& operator=(const FullTable&) = delete;

private:
    std::vector<FileDescriptor> fillers_;
    rlimit before_{};
};

class DescriptorLimit : public ClientTest {
protected:
    void SetUp() override {
        if (kSanitizerNeedsDescriptors) {
            GTEST_SKIP() << "the sanitizer itself needs descriptors";
        }
    }
    DescriptorLimit() {
        origin.on("/a", Reply{.body = "a"});
        other.on("/b", Reply{.body = "b"});
        options.on_connection_event = [ends = ends](const ConnectionEvent& event) {
            const std::scoped_lock lock(ends->mutex);
            if (event.kind == ConnectionEventKind::closed) {
                ends->why.push_back(event.why);
            }
        };
    }
    Result<FetchResult> fetch_with_full_table() {
        Client& asked = client();
        const std::vector<FetchRequest> wanted{document(other.url("/b"))};
        const FullTable full;
        return std::move(asked.fetch(wanted).at(0));
    }

    struct Ends {
        std::mutex mutex;
        std::vector<std::string> why;
    };
    std::shared_ptr<Ends> ends = std::make_shared<Ends>();  // owners: the test and its client, which ends later
    ScriptedOrigin other;
};

TEST_F(DescriptorLimit, closes_the_oldest_idle_connection_and_dials_again) {
    client().expect_more(true);
    expect_fetched("/a", "a");
    ASSERT_EQ(client().connections().idle, 1u);
    EXPECT_THAT(fetch_with_full_table(), Succeeded());
    EXPECT_TRUE(origin.wait_for([](const Record& record) { return record.connections[0].peer_fin.has_value(); }));
    EXPECT_EQ(client().connections().open, 1u);
    const std::scoped_lock lock(ends->mutex);
    EXPECT_EQ(ends->why, std::vector<std::string>{"its descriptor is wanted"});
}

TEST_F(DescriptorLimit, without_an_idle_connection_says_what_is_wrong_and_recovers) {
    (void)client();
    EXPECT_THAT(fetch_with_full_table(), FailedWith(net::NetErrc::no_descriptors));
    EXPECT_EQ(client().connections().open, 0u);
    EXPECT_THAT(fetch(document(other.url("/b"))), Succeeded());
}

}  // namespace
}  // namespace lastack::test
