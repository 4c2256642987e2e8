// Whoever is not root has no say over networks, but all of it over those of a user namespace of one's own, which only a process without
// threads can enter. Where that is forbidden too, the tests are skipped.
#include <gtest/gtest.h>

#include <fstream>
#include <sched.h>
#include <string>
#include <unistd.h>

namespace {

void become_root_of_a_user_namespace() {
    const auto user = std::to_string(::geteuid());
    const auto group = std::to_string(::getegid());
    // A network of the new user's too: from one that belongs to others there would be a way out and none back.
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0) {
        // The kernel takes a group map of somebody without rights only after this.
        std::ofstream("/proc/self/setgroups") << "deny";
        std::ofstream("/proc/self/uid_map") << "0 " + user + " 1";
        std::ofstream("/proc/self/gid_map") << "0 " + group + " 1";
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (::geteuid() != 0) {
        become_root_of_a_user_namespace();
    }
    ::testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
