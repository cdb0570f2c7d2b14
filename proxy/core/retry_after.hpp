#pragma once

#include "core/time.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace fairlead::core {

// A venue that asks for more is asked again after this.
inline constexpr Duration kMaxRetryAfter = std::chrono::hours{24};

// How long a venue asks to be left alone: the value of an HTTP Retry-After field (RFC 9110 10.2.3), either seconds or a
// date of the form "Sun, 06 Nov 1994 08:49:37 GMT". Spaces and tabs around it are allowed. Between 0 (a date that is
// past) and kMaxRetryAfter (all that is longer); empty when the value is neither, or is a date that does not exist.
std::optional<Duration> parse_retry_after(std::string_view value, WallTime now);

}  // namespace fairlead::core
