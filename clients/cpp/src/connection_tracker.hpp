// When a connection has come up or gone down, as a pure rule over what its state topic tells. An event may be lost on
// the way; later events and the liveness in heartbeats make up for it, so that nobody goes on believing in a dead
// connection.
#pragma once

#include "fairlead/v1/stream.pb.h"

#include <optional>

namespace fairlead::client {

// Both: it went down and came up again, and only the second was heard. Down comes first.
struct UpDown {
    bool went_down = false;
    bool came_up = false;
    friend bool operator==(const UpDown&, const UpDown&) = default;
};

class ConnectionTracker {
public:
    UpDown on_event(const v1::ConnectionEvent& event) {
        const bool up = event.state() == v1::CONNECTION_STATE_CONNECTED;
        const bool was_up = event.previous() == v1::CONNECTION_STATE_CONNECTED;
        UpDown change;
        if (up) {
            change.came_up = up_ != true || !was_up;
            change.went_down = up_ == true && !was_up;
        } else {
            change.went_down = up_.value_or(was_up);
        }
        up_ = up;
        return change;
    }

    // At first sight a heartbeat tells how things are, not that they changed.
    UpDown on_heartbeat(v1::Liveness liveness) {
        const bool up = liveness == v1::LIVENESS_LIVE || liveness == v1::LIVENESS_STALE;
        if (!up && liveness != v1::LIVENESS_DOWN) return {};
        const bool changed = up_.has_value() && *up_ != up;
        up_ = up;
        return UpDown{.went_down = changed && !up, .came_up = changed && up};
    }

private:
    std::optional<bool> up_;  // empty = not heard of
};

}  // namespace fairlead::client
