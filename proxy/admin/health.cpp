#include "admin/health.hpp"

#include "core/cause.hpp"

#include <fmt/format.h>

namespace fairlead::admin {
namespace {

std::string_view state_of(const v1::ConnectionStatus& connection) {
    switch (connection.status()) {
        case v1::CONNECTION_STATE_CONNECTING:
            return "connecting";
        case v1::CONNECTION_STATE_CONNECTED:
            return "connected, subscriptions are not sent yet";
        case v1::CONNECTION_STATE_RECONNECTING:
            return "reconnecting";
        case v1::CONNECTION_STATE_FAILED:
            return "failed";
        default:
            return "disconnected";
    }
}

}  // namespace

Reasons why_not_ready(const v1::Status& status, const v1::Connections& connections) {
    Reasons reasons;
    if (status.draining()) reasons.emplace_back("draining");
    for (const auto& connection : connections.connections()) {
        const bool is_up = connection.status() == v1::CONNECTION_STATE_CONNECTED && connection.ready();
        if (connection.paused() || is_up) continue;
        const auto cause = core::to_string(static_cast<core::Cause>(connection.last_cause()));
        const bool has_cause = connection.last_cause() != v1::CAUSE_UNSPECIFIED;
        reasons.push_back(fmt::format("{}: {}{}{}", connection.id(), state_of(connection),
                                      has_cause ? ", last cause " : "", has_cause ? cause : std::string_view{}));
    }
    return reasons;
}

Reasons why_not_started(const v1::Connections& connections) {
    Reasons reasons;
    for (const auto& connection : connections.connections()) {
        const bool was_tried = connection.last_connected_ns() > 0 || connection.failed_attempts() > 0;
        if (!connection.paused() && !was_tried)
            reasons.push_back(fmt::format("{}: its first attempt is under way", connection.id()));
    }
    return reasons;
}

}  // namespace fairlead::admin
