// Seen from net: http stands above it.
#include "http/client.hpp"
