#pragma once

#include "arguments.hpp"

namespace fairlead::ctl {

// Every command but tap: asks the sidecar, prints what it says, returns the exit code.
int run_command(const Arguments& arguments);

}  // namespace fairlead::ctl
