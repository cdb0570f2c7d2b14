// Durations and sizes as people write them: "1m30s", "64MiB".
#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::config {

// Whole numbers with a unit (d, h, m, s, ms, us, ns), the larger unit first, each at most once: "1h30m". Nothing if the
// text is not of this form or does not fit into a Duration.
std::optional<core::Duration> parse_duration(std::string_view text);

// A whole number with a unit: B, KB, MB, GB (powers of 1000), KiB, MiB, GiB (powers of 1024). Nothing as above.
std::optional<std::uint64_t> parse_size(std::string_view text);

// The shortest text that parses to the same value. `duration` is not negative.
std::string format_duration(core::Duration duration);
std::string format_size(std::uint64_t bytes);

}  // namespace fairlead::config
