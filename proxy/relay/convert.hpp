// Between the values of config and core and those of the published contract.
#pragma once

#include "config/config.hpp"
#include "core/failover.hpp"
#include "core/repair.hpp"
#include "core/rotation.hpp"
#include "core/sequence_tracker.hpp"
#include "core/session_machine.hpp"
#include "core/subscription_flow.hpp"
#include "core/topic_liveness.hpp"
#include "core/venue_heartbeat.hpp"
#include "fairlead/v1/control.pb.h"
#include "relay/session.hpp"
#include "seam/transport.hpp"

#include <string>
#include <variant>

namespace fairlead::relay {

core::SessionSettings session_settings(const config::ConnectionConfig& config);
core::FlowSettings flow_settings(const config::Profile& venue, std::uint64_t overhead_bytes);

// Resolves the secrets; a text = which one cannot be, and why.
std::variant<seam::ConnectRequest, std::string> make_connect_request(const config::ConnectionConfig& config,
                                                                     std::size_t url_index);
core::VenueHeartbeatSettings heartbeat_settings(const config::Profile& venue);
core::LivenessSettings liveness_settings(const config::ConnectionConfig& config);
// At most a tenth of the silence that is looked for: what comes between two looks counts as one message, and a channel
// may be silent for ten of its intervals.
core::Duration look_interval(const config::ConnectionConfig& config);
core::FailoverSettings failover_settings(const config::ConnectionConfig& config, std::size_t preferred);
core::RotationSettings rotation_settings(const config::ConnectionConfig& config);
core::SequenceRule sequence_rule(const config::ConnectionConfig& config);
core::RepairSettings repair_settings(const config::ConnectionConfig& config);

v1::ConnectionEvent to_event(const std::string& connection, const core::action::Announce& change,
                             const SessionFacts& facts, core::Duration reconnect_latency);

inline v1::ConnectionState to_proto(core::ConnectionState state) {
    return static_cast<v1::ConnectionState>(static_cast<int>(state) + 1);
}
inline v1::SubscriptionState to_proto(core::SubscriptionState state) {
    return static_cast<v1::SubscriptionState>(static_cast<int>(state) + 1);
}
inline std::uint64_t to_ns(core::WallTime time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}
inline std::uint64_t to_ms(core::Duration duration) {
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(duration).count());
}

}  // namespace fairlead::relay
