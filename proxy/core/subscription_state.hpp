#pragma once

#include <string_view>

namespace fairlead::core {

// The same order as fairlead.v1.SubscriptionState (which begins at 1); a unit test holds the two together.
enum class SubscriptionState {
    Pending,       // waits for a connection, or for its turn in this session
    Sent,          // handed to the socket of this session
    Acknowledged,  // the venue said yes
    Flowing,       // data has come in this session
    Stale,         // no data for too long
    Rejected,      // the venue said no, or nothing at all
};

std::string_view to_string(SubscriptionState state);

}  // namespace fairlead::core
