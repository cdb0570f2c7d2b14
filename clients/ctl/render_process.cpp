#include "render_process.hpp"

#include "text.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

namespace fairlead::ctl {
namespace {

constexpr std::size_t kShownBytes = 300;

std::string shown(const std::string& text) {
    return or_dash(printable(text, false, kShownBytes));
}

std::string kinds_text(const v1::Status& status) {
    std::string text;
    const std::map<std::string, std::uint64_t> sorted(status.published_by_kind().begin(),
                                                      status.published_by_kind().end());
    for (const auto& [kind, count] : sorted)
        text += fmt::format("{}{} {}", text.empty() ? ": " : ", ", count, kind);
    return text;
}

}  // namespace

std::string reload_outcome(const v1::ReloadOutcome& outcome) {
    if (outcome.time_ns() == 0) return "none";
    return fmt::format("{} at {}: {} ({} done, {} failed)", outcome.ok() ? "done" : "FAILED",
                       date_time(outcome.time_ns()), shown(outcome.detail()), outcome.succeeded(), outcome.failed());
}

std::string status_text(const v1::Status& status) {
    return table({
        {"version", status.version()},
        {"instance", status.instance()},
        {"epoch", std::to_string(status.epoch())},
        {"up for", duration_ms(status.uptime_ms()) + (status.draining() ? ", ending" : "")},
        {"connections",
         fmt::format("{}, {} connected, {} failed", status.connections(), status.connected(), status.failed())},
        {"messages", fmt::format("{} ({} bytes) from venues", status.messages(), status.bytes())},
        {"published", fmt::format("{} on {} topics{}", status.published(), status.topics(), kinds_text(status))},
        {"consumers",
         fmt::format("{} connected, {} in all, {} filters, {} times too slow", status.consumers(),
                     status.consumers_opened(), status.consumer_filters(), status.slow_consumer_episodes())},
        {"journal", fmt::format("{} messages ({} bytes), {} had to go for want of room", status.journal_messages(),
                                status.journal_bytes(), status.journal_evicted())},
        {"replays", fmt::format("{}, {} under way, {} refused, {} abandoned", status.replays(), status.replays_active(),
                                status.replays_refused(), status.replays_abandoned())},
        {"gaps", std::to_string(status.gaps())},
        {"control", fmt::format("{} requests, {} refused", status.control_requests(), status.control_refused())},
        {"loop",
         fmt::format("{} stalls, the longest turn took {}us", status.loop_stalls(), status.loop_longest_turn_us())},
        {"configuration", "loaded at " + date_time(status.config_loaded_ns())},
        {"last reload", reload_outcome(status.last_reload())},
    });
}

std::string consumers_text(const v1::Consumers& consumers) {
    std::vector<std::vector<std::string>> rows = {{"PEER", "ENDPOINT", "SINCE", "UNTIL", "REASON"}};
    for (const v1::Consumer& consumer : consumers.consumers()) {
        rows.push_back({shown(consumer.peer()), shown(consumer.endpoint()), date_time(consumer.since_ns()),
                        date_time(consumer.until_ns()), shown(consumer.reason())});
    }
    std::string text = rows.size() == 1 ? "no consumers\n" : table(rows);
    if (consumers.forgotten() != 0)
        text += fmt::format("# {} in all; {} older ones are forgotten\n", consumers.opened(), consumers.forgotten());
    return text;
}

std::string alerts_text(const v1::Alerts& alerts) {
    std::vector<std::vector<std::string>> rows = {{"NUMBER", "TIME", "LEVEL", "CONNECTION", "TYPE", "OVER AT", "TEXT"}};
    for (const v1::AlertRecord& record : alerts.alerts()) {
        const v1::Alert& alert = record.alert();
        rows.push_back({std::to_string(record.number()), date_time(alert.time_ns()), alert_level(alert.level()),
                        shown(alert.connection()), shown(alert.type()),
                        record.resolved() ? date_time(record.resolved_ns()) : "-", shown(alert.text())});
    }
    std::string text = rows.size() == 1 ? "no alerts\n" : table(rows);
    if (alerts.forgotten() != 0)
        text += fmt::format("# {} in all; {} older ones are forgotten\n", alerts.raised(), alerts.forgotten());
    return text;
}

std::string alert_channels_text(const v1::AlertChannels& channels) {
    std::vector<std::vector<std::string>> rows = {
        {"CHANNEL", "ON", "LEVEL", "DELIVERED", "FAILED", "DROPPED", "QUEUED", "LAST ERROR"}};
    for (const v1::AlertChannel& channel : channels.channels()) {
        rows.push_back({shown(channel.channel()), channel.enabled() ? "yes" : "no", alert_level(channel.level()),
                        std::to_string(channel.delivered()), std::to_string(channel.failed()),
                        std::to_string(channel.dropped()),
                        channel.capacity() == 0 ? "-" : fmt::format("{}/{}", channel.queued(), channel.capacity()),
                        shown(channel.last_error())});
    }
    return rows.size() == 1 ? "no channels\n" : table(rows);
}

std::string config_text(const v1::ConfigResult& config) {
    return fmt::format("# {}, loaded at {}\n# SHA-256 {}\n# last reload: {}\n{}",
                       config.file().empty() ? "from no file" : printable(config.file(), false, kShownBytes),
                       date_time(config.loaded_ns()), config.digest(), reload_outcome(config.last_reload()),
                       config.toml());
}

}  // namespace fairlead::ctl
