// This program once more, as a process of its own: the client under test, which gets orders and answers each with a line.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace lastack::bench {

class Partner {
public:
    explicit Partner(std::vector<std::string> arguments);
    ~Partner();  // ends it
    Partner(const Partner&) = delete;
    Partner& operator=(const Partner&) = delete;

    void order(const std::string& line);
    [[nodiscard]] std::string answer();  // ends the program when the partner is gone

private:
    pid_t process_ = -1;
    int orders_ = -1;
    int answers_ = -1;
    std::string unread_;
};

// The partner's side.
[[nodiscard]] bool next_order(std::string& line);
void give_answer(const std::string& line);

}  // namespace lastack::bench
