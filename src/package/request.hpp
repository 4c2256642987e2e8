// What the user asked for, before it is solved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lastack::package {

enum class Verb : std::uint8_t { install, update, remove };

struct Request {
    Verb verb = Verb::update;
    // Names, globs, name.arch, name-version[-release[.arch]], or provides (install). Empty with Verb::update: everything.
    std::vector<std::string> specs;

    friend bool operator==(const Request&, const Request&) = default;
};

}  // namespace lastack::package
