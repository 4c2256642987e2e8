// What a package needs and gives: "NAME" or "NAME OP VERSION", as rpm prints them.
#pragma once

#include <string>
#include <vector>

namespace lastack::package {

struct Dependencies {
    std::vector<std::string> requires_;
    std::vector<std::string> provides;
    std::vector<std::string> conflicts;
    std::vector<std::string> obsoletes;

    friend bool operator==(const Dependencies&, const Dependencies&) = default;
};

}  // namespace lastack::package
