// The codes are public: callers compare Error::code with them.
#pragma once

#include "lastack/net_error.hpp"
