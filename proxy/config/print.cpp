// A Config as TOML, every key of every section in a fixed order.
#include "config/load.hpp"
#include "config/units.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::config {
namespace {

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

std::string escaped(char c) {
    if (c == '"' || c == '\\') return {'\\', c};
    if (c == '\n') return "\\n";
    if (c == '\t') return "\\t";
    if (is_control(c)) return fmt::format("\\u{:04X}", static_cast<unsigned char>(c));
    return {c};
}

std::string quoted(std::string_view text) {
    const bool needs_escapes = text.find_first_of("\"\\") != std::string_view::npos;
    const bool fits_literal =
        text.find('\'') == std::string_view::npos && std::none_of(text.begin(), text.end(), is_control);
    if (needs_escapes && fits_literal) return fmt::format("'{}'", text);  // JSON stays readable
    std::string result = "\"";
    for (const char c : text)
        result += escaped(c);
    return result + "\"";
}

std::string quoted_list(const std::vector<std::string>& texts) {
    std::string result;
    for (const std::string& text : texts)
        result += (result.empty() ? "" : ", ") + quoted(text);
    return "[" + result + "]";
}

std::string quoted_list(const std::vector<SecretText>& texts) {
    std::vector<std::string> written;
    written.reserve(texts.size());
    for (const SecretText& text : texts)
        written.push_back(text.written());
    return quoted_list(written);
}

std::string key_text(const std::string& key) {
    const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
    });
    return bare ? key : quoted(key);
}

// User and password of a URL, what ${…} stands for left out.
std::string literal_credentials(const SecretText& url) {
    const std::string literal = url.with_placeholder("");
    const std::size_t scheme_end = literal.find("://");
    if (scheme_end == std::string::npos) return "";
    const std::string rest = literal.substr(scheme_end + 3);
    const std::string authority = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t at = authority.rfind('@');
    return at == std::string::npos ? "" : authority.substr(0, at);
}

// The URL as written if its password is a ${…} or there is none.
std::string without_literal_password(const SecretText& url) {
    const std::string credentials = literal_credentials(url);
    const bool harmless = credentials.empty() || credentials.ends_with(':');
    return harmless ? url.written() : url.display();
}

std::string quoted_urls(const std::vector<SecretText>& urls) {
    std::vector<std::string> shown;
    shown.reserve(urls.size());
    for (const SecretText& url : urls)
        shown.push_back(without_literal_password(url));
    return quoted_list(shown);
}

std::string number(double value) {
    const std::string text = fmt::format("{}", value);
    return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string_view name(SlowConsumer value) {
    return value == SlowConsumer::Drop ? "drop" : "disconnect";
}

std::string_view name(LogFormat value) {
    return value == LogFormat::Text ? "text" : "json";
}

std::string_view name(EndpointOrder value) {
    return value == EndpointOrder::Priority ? "priority" : "round_robin";
}

std::string_view name(RepairMode value) {
    switch (value) {
        case RepairMode::None:
            return "none";
        case RepairMode::Resubscribe:
            return "resubscribe";
        case RepairMode::Rotate:
            return "rotate";
    }
    return "";
}

std::string_view name(AlertLevel value) {
    switch (value) {
        case AlertLevel::Info:
            return "info";
        case AlertLevel::Warning:
            return "warning";
        case AlertLevel::Critical:
            return "critical";
    }
    return "";
}

class Printer {
public:
    void section(std::string_view header) { text_ += fmt::format("{}[{}]\n", text_.empty() ? "" : "\n", header); }
    void line(std::string_view key, std::string_view value) { text_ += fmt::format("{} = {}\n", key, value); }
    void line(std::string_view key, bool value) { line(key, std::string_view(value ? "true" : "false")); }
    void line(std::string_view key, std::uint64_t value) { line(key, std::to_string(value)); }
    void line(std::string_view key, core::Duration value) { line(key, quoted(format_duration(value))); }
    std::string take() { return std::move(text_); }

private:
    std::string text_;
};

void print_network(Printer& out, const std::string& prefix, const NetworkConfig& network) {
    const auto key = [&](std::string_view name) { return prefix + std::string(name); };
    out.line(key("max_retries"), std::uint64_t{network.max_retries});
    out.line(key("initial_delay"), network.initial_delay);
    out.line(key("max_delay"), network.max_delay);
    out.line(key("backoff_multiplier"), number(network.backoff_multiplier));
    out.line(key("jitter_factor"), number(network.jitter_factor));
    out.line(key("health_check_interval"), network.health_check_interval);
    out.line(key("connection_timeout"), network.connection_timeout);
    out.line(key("ping_interval"), network.ping_interval);
    out.line(key("pong_timeout"), network.pong_timeout);
    out.line(key("max_consecutive_failures"), std::uint64_t{network.max_consecutive_failures});
    out.line(key("alert_threshold"), std::uint64_t{network.alert_threshold});
    out.line(key("stable_after"), network.stable_after);
    out.line(key("failed_retry_interval"), network.failed_retry_interval);
}

void print_local_sockets(Printer& out, const Config& config) {
    out.section("stream");
    out.line("endpoint", quoted_list(config.stream.endpoints));
    out.line("high_water_mark", static_cast<std::uint64_t>(config.stream.high_water_mark));
    out.line("heartbeat_interval", config.stream.heartbeat_interval);
    out.line("slow_consumer", quoted(name(config.stream.slow_consumer)));
    out.line("socket_mode", quoted(fmt::format("{:04o}", config.stream.socket_mode)));
    out.section("control");
    out.line("endpoint", quoted(config.control.endpoint));
    out.section("http");
    out.line("listen", quoted(config.http.listen));
    out.line("token_file", quoted(config.http.token_file));
}

void print_alerts(Printer& out, const AlertsConfig& alerts) {
    out.section("alerts");
    out.line("history", std::uint64_t{alerts.history});
    for (const auto& [channel_name, channel] : alerts.channels) {
        out.section("alerts.channels." + key_text(channel_name));
        out.line("level", quoted(name(channel.level)));
        out.line("enabled", channel.enabled);
        if (channel_name != "webhook") continue;
        out.line("url", quoted(without_literal_password(channel.url)));
        out.line("format", quoted(channel.format == WebhookFormat::Json ? "json" : "alertmanager"));
        out.line("queue", std::uint64_t{channel.queue});
        out.line("ca_file", quoted(channel.ca_file));
    }
}

// A literal in a header whose name sounds like a credential is taken for one.
std::string shown(const std::string& header, const SecretText& value) {
    std::string name = header;
    for (char& c : name)
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const auto* part : {"auth", "cookie", "key", "pass", "secret", "sign", "token"})
        if (name.find(part) != std::string::npos && !value.has_secret()) return "***";
    return value.written();
}

