#pragma once

namespace fairlead::seam {

// Where chance comes from: jitter is repeatable in tests. Relay thread only.
class Random {
public:
    virtual ~Random() = default;
    // Evenly distributed in [0, 1).
    virtual double uniform() = 0;
};

}  // namespace fairlead::seam
