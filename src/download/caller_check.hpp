// The caller's own check of what was downloaded. Runs on a worker.
#pragma once

#include "download/error.hpp"

#include "lastack/result.hpp"

#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace lastack::download {

// Errors: DownloadErrc::check_failed with the cause that the check gave, also as an exception.
template <typename What>
[[nodiscard]] Result<void> run_check(const std::function<Result<void>(What)>& check, std::type_identity_t<What> what) {
    if (!check) {
        return {};
    }
    Error error{.code = DownloadErrc::check_failed, .phase = Phase::verifying};
    try {
        auto checked = check(what);
        if (checked) {
            return {};
        }
        error.cause = "the caller's check refuses it: " + checked.error().cause;
        error.next_step = std::move(checked.error().next_step);
    } catch (const std::exception& failure) {
        error.cause = std::string{"the caller's check failed: "} + failure.what();
    } catch (...) {
        error.cause = "the caller's check failed";
    }
    return std::unexpected(std::move(error));
}

}  // namespace lastack::download
