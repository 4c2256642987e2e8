#include "repo/nearest_option.hpp"

#include "base/nearest_name.hpp"
#include "repo/options.hpp"

#include <vector>

namespace lastack::repo {

namespace {

std::vector<std::string_view> names_for(OptionPlace place) {
    std::vector<std::string_view> names;
    for (const KnownOption& option : known_options()) {
        if (option.place == OptionPlace::both || option.place == place) {
            names.push_back(option.name);
        }
    }
    const auto foreign = foreign_options();
    names.insert(names.end(), foreign.begin(), foreign.end());
    return names;
}

}  // namespace

std::string_view nearest_option(std::string_view key, OptionPlace place) { return nearest_name(key, names_for(place)).value_or(""); }

}  // namespace lastack::repo
