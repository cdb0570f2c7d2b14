#pragma once

#include "arguments.hpp"
#include "fairlead/control.hpp"

namespace fairlead::ctl {

// The commands that are one request: asks the sidecar, prints what it says, returns the exit code.
int run_command(const Arguments& arguments);

// Print what came of a request, or why nothing did; return the exit code.
int tell(const client::Reply& reply, bool as_json);
int tell(const client::Unreachable& unreachable, const Arguments& arguments);

}  // namespace fairlead::ctl
