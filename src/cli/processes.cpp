#include "cli/processes.hpp"

#include "base/file.hpp"
#include "base/text.hpp"

#include <climits>

#include <algorithm>
#include <dirent.h>
#include <memory>
#include <unistd.h>
#include <utility>

namespace lastack::cli {

namespace {

constexpr std::size_t kept_of_name = 15;  // of the program's name, by the kernel

std::string proc(pid_t pid) { return "/proc/" + std::to_string(pid); }

std::vector<pid_t> numbers_in(const std::string& directory) {
    std::vector<pid_t> numbers;
    const std::unique_ptr<DIR, int (*)(DIR*)> open(::opendir(directory.c_str()), &::closedir);
    while (const dirent* entry = open ? ::readdir(open.get()) : nullptr) {
        if (const auto number = parse_decimal(entry->d_name); number && *number <= INT_MAX) {
            numbers.push_back(static_cast<pid_t>(*number));
        }
    }
    std::ranges::sort(numbers);
    return numbers;
}

// The kernel lists children where it was built to; each thread has its own.
bool lists_children() {
    static const bool listed = ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), R_OK) == 0;
    return listed;
}

void append_children(pid_t pid, std::vector<pid_t>& into) {
    const auto tasks = proc(pid) + "/task";
    for (const pid_t task : numbers_in(tasks)) {
        const auto list = read_file(tasks + "/" + std::to_string(task) + "/children");
        for (const auto& child : split(list.value_or(""), " \n")) {
            if (const auto number = parse_decimal(child); number && *number <= INT_MAX) {
                into.push_back(static_cast<pid_t>(*number));
            }
        }
    }
}

std::vector<pid_t> descendants_by_parent(pid_t root) {
    std::vector<std::pair<pid_t, pid_t>> parents;
    for (const pid_t pid : all_processes()) {
        if (const auto stat = read_file(proc(pid) + "/stat")) {
            parents.emplace_back(pid, parent_in(*stat));
        }
    }
    std::vector<pid_t> found{root};
    for (std::size_t i = 0; i < found.size(); ++i) {
        for (const auto& [pid, parent] : parents) {
            if (parent == found[i] && std::ranges::find(found, pid) == found.end()) {
                found.push_back(pid);
            }
        }
    }
    return found;
}

}  // namespace

std::vector<pid_t> all_processes() { return numbers_in("/proc"); }

std::vector<pid_t> descendants(pid_t root) {
    std::vector<pid_t> found{root};
    if (lists_children()) {
        for (std::size_t i = 0; i < found.size(); ++i) {
            append_children(found[i], found);
        }
    } else {
        found = descendants_by_parent(root);
    }
    found.erase(found.begin());
    return found;
}

bool is_process(pid_t pid) { return ::access(proc(pid).c_str(), F_OK) == 0; }

std::string program_name(pid_t pid) {
    std::string name = read_file(proc(pid) + "/comm").value_or("");
    if (name.ends_with('\n')) {
        name.pop_back();
    }
    if (name.size() == kept_of_name) {
        const std::string command_line = read_file(proc(pid) + "/cmdline").value_or("");
        const std::string program = command_line.substr(0, command_line.find('\0'));
        std::string whole = program.substr(program.rfind('/') + 1);
        if (whole.starts_with(name)) {
            return whole;
        }
    }
    return name;
}

bool is_named(std::string_view program, const std::vector<std::string>& names) {
    return std::ranges::any_of(
        names, [&](std::string_view name) { return program == name || (program.size() == kept_of_name && name.starts_with(program)); });
}

pid_t parent_in(std::string_view stat_line) {
    // "PID (NAME) STATE PARENT ...": the name may contain parentheses and blanks.
    const auto end = stat_line.rfind(')');
    const auto fields = end == std::string_view::npos ? std::vector<std::string>{} : split(stat_line.substr(end + 1), " ");
    const auto parent = fields.size() > 1 ? parse_decimal(fields[1]) : std::nullopt;
    return parent && *parent <= INT_MAX ? static_cast<pid_t>(*parent) : -1;
}

}  // namespace lastack::cli
