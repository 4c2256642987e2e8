// librpm's callback of a running transaction, as events on the channel.
#pragma once

#include "transact/channel/message.hpp"
#include "transact/rpm_handles.hpp"

#include <rpm/rpmcallback.h>
#include <rpm/rpmte.h>

#include <set>
#include <string>

namespace lastack::transact {

// An event of a running transaction. Too long names are cut so that the frame is written in one piece; a parent that is gone is no reason
// to stop.
void send_event(Message event);

[[nodiscard]] std::string nevra_of(rpmte element);

class Progress {
public:
    Progress(const Setup& setup, rpmts set);

    // As rpmtsSetNotifyCallback wants it, with a Progress as data and notify style 1. The same in a test run, which opens packages only.
    static void* on_event(const void* element, rpmCallbackType what, rpm_loff_t amount, rpm_loff_t total, fnpyKey key, void* data);

private:
    void* handle(rpmte element, rpmCallbackType what, rpm_loff_t amount, rpm_loff_t total, fnpyKey key);
    void start(rpmte element);
    void advance(rpm_loff_t amount, rpm_loff_t total);
    [[nodiscard]] Element kind_of(rpmte element) const;

    const Setup& setup_;
    std::set<rpmte> replacing_;  // installed elements that an older package of the same name makes room for
    FileHandle open_file_;
    std::uint32_t number_ = 0;
    std::uint32_t total_ = 0;
    rpm_loff_t last_percent_ = 0;
};

}  // namespace lastack::transact
