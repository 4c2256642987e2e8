// How the URLs of one request are used as mirrors of each other. Names in brackets are urlgrabber's.
#pragma once

#include "lastack/error.hpp"
#include "lastack/setting.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace lastack {

enum class MirrorOrder : std::uint8_t {
    ranked,  // known fast hosts first, unknown ones tried as listed, those that failed lately last (MirrorGroup with timedhosts)
    listed,  // as they stand in the request (MirrorGroup without timedhosts)
    random,  // shuffled anew for each file (MGRandomOrder; MGRandomStart differs only in that it keeps the ring's order)
};

// What a failure callback may answer (failure_callback's dict of actions).
enum class MirrorAction : std::uint8_t {
    next,    // what the class of the error asks for: the next mirror, or this one again later ({'increment': 1, 'remove': 0})
    remove,  // no request of this client goes to that host any more, as long as another is left ({'remove_master': 1})
    fail,    // the file fails with this error ({'fail': 1})
    retry,   // the same mirror at once ({'increment': 0, 'remove': 0}); counted against `retries`
};

struct MirrorFailure {
    std::string url;         // the mirror's URL of the file, without secrets
    std::size_t mirror = 0;  // its place in the request's list
    unsigned tries = 0;      // attempts for this file so far, this one included
    const Error& error;
};

struct MirrorPolicy {
    Setting<MirrorOrder> order = Setting<MirrorOrder>::by_default(MirrorOrder::ranked);
    // Files in transfer per host at a time, within the client's own limits. Default 0: those limits alone. (a mirror's max_connections)
    Setting<unsigned> max_connections = Setting<unsigned>::by_default(0);
    // Called on the reactor thread after each failed attempt; must not block. Unset: always `next`. (failure_callback, default_action)
    std::function<MirrorAction(const MirrorFailure& failure)> on_failure;
};

}  // namespace lastack
