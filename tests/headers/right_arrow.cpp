#include "base/url.hpp"
