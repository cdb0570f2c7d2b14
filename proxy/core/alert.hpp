// What people are told when a connection is in trouble: the names, as in the published contract.
#pragma once

#include <string_view>

namespace fairlead::core {

enum class AlertType {
    ReconnectAttempt,
    ReconnectSuccess,
    ReconnectFailure,
    MaxRetriesExceeded,
    ConnectionLost,
    StaleData,
    SubscriptionRejected,
    UpstreamGap,
};

// The order and the values, plus one, of fairlead.v1.AlertLevel.
enum class AlertLevel { Info, Warning, Critical };

// "reconnect_attempt" and so on; "info" and so on.
std::string_view to_string(AlertType type);
std::string_view to_string(AlertLevel level);

}  // namespace fairlead::core
