#include "package/nevra.hpp"

namespace lastack::package {

std::string Nevra::evr() const {
    std::string text;
    if (!epoch.empty() && epoch != "0") {
        text = epoch + ":";
    }
    return text + version + "-" + release;
}

std::string Nevra::str() const { return name + "-" + evr() + "." + arch; }

}  // namespace lastack::package
