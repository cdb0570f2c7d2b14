// Timers are owned members: arming replaces, destruction cancels, a timer that fired is idle.
#pragma once

#include "core/time.hpp"

#include <functional>
#include <memory>

namespace fairlead::seam {

class Timer {
public:
    virtual ~Timer() = default;
    // Fires once at `when` (at once, in a later turn of the loop, when that is past). Replaces an earlier deadline.
    virtual void arm(core::SteadyTime when) = 0;
    virtual void cancel() = 0;
};

// Relay thread only. The callback runs on the relay thread, outside of any call to arm(); it may arm or destroy its own
// timer.
class Timers {
public:
    virtual ~Timers() = default;
    virtual std::unique_ptr<Timer> create(std::function<void()> fired) = 0;
};

}  // namespace fairlead::seam
