// bzip2, in which createrepo still writes the databases and old repositories their XML.
#pragma once

#include "repo/decoder.hpp"

#include <memory>

namespace lastack::repo {

[[nodiscard]] std::unique_ptr<Decoder> make_bzip2_decoder();

}  // namespace lastack::repo
