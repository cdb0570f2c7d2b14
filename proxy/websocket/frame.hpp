// The words of RFC 6455 that both directions share.
#pragma once

#include <cstddef>
#include <cstdint>

namespace fairlead::websocket {

enum class Opcode : std::uint8_t { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };

constexpr bool is_control(Opcode opcode) {
    return opcode >= Opcode::Close;
}

inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kInvalidData = 1007;
inline constexpr std::uint16_t kTooBig = 1009;

inline constexpr std::size_t kMaxControlBytes = 125;
inline constexpr std::size_t kMaxReasonBytes = kMaxControlBytes - 2;  // beside the code of a close frame

}  // namespace fairlead::websocket
