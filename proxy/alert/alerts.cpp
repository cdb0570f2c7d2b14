#include "alert/alerts.hpp"

#include "alert/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace fairlead::alert {
namespace {

constexpr std::string_view kLog = "log";
constexpr std::string_view kWebhook = "webhook";

// Cut between characters.
std::string bounded(std::string text) {
    if (text.size() <= Alerts::kMaxTextBytes) return text;
    auto end = Alerts::kMaxTextBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80)
        --end;
    text.resize(end);
    return text;
}

seam::LogLevel log_level(const Record& record) {
    if (record.resolved && !record.is_event) return seam::LogLevel::Info;
    switch (record.level) {
        case core::AlertLevel::Info:
            return seam::LogLevel::Info;
        case core::AlertLevel::Warning:
            return seam::LogLevel::Warning;
        case core::AlertLevel::Critical:
            return seam::LogLevel::Error;
    }
    return seam::LogLevel::Info;
}

}  // namespace

Alerts::Alerts(const Services& services, std::string instance, const config::AlertsConfig& config)
    : services_(services), instance_(std::move(instance)), history_(config.history) {
    configure(config);
}

void Alerts::configure(const config::AlertsConfig& config) {
    history_.resize(config.history);
    for (const auto& [name, channel] : config.channels) {
        Channel& target = channels_[name];
        target.enabled = channel.enabled;
        target.level = channel.level;
    }
    const auto found = config.channels.find(std::string(kWebhook));
    if (found == config.channels.end()) {
        webhook_.reset();
        channels_.erase(std::string(kWebhook));
    } else if (webhook_) {
        webhook_->configure(found->second);
    } else {
        webhook_.emplace(services_.webhook, instance_, found->second, [this] {
            auto standing = history_.standing();
            std::erase_if(standing,
                          [this](const Record& record) { return !channels_.find(kWebhook)->second.takes(record); });
            return standing;
        });
    }
}

ChannelChange Alerts::set_channel(const v1::SetAlertChannel& command) {
    const auto found = channels_.find(command.channel());
    if (found == channels_.end())
        return command.channel() == kWebhook ? ChannelChange::NotConfigured : ChannelChange::Unknown;
    if (command.has_enabled()) found->second.enabled = command.enabled();
    if (command.level() != v1::ALERT_LEVEL_UNSPECIFIED)
        found->second.level = static_cast<core::AlertLevel>(static_cast<int>(command.level()) - 1);
    return ChannelChange::Done;
}

void Alerts::on_edge(const std::string& connection, const core::AlertInput& input) {
    const auto now = services_.webhook.clock.now();
    for (const auto& action : rules_[connection].step(input, now)) {
        if (action.what == core::AlertAction::What::Resolve)
            resolve(connection, action.type, action.subject);
        else
            raise(connection, action);
    }
    if (input.edge == core::AlertEdge::Closed) rules_.erase(connection);
}

// What stands of the same type and subject, at a lesser level, gives way.
void Alerts::raise(const std::string& connection, const core::AlertAction& action) {
    resolve(connection, action.type, action.subject);
    const auto now = services_.webhook.clock.wall();
    const bool is_event = action.what == core::AlertAction::What::Event;
    deliver(history_.add({.type = action.type,
                          .level = action.level,
                          .connection = connection,
                          .subject = action.subject,
                          .text = bounded(action.text),
                          .raised = now,
                          .resolved = is_event ? std::optional(now) : std::nullopt,
                          .is_event = is_event}));
}

void Alerts::resolve(const std::string& connection, core::AlertType type, const std::string& subject) {
    const Record* record = history_.resolve(connection, type, subject, services_.webhook.clock.wall());
    if (record) deliver(*record);
}

void Alerts::deliver(const Record& record) {
    for (auto& [name, channel] : channels_) {
        if (!channel.takes(record)) continue;
        if (name == kWebhook) {
            webhook_->push(record);
        } else if (name == kLog) {
            to_log(record);
            ++channel.delivered;
        } else if (!record.resolved || record.is_event) {
            to_stream(record);
            ++channel.delivered;
        }
    }
}

void Alerts::to_stream(const Record& record) {
    v1::Alert alert;
    to_proto(record, alert);
    services_.publisher.alert(alert);
}

void Alerts::to_log(const Record& record) {
    const bool is_end = record.resolved && !record.is_event;
    services_.log.write(log_level(record), record.connection, is_end ? "alert_resolved" : "alert",
                        {{"type", core::to_string(record.type)},
                         {"alert_level", core::to_string(record.level)},
                         {"number", fmt::to_string(record.number)},
                         {"text", record.text}});
}

void Alerts::describe(v1::AlertChannels& channels) const {
    for (const auto& [name, channel] : channels_) {
        auto& entry = *channels.add_channels();
        entry.set_channel(name);
        entry.set_enabled(channel.enabled);
        entry.set_level(to_proto(channel.level));
        entry.set_delivered(channel.delivered);
        if (name != kWebhook) continue;
        entry.set_delivered(webhook_->counters().delivered);
        entry.set_failed(webhook_->counters().failed);
        entry.set_dropped(webhook_->counters().dropped);
        entry.set_queued(static_cast<std::uint32_t>(webhook_->queued()));
        entry.set_capacity(static_cast<std::uint32_t>(webhook_->capacity()));
        entry.set_last_error(webhook_->last_error());
    }
}

}  // namespace fairlead::alert
