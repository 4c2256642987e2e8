// Options resolved client < mirror < request. Values; no thread affinity.
#pragma once

#include "base/url.hpp"

#include "lastack/request.hpp"

#include <vector>

namespace lastack::download {

// What `above` leaves unset is taken from `below`. Pure.
[[nodiscard]] RequestOptions options_over(RequestOptions above, const RequestOptions& below);

class OptionLayers {
public:
    OptionLayers() = default;
    // Mirrors whose URL does not parse are left out.
    OptionLayers(RequestOptions client, const std::vector<MirrorOptions>& mirrors);

    [[nodiscard]] bool empty() const noexcept { return empty_; }
    // Of the file as a whole: no mirror has a say.
    [[nodiscard]] RequestOptions of_file(const RequestOptions& request) const;
    // Of a request to this URL.
    [[nodiscard]] RequestOptions at(const Url& url, const RequestOptions& request) const;

private:
    struct Mirror {
        Url base;
        RequestOptions options;
    };

    RequestOptions client_;
    std::vector<Mirror> mirrors_;
    bool empty_ = true;
};

}  // namespace lastack::download
