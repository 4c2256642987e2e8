#include "lastack/attempt_event.hpp"

#include <cstdio>

namespace lastack {

namespace {

const char* words(AfterAttempt next) {
    switch (next) {
        case AfterAttempt::done:
            return "done";
        case AfterAttempt::again:
            return "again";
        case AfterAttempt::other_mirror:
            return "other mirror";
        case AfterAttempt::give_up:
            return "given up";
    }
    return "";
}

}  // namespace

std::string describe(const AttemptEvent& event) {
    std::string text = event.number == 0 ? "second connection" : "attempt " + std::to_string(event.number);
    text += ' ' + event.url;
    if (!event.address.empty()) {
        text += " (" + event.address + (event.reused ? ", reused)" : ")");
    }
    char time[32];
    std::snprintf(time, sizeof time, "%.3f", std::chrono::duration<double>(event.setup + event.waiting + event.body).count());
    text += ": " + std::to_string(event.received) + " bytes in " + time + " s";
    if (event.left == LeftMirror::faster_known) {
        text += ", left for a faster mirror";
    } else if (event.left == LeftMirror::exploring) {
        text += ", left to try another mirror";
    } else if (event.error) {
        text += ", " + event.error->cause;
    }
    return text + "; " + words(event.next);
}

}  // namespace lastack
