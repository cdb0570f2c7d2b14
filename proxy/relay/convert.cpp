#include "relay/convert.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace fairlead::relay {
namespace {

// A venue counts what arrives: two that left a little more than the time apart may arrive a little less apart.
constexpr core::Duration kPongMargin = std::chrono::milliseconds{100};

core::BackoffSettings backoff_settings(const config::NetworkConfig& network) {
    return {.initial_delay = network.initial_delay,
            .max_delay = network.max_delay,
            .multiplier = network.backoff_multiplier,
            .jitter_factor = network.jitter_factor};
}

}  // namespace

core::SessionSettings session_settings(const config::ConnectionConfig& config) {
    const config::NetworkConfig& network = config.network;
    return {.backoff = backoff_settings(network),
            .max_retries = network.max_retries,
            .connection_timeout = network.connection_timeout,
            .ping_interval = network.ping_interval,
            .pong_timeout = network.pong_timeout,
            .stale_after = config.stale_after,
            .stable_after = network.stable_after,
            .failed_retry_interval = network.failed_retry_interval};
}

core::FlowSettings flow_settings(const config::Profile& venue, std::uint64_t overhead_bytes) {
    const auto rate = [](const config::RateConfig& limit) { return core::Rate{limit.count, limit.per}; };
    const config::SubscribeConfig& texts = venue.subscribe;
    core::FlowSettings settings{.topics_per_message = texts.topics_per_message,
                                .bytes_per_message = texts.bytes_per_message,
                                .overhead_bytes = overhead_bytes,
                                .acknowledged = texts.acknowledged,
                                .in_flight = texts.in_flight,
                                .ack_timeout = texts.ack_timeout,
                                .can_unsubscribe = !texts.unsubscribe.empty(),
                                .quarantine = {},
                                .messages = rate(venue.limits.messages),
                                .requests = rate(venue.limits.requests)};
    // Room for a pong, of which there is at most one in that time (pong_interval), and for a ping of ours.
    if (venue.limits.pings_count && settings.messages.count > 1)
        settings.messages.count -= std::min(settings.messages.count - 1, 2U);
    return settings;
}

core::VenueHeartbeatSettings heartbeat_settings(const config::Profile& venue) {
    const config::HeartbeatConfig& heartbeat = venue.heartbeat;
    const bool has_own = !heartbeat.text.empty();
    return {.interval = has_own ? heartbeat.interval : core::Duration{0},
            .timeout = has_own ? heartbeat.timeout : core::Duration{0},
            .silence = heartbeat.silence};
}

// A silent channel is subscribed again, then its socket is rotated.
core::LivenessSettings liveness_settings(const config::ConnectionConfig& config) {
    return {.stale_after = config.channel_stale_after, .repair = {.highest = core::RepairStep::Rotate}};
}

core::Duration look_interval(const config::ConnectionConfig& config) {
    return std::min(config.network.health_check_interval,
                    config.channel_stale_after / core::TopicLiveness::kTypicalFactor);
}

core::FailoverSettings failover_settings(const config::ConnectionConfig& config, std::size_t preferred) {
    return {.endpoints = config.urls.size(),
            .order = config.endpoints == config::EndpointOrder::Priority ? core::EndpointOrder::Priority
                                                                         : core::EndpointOrder::RoundRobin,
            .max_consecutive_failures = config.network.max_consecutive_failures,
            .fail_back_after = config.fail_back_after,
            .preferred = preferred % config.urls.size()};
}

core::RotationSettings rotation_settings(const config::ConnectionConfig& config) {
    return {.max_age = config.rotation.max_age,
            .jitter_factor = config.rotation.jitter_factor,
            .preferred_hour = config.rotation.preferred_hour,
            .overlap = config.rotation.overlap,
            .open_timeout = config.network.connection_timeout,
            .retry = backoff_settings(config.network)};
}

core::SequenceRule sequence_rule(const config::ConnectionConfig& config) {
    return {.step = config.sequence.step, .may_overlap = !config.sequence.first.empty()};
}

core::RepairSettings repair_settings(const config::ConnectionConfig& config) {
    switch (config.sequence.repair) {
        case config::RepairMode::None:
            return {.highest = core::RepairStep::Tell};
        case config::RepairMode::Resubscribe:
            return {.highest = core::RepairStep::Resubscribe};
        case config::RepairMode::Rotate:
            break;
    }
    return {.highest = core::RepairStep::Rotate};
}

std::variant<seam::ConnectRequest, std::string> make_connect_request(const config::ConnectionConfig& config,
                                                                     std::size_t url_index) {
    std::string problem;
    const auto resolve = [&problem](const char* what, const config::SecretText& text) {
        auto resolved = text.resolve();
        if (auto* failed = std::get_if<config::SecretText::Unresolved>(&resolved)) {
            if (problem.empty()) problem = fmt::format("{}: {}", what, failed->problem);
            return std::string();
        }
        return std::get<std::string>(std::move(resolved));
    };
    seam::ConnectRequest request;
    const config::SecretText& url = config.urls[std::min(url_index, config.urls.size() - 1)];
    request.url = resolve("url", url);
    const auto& written = url.written();
    const auto authority = written.substr(0, written.find('/', written.find("://") + 3));
    if (config::SecretText(authority).has_secret()) request.shown_host = "the host of the url";
    request.proxy = resolve("proxy", config.proxy);
    for (const auto& [name, value] : config.headers)
        request.headers.emplace_back(name, resolve("headers", value));
    request.subprotocol = config.subprotocol;
    request.ca_file = config.tls.ca_file;
    request.cert_file = config.tls.cert_file;
    request.key_file = config.tls.key_file;
    request.server_name = config.tls.server_name;
    request.timeout = config.network.connection_timeout;
    request.max_message_bytes = config.max_message_bytes;
    request.protocol = config.transport == "native" ? seam::Protocol::Native : seam::Protocol::Lws;
    request.compression = config.compression;
    if (config.venue.limits.pings_count)
        request.pong_interval =
            std::max<core::Duration>(config.venue.limits.messages.per, std::chrono::seconds{1}) + kPongMargin;
    if (!problem.empty()) return problem;
    return request;
}

v1::ConnectionEvent to_event(const std::string& connection, const core::action::Announce& change,
                             const SessionFacts& facts, core::Duration reconnect_latency) {
    v1::ConnectionEvent event;
    event.set_connection(connection);
    event.set_state(to_proto(change.state));
    event.set_previous(to_proto(change.previous));
    event.set_cause(static_cast<v1::Cause>(change.cause));
    event.set_detail(change.detail);
    event.set_attempt(change.attempt);
    event.set_retry_in_ms(to_ms(change.retry_in));
    if (change.state == core::ConnectionState::Connected) {
        event.set_endpoint(facts.open.endpoint);
        event.set_reconnect_latency_ms(to_ms(reconnect_latency));
    }
    // What the last end brought belongs to the changes that it caused, not to those by command.
    if (change.cause == facts.end.cause || change.state == core::ConnectionState::Failed) {
        event.set_close_code(facts.end.close_code);
        event.set_http_status(facts.end.http_status);
    }
    if (change.state == core::ConnectionState::Disconnected) event.set_last_byte_time_ns(to_ns(facts.last_heard));
    return event;
}

}  // namespace fairlead::relay
