// Stable names of error codes for programs that read our output: "http.not_found". Pure.
#pragma once

#include <string>
#include <system_error>

namespace lastack::cli {

// "category.name"; "category.17" for a code without a name, "none" for no error.
[[nodiscard]] std::string error_name(std::error_code code);

}  // namespace lastack::cli
