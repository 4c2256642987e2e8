// The system's cache beside an ordinary user's own.
#include "integration/repo/refresh_scene.hpp"
#include "repo/error.hpp"

#include <functional>
#include <map>
#include <utility>

namespace lastack::repo {
namespace {

class SharedRefresh : public Refresh {
protected:
    // Generation 1 is in the system's cache; from here on another one is written to.
    void begin() {
        serve(1);
        expect_generation(1);
        cache_directory = directory / "mine";
        shared_directory = directory / "cache";
    }
    // A run that has the system's cache for its own.
    void as_root(const std::function<void()>& run) {
        const fs::path user = std::exchange(cache_directory, std::exchange(shared_directory, {}));
        run();
        shared_directory = std::exchange(cache_directory, user);
    }
    [[nodiscard]] std::map<std::string, std::string> shared_files() const {
        std::map<std::string, std::string> files;
        for (const auto& entry : fs::recursive_directory_iterator(shared_directory)) {
            if (entry.is_regular_file()) {
                files[entry.path().string()] = content(entry.path());
            }
        }
        return files;
    }
    [[nodiscard]] fs::path shared_object() const { return directory / object_name(1); }
};

TEST_F(SharedRefresh, what_is_in_the_systems_cache_is_not_fetched) {
    begin();
    const auto before = shared_files();
    const auto asked = requested().size();
    const ReadyRepo ready = expect_generation(1);
    EXPECT_EQ(ready.files.front().path, shared_object());
    EXPECT_EQ(requested().size(), asked);
    EXPECT_EQ(shared_files(), before);
    expect_generation(1, Expiry::never);
    EXPECT_EQ(requested().size(), asked);
}

TEST_F(SharedRefresh, what_is_newer_goes_into_the_own_cache) {
    begin();
    expect_generation(1);
    const auto before = shared_files();
    serve(2);
    EXPECT_EQ(expect_generation(2, Expiry::ignore).files.front().path.parent_path(), cache_directory / "objects");
    EXPECT_EQ(shared_files(), before);
    expect_generation(2);
}

TEST_F(SharedRefresh, the_systems_cache_is_followed_when_it_was_checked_later) {
    begin();
    now = std::time(nullptr);
    expect_generation(1);
    serve(2);
    now += 60;
    as_root([&] { expect_generation(2, Expiry::ignore); });
    const auto asked = requested().size();
    expect_generation(2);
    EXPECT_EQ(requested().size(), asked);
}

TEST_F(SharedRefresh, older_metadata_of_the_system_does_not_replace_newer) {
    begin();
    now = std::time(nullptr);
    serve(2);
    expect_generation(2, Expiry::ignore);
    // The system's is checked later, against a server that is behind.
    serve(1);
    now += 60;
    as_root([&] { expect_generation(1, Expiry::ignore); });
    expect_generation(2);
}

TEST_F(SharedRefresh, what_somebody_else_could_have_written_is_not_used) {
    for (const std::string place : {"", "r", "objects", "r/repomd.xml", "r/refresh.state"}) {
        begin();
        fs::remove_all(directory / "mine");
        const fs::path path = shared_directory / place;
        const auto mode = fs::status(path).permissions();
        fs::permissions(path, mode | fs::perms::others_write);
        const auto asked = requested().size();
        const fs::path used = expect_generation(1).files.front().path;
        EXPECT_GT(requested().size(), asked) << place;
        // Of what only a repository's own files are doubtful the objects still have their digests.
        if (place.empty() || place == "objects") {
            EXPECT_EQ(used.parent_path(), cache_directory / "objects") << place;
        }
        fs::permissions(path, mode);
        cache_directory = directory / "cache";
        shared_directory.clear();
    }
}

TEST_F(SharedRefresh, a_damaged_object_of_the_system_is_fetched_anew) {
    begin();
    std::string damaged = primary_of(1);
    damaged.back() = '!';
    directory.write(object_name(1), damaged);
    EXPECT_EQ(expect_generation(1).files.front().path.parent_path(), cache_directory / "objects");
}

TEST_F(SharedRefresh, the_cache_of_another_place_says_nothing_of_this_one) {
    begin();
    serve(1, "/elsewhere");
    first().baseurl = {origin.url("/elsewhere")};
    const auto asked = requested().size();
    const ReadyRepo ready = expect_generation(1);
    EXPECT_GT(requested().size(), asked);
    EXPECT_EQ(ready.files.front().path, shared_object()) << "the same bytes, wherever they came from";
}

}  // namespace
}  // namespace lastack::repo
