#pragma once

#include "core/time.hpp"

#include <string>

namespace fairlead::core {

// For details that people read: "30s", "1.5s", "250ms", "40us", "7ns"; "0s" for nothing and less. At most three
// decimals, the rest is cut off.
std::string duration_text(Duration duration);

}  // namespace fairlead::core
