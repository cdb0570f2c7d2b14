// top: every connection of a sidecar, each second anew. On a terminal it takes the whole of it, and gives it back as it
// was; elsewhere it prints one picture after the other.
#pragma once

#include "arguments.hpp"

namespace fairlead::ctl {

// Until q, SIGINT, SIGTERM or a closed stdout; with `once` after one picture. Returns the exit code.
int run_top(const Arguments& arguments, const Top& top);

}  // namespace fairlead::ctl
