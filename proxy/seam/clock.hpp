#pragma once

#include "core/time.hpp"

namespace fairlead::seam {

// Where time comes from. Any thread; neither call blocks.
class Clock {
public:
    virtual ~Clock() = default;
    virtual core::SteadyTime now() const = 0;
    virtual core::WallTime wall() const = 0;
};

}  // namespace fairlead::seam
