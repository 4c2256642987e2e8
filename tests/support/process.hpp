// Runs a program: arguments, environment, standard input as text, closed, kept open, or a terminal; output captured. Everything has a
// deadline, and what outlives it is killed with its process group. Throws std::system_error when a program cannot be started.
#pragma once

#include "base/file.hpp"
#include "base/time.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace lastack::test {

struct ProcessOptions {
    std::vector<std::string> arguments;              // the program first; looked up in PATH when it has no '/'
    std::map<std::string, std::string> environment;  // set in addition to the test's own
    std::vector<std::string> unset;                  // taken out of it
    std::optional<std::string> directory;            // where it runs
    enum class Input : std::uint8_t {
        null,      // /dev/null
        closed,    // descriptor 0 is not open
        text,      // `input`, then end of file
        pipe,      // stays open: Process::write
        terminal,  // standard input, output and error are one pseudo terminal; its output is in `out`
    } stdin_is = Input::null;
    std::string input;
    std::vector<int> keep;  // descriptors that the program inherits under the same number; all others are closed
};

struct ProcessResult {
    std::optional<int> status;  // the exit status; unset when a signal ended it
    int signal = 0;
    bool timed_out = false;  // it was killed because the deadline had passed
    std::string out;
    std::string err;
};

class Process {
public:
    explicit Process(const ProcessOptions& options);
    ~Process();  // kills the process group if it still runs
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] const std::string& out() const { return out_; }  // so far
    [[nodiscard]] const std::string& err() const { return err_; }
    [[nodiscard]] bool running();

    void signal(int number) const;        // to the process itself
    void signal_group(int number) const;  // to it and its descendants
    void write(std::string_view text);    // to its standard input or terminal
    void close_input();                   // end of file; at a terminal ^D

    // Waits until `text` (or a match of `pattern`, ECMAScript) stands in the output behind what an earlier call found; true when it does,
    // false when the output ended or the time is over.
    [[nodiscard]] bool wait_for_output(std::string_view text, std::chrono::milliseconds patience = std::chrono::seconds{10});
    // The same of standard error, all of it.
    [[nodiscard]] bool wait_for_error(std::string_view text, std::chrono::milliseconds patience = std::chrono::seconds{10});
    [[nodiscard]] bool wait_for_match(const std::string& pattern, std::chrono::milliseconds patience = std::chrono::seconds{10});
    // wait_for_output, then write: a person at a prompt.
    [[nodiscard]] bool answer(std::string_view prompt, std::string_view text,
                              std::chrono::milliseconds patience = std::chrono::seconds{10});

    // Waits for its end and for the end of its output.
    ProcessResult wait(std::chrono::milliseconds patience = std::chrono::seconds{60});

private:
    void spawn(const ProcessOptions& options, int in, int out, int err, const std::string& terminal);
    // Reads and writes what is possible until `deadline`; false when it has passed or nothing is left to wait for.
    bool pump(TimePoint deadline);
    void feed();
    void read_from(FileDescriptor& from, std::string& into);
    void reap(bool block);

    pid_t pid_ = -1;
    bool terminal_ = false;
    FileDescriptor pidfd_;
    FileDescriptor in_;
    FileDescriptor out_pipe_;
    FileDescriptor err_pipe_;
    std::string pending_input_;
    bool close_when_written_ = false;
    std::string out_;
    std::string err_;
    std::size_t searched_ = 0;
    std::optional<int> wait_status_;
};

// Start, feed, wait.
[[nodiscard]] ProcessResult run(const ProcessOptions& options, std::chrono::milliseconds patience = std::chrono::seconds{60});
[[nodiscard]] ProcessResult run(std::vector<std::string> arguments);

}  // namespace lastack::test
