#pragma once

#include "fairlead/v1/control.pb.h"

#include <functional>
#include <string>

namespace fairlead::relay {

// What became of a command.
struct Outcome {
    v1::Code code = v1::CODE_OK;
    std::string message;  // one line for people: what happened, or what to do
};

// Called exactly once on the relay thread: inside the call that took it, or later, when the bytes have been handed to
// the socket or can no longer be.
using Done = std::function<void(Outcome)>;

}  // namespace fairlead::relay
