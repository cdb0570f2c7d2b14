#include "core/connection_state.hpp"

namespace fairlead::core {

std::string_view to_string(ConnectionState state) {
    switch (state) {
        case ConnectionState::Disconnected:
            return "disconnected";
        case ConnectionState::Connecting:
            return "connecting";
        case ConnectionState::Connected:
            return "connected";
        case ConnectionState::Reconnecting:
            return "reconnecting";
        case ConnectionState::Failed:
            return "failed";
    }
    return "unknown";
}

}  // namespace fairlead::core
