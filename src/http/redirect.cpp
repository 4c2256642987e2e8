#include "http/redirect.hpp"

#include "http/error.hpp"

namespace lastack::http {

Result<std::optional<Url>> redirect_target(const Url& from, const ResponseHead& head) {
    switch (head.status) {
        case 301:
        case 302:
        case 303:
        case 307:
        case 308:
            break;
        default:
            return std::nullopt;
    }
    const auto refuse = [&](std::string cause) {
        return std::unexpected(Error{.code = HttpErrc::bad_redirect,
                                     .phase = Phase::receiving,
                                     .url = from.str(),
                                     .cause = std::move(cause),
                                     .next_step = "tell whoever runs the server, or use another mirror",
                                     .http_status = head.status});
    };
    const auto locations = head.fields.all("Location");
    if (locations.size() != 1 || locations.front().empty()) {
        return refuse(locations.empty() ? "a redirect without a Location" : "a redirect with an unusable Location");
    }
    auto target = resolve_url(from, locations.front());
    if (!target) {
        return refuse("a redirect to an unusable place: " + target.error().cause);
    }
    if (from.origin.scheme == "https" && target->origin.scheme == "http") {
        return refuse("a redirect from https to http, which would give up its protection");
    }
    target->user_info.clear();  // a server does not hand out credentials
    return std::optional{std::move(*target)};
}

}  // namespace lastack::http
