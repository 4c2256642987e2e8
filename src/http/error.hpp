// The codes are public: callers compare Error::code with them.
#pragma once

#include "lastack/http_error.hpp"
