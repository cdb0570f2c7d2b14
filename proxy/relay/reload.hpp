// What a changed configuration means for a running connection.
#pragma once

#include "config/config.hpp"

#include <string>
#include <string_view>

namespace fairlead::relay {

enum class ReloadAction {
    Keep,     // nothing has changed
    Update,   // applies to the running sockets
    Rotate,   // needs new sockets, which take over from the old ones
    Replace,  // the connection is closed and made anew; its numbers go on
};

std::string_view to_string(ReloadAction action);

struct ReloadPlan {
    ReloadAction action = ReloadAction::Keep;
    std::string detail;  // the keys that have changed
};

ReloadPlan plan_reload(const config::ConnectionConfig& running, const config::ConnectionConfig& wanted);

}  // namespace fairlead::relay
