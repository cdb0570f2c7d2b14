// The three kinds of time. Deadlines and intervals are steady; wall time is only for stamps that leave the process.
#pragma once

#include <chrono>

namespace fairlead::core {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

}  // namespace fairlead::core
