// Commands that concern alerts.
#include "control/service.hpp"

#include <fmt/format.h>

namespace fairlead::control {
namespace {

constexpr const char* kNoAlerts = "this sidecar keeps no alerts";

}  // namespace

relay::Outcome Service::execute(const v1::ListAlerts& command, v1::Reply& reply) {
    if (!alerts_) return {v1::CODE_UNAVAILABLE, kNoAlerts};
    alerts_->describe(*reply.mutable_alerts(), command);
    // A connection that was removed may have left some.
    const bool is_known = command.connection().empty() || supervisor_.find(command.connection());
    if (is_known || reply.alerts().alerts_size() > 0) return {};
    return {v1::CODE_NOT_FOUND, fmt::format("no connection `{}`", command.connection())};
}

relay::Outcome Service::execute(const v1::ListAlertChannels& /*command*/, v1::Reply& reply) {
    if (!alerts_) return {v1::CODE_UNAVAILABLE, kNoAlerts};
    alerts_->describe(*reply.mutable_alert_channels());
    return {};
}

// Answered with the channels as they are now.
relay::Outcome Service::execute(const v1::SetAlertChannel& command, v1::Reply& reply) {
    if (!alerts_) return {v1::CODE_UNAVAILABLE, kNoAlerts};
    if (!v1::AlertLevel_IsValid(command.level())) return {v1::CODE_INVALID, "the level is info, warning or critical"};
    if (!command.has_enabled() && command.level() == v1::ALERT_LEVEL_UNSPECIFIED)
        return {v1::CODE_INVALID, "nothing to change: name a level, or whether the channel is enabled"};
    switch (alerts_->set_channel(command)) {
        case alert::ChannelChange::Unknown:
            return {v1::CODE_NOT_FOUND,
                    fmt::format("no channel `{}`: there are stream, log and webhook", command.channel())};
        case alert::ChannelChange::NotConfigured:
            return {v1::CODE_NOT_FOUND, "there is no webhook: [alerts.channels.webhook] sets one"};
        case alert::ChannelChange::Done:
            break;
    }
    alerts_->describe(*reply.mutable_alert_channels());
    return {v1::CODE_OK, "holds until the configuration is loaded again"};
}

}  // namespace fairlead::control
