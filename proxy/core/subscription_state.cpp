#include "core/subscription_state.hpp"

namespace fairlead::core {

std::string_view to_string(SubscriptionState state) {
    switch (state) {
        case SubscriptionState::Pending:
            return "pending";
        case SubscriptionState::Sent:
            return "sent";
        case SubscriptionState::Acknowledged:
            return "acknowledged";
        case SubscriptionState::Flowing:
            return "flowing";
        case SubscriptionState::Stale:
            return "stale";
        case SubscriptionState::Rejected:
            return "rejected";
    }
    return "unknown";
}

}  // namespace fairlead::core
