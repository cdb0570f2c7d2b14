#include "config/sections.hpp"

#include "config/checks.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace fairlead::config {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kMaxCount = 1'000'000;
constexpr core::Duration kDay = 24h;

void read_socket_mode(TableReader& table, unsigned& target) {
    std::string text;
    table.text("socket_mode", text);
    if (!table.valid("socket_mode")) return;
    unsigned mode = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
    const bool octal = error == std::errc{} && end == text.data() + text.size() && text.size() >= 3 && text.size() <= 4;
    if (!octal || mode > 0777) return table.problem("socket_mode", "must be three octal digits, as in \"0660\"");
    if ((mode & 0600) != 0600) return table.problem("socket_mode", "the owner must be able to read and write: 06xx");
    target = mode;
}

void read_alert_channel(TableReader& table, AlertChannelConfig& channel, bool is_webhook) {
    table.choice("level", channel.level,
                 TableReader::Names<AlertLevel>{
                     {"info", AlertLevel::Info}, {"warning", AlertLevel::Warning}, {"critical", AlertLevel::Critical}});
    table.flag("enabled", channel.enabled);
    if (is_webhook) {
        table.secret("url", channel.url);
        table.check("url", check_webhook_url(channel.url));
        if (!table.has("url")) table.problem("url", "a webhook needs its url");
        table.choice("format", channel.format,
                     TableReader::Names<WebhookFormat>{{"json", WebhookFormat::Json},
                                                       {"alertmanager", WebhookFormat::Alertmanager}});
        table.integer("queue", channel.queue, 1U, kMaxCount);
        table.text("ca_file", channel.ca_file);
    }
    table.finish();
}

// This table sets one of the two, and what it sets is readable.
bool comparable(const TableReader& table, std::string_view a, std::string_view b) {
    return (table.has(a) || table.has(b)) && table.usable(a) && table.usable(b);
}

void check_combinations(TableReader& table, const NetworkConfig& network) {
    if (comparable(table, "initial_delay", "max_delay") && network.initial_delay > network.max_delay) {
        table.problem(table.has("initial_delay") ? "initial_delay" : "max_delay",
                      "initial_delay must not be greater than max_delay");
    }
    const bool pings = network.ping_interval.count() > 0;
    if (comparable(table, "ping_interval", "pong_timeout") && pings && network.pong_timeout > network.ping_interval) {
        table.problem(table.has("pong_timeout") ? "pong_timeout" : "ping_interval",
                      "pong_timeout must not be greater than ping_interval: one ping is outstanding at a time");
    }
}

void read_network_settings(TableReader& table, NetworkConfig& network) {
    using Zero = TableReader::Zero;
    table.integer("max_retries", network.max_retries, 0U, kMaxCount);
    table.duration("initial_delay", network.initial_delay, 1ms, kDay);
    table.duration("max_delay", network.max_delay, 1ms, kDay);
    table.number("backoff_multiplier", network.backoff_multiplier, 1.0, 100.0);
    table.number("jitter_factor", network.jitter_factor, 0.0, 1.0);
    table.duration("health_check_interval", network.health_check_interval, 1ms, kDay);
    table.duration("connection_timeout", network.connection_timeout, 1ms, 1h);
    table.duration("ping_interval", network.ping_interval, 1ms, kDay, Zero::Allowed);
    table.duration("pong_timeout", network.pong_timeout, 1ms, kDay);
    table.integer("max_consecutive_failures", network.max_consecutive_failures, 1U, kMaxCount);
    table.integer("alert_threshold", network.alert_threshold, 1U, kMaxCount);
    table.duration("stable_after", network.stable_after, 1ms, kDay, Zero::Allowed);
    table.duration("failed_retry_interval", network.failed_retry_interval, 1ms, kDay, Zero::Allowed);
    check_combinations(table, network);
}

}  // namespace

void read_stream(TableReader& table, StreamConfig& stream) {
    table.texts("endpoint", stream.endpoints, TableReader::ListForm::StringOrList, check_endpoint);
    if (stream.endpoints.empty()) table.problem("endpoint", "the list is empty; leave the key out for the default");
    table.integer("high_water_mark", stream.high_water_mark, 0, std::numeric_limits<int>::max());
    table.duration("heartbeat_interval", stream.heartbeat_interval, 100ms, 30s);
    table.choice(
        "slow_consumer", stream.slow_consumer,
        TableReader::Names<SlowConsumer>{{"drop", SlowConsumer::Drop}, {"disconnect", SlowConsumer::Disconnect}});
    read_socket_mode(table, stream.socket_mode);
    table.finish();
}

void read_control(TableReader& table, ControlConfig& control) {
    table.text("endpoint", control.endpoint);
    table.check("endpoint", check_endpoint(control.endpoint));
    table.finish();
}

void read_http(TableReader& table, HttpConfig& http) {
    table.text("listen", http.listen);
    http.written = true;
    if (!http.listen.empty()) table.check("listen", check_listen(http.listen));
    table.text("token_file", http.token_file);
    const bool is_open = !http.listen.empty() && !is_loopback(http.listen);
    if (is_open && table.valid("listen") && http.token_file.empty())
        table.problem("listen", "is outside loopback: set token_file, whose content changes then need");
    table.finish();
}

void read_journal(TableReader& table, JournalConfig& journal) {
    table.integer<std::uint64_t>("messages_per_topic", journal.messages_per_topic, 0, 10'000'000);
    table.size("max_bytes", journal.max_bytes, 0, std::uint64_t{1} << 40);
    table.finish();
}

void read_alerts(TableReader& table, AlertsConfig& alerts) {
    table.integer("history", alerts.history, 0U, kMaxCount);
    if (auto channels = table.table("channels")) {
        for (const std::string name : {"stream", "log", "webhook"}) {
            auto channel = channels->table(name);
            if (channel) read_alert_channel(*channel, alerts.channels[name], name == "webhook");
        }
        channels->finish();
    }
    table.finish();
}

void read_log(TableReader& table, LogConfig& log) {
    table.choice("level", log.level,
                 TableReader::Names<std::string>{
                     {"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
    table.choice("format", log.format,
                 TableReader::Names<LogFormat>{{"text", LogFormat::Text}, {"json", LogFormat::Json}});
    table.finish();
}

void read_reload(TableReader& table, ReloadConfig& reload) {
    table.flag("watch", reload.watch);
    table.finish();
}

void read_profiles(TableReader& table, ProfilesConfig& profiles) {
    table.text("dir", profiles.dir);
    table.finish();
}

void read_network(TableReader& table, NetworkConfig& network) {
    read_network_settings(table, network);
    table.text("budget_dir", network.budget_dir);
    if (!network.budget_dir.empty() && !network.budget_dir.starts_with('/')) {
        table.check("budget_dir", "must be the absolute path of a directory that the sidecars share");
    }
    table.finish();
}

void read_network_of_connection(TableReader& table, NetworkConfig& network) {
    read_network_settings(table, network);
    std::string budget_dir;
    table.text("budget_dir", budget_dir);
    table.check("budget_dir", "is one for the whole sidecar: write it into [network]");
    table.finish();
}

}  // namespace fairlead::config
