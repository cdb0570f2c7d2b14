#pragma once

#include "core/time.hpp"

#include <optional>
#include <string_view>

namespace fairlead::simulator {

// "90s", "1m30s", "250ms": whole numbers with a unit (d, h, m, s, ms, us). Nothing if the text is not of this form or
// is longer than a year.
std::optional<core::Duration> parse_duration(std::string_view text);

}  // namespace fairlead::simulator
