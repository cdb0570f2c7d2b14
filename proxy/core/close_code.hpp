// The codes of WebSocket close frames: RFC 6455 7.4 and the IANA registry that continues it.
#pragma once

#include <cstdint>
#include <string_view>

namespace fairlead::core {

inline constexpr std::uint16_t kCloseNormal = 1000;
inline constexpr std::uint16_t kCloseGoingAway = 1001;
inline constexpr std::uint16_t kCloseInternalError = 1011;

// "going away" and so on, for logs and details; empty when the code has no registered name.
std::string_view close_code_name(std::uint16_t code);

// Whether a close frame may carry the code. Those that only stand for the absence of a frame (1005, 1006, 1015), 1004
// and everything that is not assigned below 3000 may not; 3000 to 4999 belong to libraries and applications.
bool may_be_received(std::uint16_t code);

}  // namespace fairlead::core
