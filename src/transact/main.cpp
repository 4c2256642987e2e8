// lastack-transact: librpm in a process of its own. It is born with two pipes and the packages, talks to nobody else, and ends with them.
#include "transact/process.hpp"
#include "transact/session.hpp"

#include <cstdio>
#include <exception>

int main() {
    if (!lastack::transact::has_channel()) {
        std::fputs("lastack-transact is started by lastack and is of no use alone\n", stderr);
        return 2;
    }
    lastack::transact::prepare_process();
    // Parsing of headers and signatures and the writing of files happen in this one process, as the user who started lastack (root). This
    // is the line where the privileges of the two are to be split.
    try {
        return lastack::transact::serve();
    } catch (const std::exception&) {
        return 4;
    }
}
