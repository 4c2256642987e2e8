// What stands between the bytes of primary.xml and libsolv: refuses what libsolv would choke on, and leaves out prose that no command
// shows, which is a third of the document. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace lastack::package::solv {

class MetadataFilter {
public:
    // Filters in place; pieces may be cut anywhere. Returns how many bytes are left, nothing when a dependency has more groups than libsolv
    // could be given: its normal form may double with each.
    [[nodiscard]] std::optional<std::size_t> feed(std::span<char> bytes);

private:
    static constexpr std::size_t head_size = 16;  // enough to tell the tags apart

    [[nodiscard]] bool count_groups(std::span<const char> bytes);
    void begin_tag();
    void look_at_first(char c);

    std::string head_;  // of what follows the last '<'
    bool in_entry_ = false;
    bool dropping_ = false;  // character data, up to the next '<'
    bool verbatim_ = false;  // nothing is left out any more
    bool seen_tag_ = false;
    unsigned groups_ = 0;
    char before_last_ = 0;
    char last_ = 0;
};

}  // namespace lastack::package::solv
