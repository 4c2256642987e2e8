// The processes of this machine as /proc shows them. A process may end between any two of these calls: what it would have told is left out.
#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lastack::cli {

[[nodiscard]] std::vector<pid_t> all_processes();
[[nodiscard]] std::vector<pid_t> descendants(pid_t root);  // parents before their children, without `root`
[[nodiscard]] bool is_process(pid_t pid);

// As `ps` names it, and in full where the kernel keeps only the first 15 bytes and the command line tells the rest. As the process wrote
// it: not safe to show. Empty when it has ended.
[[nodiscard]] std::string program_name(pid_t pid);

// Whether a program_name is one of these, be it cut by the kernel. Pure.
[[nodiscard]] bool is_named(std::string_view program, const std::vector<std::string>& names);

// The parent's id in a line of /proc/PID/stat, whatever the program's name contains; -1 for a line that makes no sense. Pure.
[[nodiscard]] pid_t parent_in(std::string_view stat_line);

}  // namespace lastack::cli
