// Keys of the build directory and what is done with them; the inner half of rpm_builder.
#pragma once

#include "base/file.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

namespace lastack::test {

// LASTACK_BUILD_DIR/test-rpms, and the lock every writer below it holds.
[[nodiscard]] std::filesystem::path store_directory();
[[nodiscard]] FileDescriptor lock_store();

// Signs in place. Call with the store's lock held.
void sign_rpms(const std::vector<std::filesystem::path>& rpms, std::string_view key_name);

}  // namespace lastack::test