// A credential that is written out is a secret, whatever its name is.
std::string shown_credential(const SecretText& value) {
    return value.has_secret() ? value.written() : "***";
}

// What has no meaning without its neighbour is left out where that is not set.
void print_continuity(Printer& out, const ConnectionConfig& connection) {
    out.line("dedupe", quoted_list(connection.dedupe));
    out.line("dedupe_window", connection.dedupe_window);
    out.line("rotation.max_age", connection.rotation.max_age);
    out.line("rotation.jitter_factor", number(connection.rotation.jitter_factor));
    if (connection.rotation.preferred_hour)
        out.line("rotation.preferred_hour", std::uint64_t{*connection.rotation.preferred_hour});
    out.line("rotation.overlap", connection.rotation.overlap);
    out.line("drain.field", quoted(connection.drain.field));
    out.line("drain.value", quoted(connection.drain.value));
    out.line("sequence.field", quoted(connection.sequence.field));
    if (connection.sequence.field.empty()) return;
    out.line("sequence.previous", quoted(connection.sequence.previous));
    out.line("sequence.first", quoted(connection.sequence.first));
    out.line("sequence.step", std::uint64_t{connection.sequence.step});
    out.line("sequence.repair", quoted(name(connection.sequence.repair)));
}

void print_connection(Printer& out, const ConnectionConfig& connection) {
    out.section("connections." + key_text(connection.id));
    out.line("profile", quoted(connection.profile));
    for (const auto& [key, value] : connection.credentials)
        out.line("credentials." + key_text(key), quoted(shown_credential(value)));
    if (connection.urls.size() == 1) {
        out.line("url", quoted(without_literal_password(connection.urls.front())));
    } else {
        out.line("urls", quoted_urls(connection.urls));
    }
    out.line("endpoints", quoted(name(connection.endpoints)));
    out.line("fail_back_after", connection.fail_back_after);
    out.line("subscriptions", quoted_list(connection.subscriptions));
    out.line("channel", quoted_list(connection.channel));
    for (const auto& [header, value] : connection.headers) {
        out.line("headers." + key_text(header), quoted(shown(header, value)));
    }
    out.line("subprotocol", quoted(connection.subprotocol));
    out.line("on_demand", connection.on_demand);
    out.line("on_demand_linger", connection.on_demand_linger);
    out.line("legs", std::uint64_t{connection.legs});
    out.line("topics_per_socket", std::uint64_t{connection.topics_per_socket});
    print_continuity(out, connection);
    out.line("last_value", connection.last_value);
    out.line("stale_after", connection.stale_after);
    out.line("channel_stale_after", connection.channel_stale_after);
    out.line("max_message_bytes", quoted(format_size(connection.max_message_bytes)));
    out.line("max_topics", std::uint64_t{connection.max_topics});
    out.line("transport", quoted(connection.transport));
    out.line("compression", connection.compression);
    out.line("tls.ca_file", quoted(connection.tls.ca_file));
    out.line("tls.cert_file", quoted(connection.tls.cert_file));
    out.line("tls.key_file", quoted(connection.tls.key_file));
    out.line("tls.server_name", quoted(connection.tls.server_name));
    out.line("proxy", quoted(without_literal_password(connection.proxy)));
    print_network(out, "network.", connection.network);
}

}  // namespace

std::string to_toml(const Config& config) {
    Printer out;
    print_local_sockets(out, config);
    out.section("journal");
    out.line("messages_per_topic", config.journal.messages_per_topic);
    out.line("max_bytes", quoted(format_size(config.journal.max_bytes)));
    out.section("network");
    print_network(out, "", config.network);
    out.line("budget_dir", quoted(config.network.budget_dir));
    print_alerts(out, config.alerts);
    out.section("log");
    out.line("level", quoted(config.log.level));
    out.line("format", quoted(name(config.log.format)));
    out.section("reload");
    out.line("watch", config.reload.watch);
    out.section("profiles");
    out.line("dir", quoted(config.profiles.dir));
    for (const auto& [id, connection] : config.connections)
        print_connection(out, connection);
    return out.take();
}

}  // namespace fairlead::config
