#pragma once

#include "core/connection_state.hpp"

namespace fairlead::core {

// Of two sockets that serve one purpose: the state that is nearer to being connected.
constexpr ConnectionState better(ConnectionState a, ConnectionState b) {
    const auto rank = [](ConnectionState state) {
        switch (state) {
            case ConnectionState::Connected:
                return 4;
            case ConnectionState::Connecting:
                return 3;
            case ConnectionState::Reconnecting:
                return 2;
            case ConnectionState::Failed:
                return 1;
            case ConnectionState::Disconnected:
                break;
        }
        return 0;
    };
    return rank(a) >= rank(b) ? a : b;
}

}  // namespace fairlead::core
