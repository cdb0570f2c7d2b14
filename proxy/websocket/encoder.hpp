// Frames from a client: unfragmented, masked, never compressed.
#pragma once

#include "websocket/frame.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::websocket {

using MaskKey = std::array<std::uint8_t, 4>;

// A fresh key for every frame, which nobody outside can foresee (RFC 6455 10.3): it comes from the operating system, or
// from a test.
class MaskKeys {
public:
    virtual ~MaskKeys() = default;
    virtual MaskKey next() = 0;
};

// Exclusive or with the key, in place; masking twice gives the original.
void mask(char* bytes, std::size_t size, const MaskKey& key);

// A control frame's payload has at most kMaxControlBytes.
void append_frame(std::string& out, Opcode opcode, std::string_view payload, const MaskKey& key);

// Code 0 = a frame without a code. The reason is cut to what fits, before a character that does not.
void append_close(std::string& out, std::uint16_t code, std::string_view reason, const MaskKey& key);

}  // namespace fairlead::websocket
