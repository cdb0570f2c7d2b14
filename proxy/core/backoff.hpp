// The waiting time before an attempt: min(max_delay, initial_delay * multiplier^n), spread evenly over
// [1 - jitter_factor, 1 + jitter_factor] of itself. The jitter is applied after the cap, so that sidecars which have
// all reached the cap do not come back in step.
#pragma once

#include "core/time.hpp"

namespace fairlead::core {

struct BackoffSettings {
    Duration initial_delay = std::chrono::seconds{1};
    Duration max_delay = std::chrono::minutes{5};
    double multiplier = 2.0;     // >= 1
    double jitter_factor = 0.1;  // [0, 1]
};

class Backoff {
public:
    explicit Backoff(const BackoffSettings& settings);

    // The next waiting time; each call grows the one after it. `chance` is evenly distributed in [0, 1).
    Duration next(double chance);
    // Begins anew at initial_delay.
    void reset();
    // Changed settings apply from the next call on; the growth reached so far stays, under the new cap.
    void configure(const BackoffSettings& settings);

private:
    BackoffSettings settings_;
    Duration base_;
};

}  // namespace fairlead::core
