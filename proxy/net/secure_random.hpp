// Chance that nobody outside can foresee, from the operating system: keys of the upgrade and masks of frames.
#pragma once

#include "websocket/encoder.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace fairlead::net {

// One system call for 64 masks. Relay thread only.
class SecureMaskKeys final : public websocket::MaskKeys {
public:
    websocket::MaskKey next() override;

private:
    std::array<std::uint8_t, 256> bytes_{};
    std::size_t used_ = 256;
};

// A fresh Sec-WebSocket-Key, and the Sec-WebSocket-Accept that a venue must answer to it.
std::string make_upgrade_key();
std::string accept_for(std::string_view upgrade_key);

}  // namespace fairlead::net
