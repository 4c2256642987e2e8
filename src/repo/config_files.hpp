// Where configuration files are looked for. Looks at the file system, reads nothing.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lastack::repo {

// `path` in front of which `root` stands, unless it lies below `root` already. Pure.
[[nodiscard]] std::filesystem::path below_root(const std::filesystem::path& root, const std::filesystem::path& path);

// The first of <root>/etc/lastack/lastack.conf, yum.conf, yum/yum.conf, dnf/dnf.conf that exists; empty when none does.
[[nodiscard]] std::filesystem::path find_main_config(const std::filesystem::path& root);

// The directories of the default list that exist below `root`; when none does, those of the host.
[[nodiscard]] std::vector<std::filesystem::path> default_repo_directories(const std::filesystem::path& root,
                                                                          const std::vector<std::filesystem::path>& defaults);

// The directories of a list somebody gave: each as given when it exists, else below `root` when it exists there.
[[nodiscard]] std::vector<std::filesystem::path> given_repo_directories(const std::filesystem::path& root,
                                                                        const std::vector<std::filesystem::path>& given);

// *.repo of all directories: in the order of the directories, sorted by name in each; a directory with two names is read once.
[[nodiscard]] std::vector<std::filesystem::path> list_repo_files(const std::vector<std::filesystem::path>& directories);

// *.conf of all directories, sorted by name; one of an earlier directory takes the place of those of its name in later ones.
[[nodiscard]] std::vector<std::filesystem::path> list_drop_ins(const std::vector<std::filesystem::path>& directories);

}  // namespace lastack::repo
