// Whether the sidecar lives, is ready and has started, as a supervisor of containers asks. Pure.
#pragma once

#include "core/time.hpp"
#include "fairlead/v1/control.pb.h"

#include <string>
#include <vector>

namespace fairlead::admin {

// Older than this, the last picture of the relay says that its loop stands still.
inline constexpr core::Duration kLiveWithin = std::chrono::seconds{5};

// Why it is not; empty = it is. One line for each reason.
using Reasons = std::vector<std::string>;

// Not draining, and each connection that is not paused is connected and has sent its subscriptions.
Reasons why_not_ready(const v1::Status& status, const v1::Connections& connections);
// The first attempt of each connection that is not paused has ended, well or not: what is missing now is not the start.
Reasons why_not_started(const v1::Connections& connections);

}  // namespace fairlead::admin
