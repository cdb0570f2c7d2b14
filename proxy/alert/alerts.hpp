// From the edges of connections to alerts: what core's rules raise is remembered, and told on every channel that is on
// and whose level it reaches: `stream` (ALERT on alert/<connection>/), `log`, and `webhook` where there is one. The end
// of what stood is told by the log and the webhook.
#pragma once

#include "alert/history.hpp"
#include "alert/record.hpp"
#include "alert/webhook.hpp"
#include "config/config.hpp"
#include "core/alert_rules.hpp"
#include "fairlead/v1/control.pb.h"
#include "publish/publisher.hpp"
#include "seam/alert_sink.hpp"
#include "seam/log.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::alert {

// What a change of a channel comes to.
enum class ChannelChange { Done, Unknown, NotConfigured };

// All of it outlives the alerts.
struct Services {
    publish::Publisher& publisher;
    seam::Log& log;
    WebhookServices webhook;
};

// Relay thread only.
class Alerts final : public seam::AlertSink {
public:
    // `instance` tells a webhook which sidecar speaks.
    Alerts(const Services& services, std::string instance, const config::AlertsConfig& config);

    void on_edge(const std::string& connection, const core::AlertInput& input) override;

    // What was changed by set_channel() is as configured again.
    void configure(const config::AlertsConfig& config);
    // Holds until configure().
    ChannelChange set_channel(const v1::SetAlertChannel& command);

    // Of the history those that match, the oldest first, and how many there were.
    void describe(v1::Alerts& alerts, const v1::ListAlerts& query = {}) const { history_.select(query, alerts); }
    // In the order of their names; a webhook only where one is set.
    void describe(v1::AlertChannels& channels) const;
    std::uint64_t raised() const { return history_.raised(); }

    static constexpr std::size_t kMaxTextBytes = 500;

private:
    struct Channel {
        bool enabled = true;
        core::AlertLevel level = core::AlertLevel::Info;
        std::uint64_t delivered = 0;

        bool takes(const Record& record) const { return enabled && record.level >= level; }
    };

    void raise(const std::string& connection, const core::AlertAction& action);
    void resolve(const std::string& connection, core::AlertType type, const std::string& subject);
    void deliver(const Record& record);
    void to_stream(const Record& record);
    void to_log(const Record& record);

    const Services services_;
    const std::string instance_;
    History history_;
    std::map<std::string, core::AlertRules> rules_;         // by connection
    std::map<std::string, Channel, std::less<>> channels_;  // by name
    std::optional<Webhook> webhook_;
};

}  // namespace fairlead::alert
