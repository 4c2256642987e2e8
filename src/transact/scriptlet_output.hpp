// What scriptlets print, carried to the parent while librpm waits for them. A pipe needs a reader at that time, librpm must not meet
// threads, so a small process of our own reads it; it ends with the transaction even when a daemon keeps the pipe's other end.
#pragma once

#include "base/file.hpp"

#include "lastack/result.hpp"

#include <sys/types.h>

namespace lastack::transact {

class ScriptletPipe {
public:
    // Forks the reader; from here on stdout and stderr of this process (Lua prints there) lead into the pipe too.
    [[nodiscard]] static Result<ScriptletPipe> start();
    ~ScriptletPipe();  // finish()
    ScriptletPipe(ScriptletPipe&& other) noexcept;
    ScriptletPipe& operator=(ScriptletPipe&&) = delete;

    [[nodiscard]] int write_end() const { return writer_.get(); }

    // Everything printed so far has been sent to the parent when this returns.
    void finish();

private:
    ScriptletPipe(FileDescriptor writer, FileDescriptor control, pid_t reader);

    FileDescriptor writer_;
    FileDescriptor control_;  // its end tells the reader to stop
    pid_t reader_ = -1;
};

}  // namespace lastack::transact
